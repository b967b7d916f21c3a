package uploader

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan"
	"github.com/hlsship/hlsship/uploader/store"
)

const (
	// fewQuestions is up to how many files the store is asked for one by one rather than listed. A page of a listing costs what
	// a dozen such requests do, and nobody knows how many pages there are: a bucket may hold a year of what the directory
	// holds a minute of.
	fewQuestions = 100
	// pageSize is how many objects of a listing are looked at together (S3 ListObjectsV2).
	pageSize = 1000
	// scanPatience is how long the directory's first scan is waited for, lull how long for more of what it met, and tellPatience how long
	// for all of that.
	scanPatience, lull, tellPatience = 30 * time.Second, time.Second, 2 * time.Minute
)

// survey is the listing of the store, which spares a request for each of very many files found at rest. It is made once,
// when the first scan has met them, and nothing of it is kept but what it says of them. It is owned by the goroutine of Run.
type survey struct {
	scanned <-chan struct{} // closed once the directory was; nil once that was heard
	due     *time.Timer     // when it is to begin, should there be enough to ask
	set     bool            // due is
	telling time.Time       // when the directory was scanned, while what that met is still being told; zero else
	told    bool            // some of it was, since due was set
	pages   chan surveyed
	running bool
	over    bool // it began; there is no other
	met     int  // objects listed
	known   int  // those of them that the directory has
}

// surveyed is what listing the store brings: first that it begins, perhaps again, then its pages, and last how it ended.
type surveyed struct {
	begins, ends bool
	page         []plan.Listed
	err          error // why it ended early
	crash        error // it panicked
}

// newSurvey returns the survey of a directory that is scanned once scanned is closed, or is already if that is nil.
func newSurvey(scanned <-chan struct{}) survey {
	return survey{scanned: scanned, due: time.NewTimer(scanPatience), set: scanned != nil, pages: make(chan surveyed)}
}

// scanned has the listing begin once all that the scan met was told: some of it has to be quiet for Settle before. A scan that took
// longer than it was waited for is heard of all the same.
func (l *loop) scanned() {
	l.survey.scanned = nil
	if l.survey.over {
		l.plan.Scanned()
		return
	}
	l.survey.telling = time.Now()
	l.setSurvey(l.plan.Settle() + lull)
}

// questioned has the listing begin soon after a file was found at rest.
func (l *loop) questioned(f hls.File) {
	if !f.Found {
		return
	}
	l.survey.told = true
	if !l.survey.set && !l.survey.over {
		l.setSurvey(lull)
	}
}

// setSurvey has the listing begin after a time.
func (l *loop) setSurvey(after time.Duration) {
	l.survey.set, l.survey.told = true, false
	l.survey.due.Reset(after)
}

// list begins to list the store, if that is worth it.
func (l *loop) list() {
	s := &l.survey
	telling := !s.telling.IsZero()
	if telling && s.told && time.Since(s.telling) < tellPatience { // a busy machine tells of very many files for a while
		l.setSurvey(lull)
		return
	}
	s.set = false
	if telling {
		s.telling = time.Time{}
		l.plan.Scanned()
	}
	if s.over {
		return
	}
	if l.plan.Questions() < fewQuestions {
		l.plan.EndSurvey(false)
		return
	}
	s.running, s.over = true, true
	go func() { s.pages <- l.listing() }() // always received by Run
}

// listing lists the store. If that panics, it ends this Run and not the process.
func (l *loop) listing() (end surveyed) {
	defer func() {
		if value := recover(); value != nil {
			end = surveyed{ends: true, crash: fmt.Errorf("list %s panicked: %v\n%s", l.worker.prefix, value, debug.Stack())}
		}
	}()
	return surveyed{ends: true, err: l.worker.list(l.jobs, l.survey.pages)}
}

// surveyed takes in what the listing brings.
func (l *loop) surveyed(news surveyed) {
	s := &l.survey
	switch {
	case news.begins:
		s.met, s.known = 0, 0
		l.plan.BeginSurvey()
	case news.crash != nil:
		s.running = false
		l.crash = errors.Join(l.crash, news.crash)
	case news.ends:
		s.running = false
		l.log.Listed(s.met, s.known, news.err)
		if news.err != nil && l.jobs.Err() == nil {
			l.paged(news.err)
		}
		l.plan.EndSurvey(news.err == nil)
	default:
		l.paged(nil)
		s.met += len(news.page)
		s.known += l.plan.Survey(news.page)
	}
}

// paged takes in that the store answered with a page of its listing, or why it did not.
func (l *loop) paged(err error) {
	now := time.Now()
	c := l.health.Listed(err, now)
	l.log.Page(c, now)
	l.tell(c, now)
}

// list lists the store until it succeeds or ctx ends. What is under way is not waited for by anything but backlog.
// All that it tells is received by Run.
func (w *worker) list(ctx context.Context, pages chan<- surveyed) error {
	for attempt := 0; ; attempt++ {
		err := w.listOnce(ctx, pages)
		kind := store.KindOf(err)
		refused := attempt >= 2 && kind == store.Alarm && !unsent(err)
		if err == nil || ctx.Err() != nil || refused || kind == store.Permanent {
			return err // a store that may not be listed is asked for each file
		}
		// Not what the store asks for: backlog and the end of a drain wait for this one request.
		delay := time.NewTimer(min(retryDelay(attempt, err), maxDelay))
		select {
		case <-ctx.Done():
		case <-delay.C:
		}
		delay.Stop()
	}
}

// unsent reports whether the store was not asked.
func unsent(err error) bool {
	e, ok := errors.AsType[*store.Error](err)
	return ok && e.Unsent
}

func (w *worker) listOnce(ctx context.Context, pages chan<- surveyed) error {
	pages <- surveyed{begins: true}
	page := make([]plan.Listed, 0, pageSize)
	for info, err := range w.store.List(ctx, w.prefix) {
		if err != nil {
			return err
		}
		key := plan.Key(strings.TrimPrefix(info.Key, w.prefix))
		if page = append(page, plan.Listed{Key: key, Info: info}); len(page) == pageSize {
			pages <- surveyed{page: page}
			page = make([]plan.Listed, 0, pageSize)
		}
	}
	pages <- surveyed{page: page}
	return nil
}
