package uploader

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/headers"
	"github.com/hlsship/hlsship/uploader/health"
	"github.com/hlsship/hlsship/uploader/journal"
	"github.com/hlsship/hlsship/uploader/plan"
	"github.com/hlsship/hlsship/uploader/plan/recorder"
	"github.com/hlsship/hlsship/uploader/plan/session"
	"github.com/hlsship/hlsship/uploader/store"
)

// Config is what an Uploader needs. Store is required; other zero values are replaced by the defaults that
// plan.Config names.
type Config struct {
	// Store takes the objects.
	Store store.Store
	// Prefix stands before every path in a key: "live/channel1/". It ends with a slash unless empty.
	Prefix string
	// Root is what the stream in the root of the directory is called; empty for ".".
	Root string
	// Site says where players find what is stored, which URLs in playlists mean: the watcher has the same. The zero Site is that
	// of a bucket's root.
	Site hls.Site
	// Settle, MaxLag, MinInterval, Workers and Include are those of plan.Config, as are Budget and MaxAge.
	Settle, MaxLag, MinInterval time.Duration
	Workers                     int
	Include                     func(path string) bool
	Budget                      int64
	MaxAge                      time.Duration
	// Continuous and EndDelay are those of plan.Config.
	Continuous *Continuous
	EndDelay   time.Duration
	// Record, unless nil, has the runs of Continuous playlists recorded. Its Keep and Left are those of Tapes.
	Record *Record
	// Tapes, unless nil, keep over a restart what was recorded.
	Tapes Tapes
	// Recovered are facts from an earlier process that are taken in before all others, but for playlists: those wait for
	// Settle, and are published only if the directory has none of that name by then. If it has they say what was named.
	Recovered []hls.File
	// Notes, unless nil, are asked what an earlier process stored, and told what is stored.
	Notes Notes
	// Late brings such facts that turn up only later; nil for none. It need not be closed.
	Late <-chan []hls.File
	// Scanned is closed once the directory was scanned for the first time. Until then, for 30 s at most, the store is not
	// listed, which would not know what to look for. nil means that nobody tells: what was found by then counts.
	Scanned <-chan struct{}
	// HoldWarn is how long a playlist may wait for one file, and streams may be behind, before the log says so. Default 10 s.
	HoldWarn time.Duration
	// Conditional lets playlists go up conditionally where the store knows how to.
	Conditional bool
	// Headers says with which headers objects are stored. Unique is for a Prefix of which each run has its own.
	Headers headers.Config
	// Quiet has no line logged for each file that is stored and each playlist that is published.
	Quiet bool
	// Memory bounds what playlists take. nil bounds nothing.
	Memory *hls.Account
	// Look has the watcher look at a file: again, as its bytes changed under an upload, or at a name that a playlist has and nobody
	// reported, which is to be reported as gone if nothing has it. It must not block. nil does nothing: what is stored under such a
	// name is then never taken for what the playlist means.
	Look func(path string)
	// Beat, unless nil, is called by the loop of Run once a second while it turns, so that a supervisor can tell
	// a loop that hangs. It must return at once.
	Beat func()
	// Logger and Observer are told what happens; nil means nobody.
	Logger   *slog.Logger
	Observer Observer
	// Outage is shared by all that ship to the same store, so that the log tells once of a fault of it; nil for one alone.
	Outage *Outage
}

// Continuous is how playlists go on over restarts of their packager.
type Continuous = session.Config

// Record is how they are recorded.
type Record = recorder.Config

// Part is a part of what was recorded, and PartSort what it is.
type Part = recorder.Part

// PartSort is what a Part is.
type PartSort = recorder.Sort

// Tapes keep over a restart what was recorded. They are a cache: what is lost of them is read from the store, or guessed. They are safe for concurrent
// use.
type Tapes interface {
	// Left returns what an earlier process kept. It is asked once, before all else.
	Left() []recorder.Part
	// Keep keeps parts of recordings, behind those before. It waits for no disk.
	Keep(parts []recorder.Part)
	// Kept returns all that is kept of a session.
	Kept(session string) []recorder.Part
}

// Observer is told what happens.
type Observer = journal.Observer

// Outage is what several Uploaders tell the log together of the faults of one store. The zero Outage is ready.
type Outage = journal.Outage

// Notes are what is remembered over a restart of what was stored. They are a cache: none of them need be there. They are safe for
// concurrent use and wait for no disk.
type Notes interface {
	// Known returns the ETag under which an earlier process stored these bytes of a file that was found at rest, "" if that is
	// not known, or if the file may have changed since. Each file is asked for once.
	Known(path string, v hls.Version) (etag string)
	// Stored notes that these bytes of a file are stored under that ETag.
	Stored(path string, v hls.Version, etag string)
}

// maxKey is how many bytes a key may have in UTF-8 (S3 "Naming Amazon S3 objects").
const maxKey = 1024

// LongestPath returns how many bytes the path of a file may have whose key begins with prefix.
func LongestPath(prefix string) int { return max(1, maxKey-len(prefix)) }

// Uploader ships what its facts name. Make one with New.
type Uploader struct {
	cfg    Config
	plan   *plan.Plan
	worker *worker
	claims *claims
	log    *journal.Journal

	advanced func(may plan.Allowance) // what a test does whenever the Plan went on; nil for nothing
}

// New returns an Uploader, or an error that names every setting that is wrong. It does no I/O.
func New(c Config) (*Uploader, error) {
	var errs []error
	if c.Store == nil {
		errs = append(errs, errors.New("store: missing"))
	}
	if c.Prefix != "" && !strings.HasSuffix(c.Prefix, "/") {
		errs = append(errs, fmt.Errorf("prefix %q: does not end with a slash", c.Prefix))
	}
	policy, err := headers.New(c.Headers)
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if c.HoldWarn <= 0 {
		c.HoldWarn = 10 * time.Second
	}
	if c.Look == nil {
		c.Look = func(string) {}
	}
	claims := newClaims()
	var known func(string, hls.Version) string
	if c.Notes != nil {
		known = c.Notes.Known
	}
	if c.Record != nil && c.Tapes != nil {
		record := *c.Record
		record.Keep, record.Left = true, c.Tapes.Left()
		c.Record = &record
	}
	plan := plan.New(plan.Config{
		Known: known, Scanning: c.Scanned != nil,
		Memory: c.Memory, Yield: claims.add, Site: c.Site,
		Settle: c.Settle, MaxLag: c.MaxLag, MinInterval: c.MinInterval, Workers: c.Workers,
		MaxPath: LongestPath(c.Prefix), Include: c.Include, Unconditional: !c.Conditional, Continuous: c.Continuous, EndDelay: c.EndDelay, Record: c.Record, Budget: c.Budget, MaxAge: c.MaxAge,
	})
	return &Uploader{
		cfg:    c,
		plan:   plan,
		claims: claims,
		worker: &worker{store: c.Store, prefix: c.Prefix, headers: policy, memory: c.Memory, tapes: c.Tapes},
		log:    journal.New(journal.Config{Logger: c.Logger, Observer: c.Observer, Prefix: c.Prefix, Root: c.Root, Quiet: c.Quiet, HoldWarn: c.HoldWarn, Budget: c.Budget, Outage: c.Outage}),
	}, nil
}

// Unshipped is the error of a Run that ended before everything was stored.
type Unshipped struct {
	// Files are the paths of what is left, sorted.
	Files []string
}

// Error returns "3 files unshipped: a, b, c", with at most ten names.
func (e *Unshipped) Error() string {
	names := e.Files
	more := ""
	if len(names) > 10 {
		names, more = names[:10], ", …"
	}
	return fmt.Sprintf("%d files unshipped: %s%s", len(e.Files), strings.Join(names, ", "), more)
}

// Run ships what facts tell until facts is closed and nothing is left that can be shipped, or until ctx is
// done, which gives up what is under way. It always receives from facts, so that the sender never
// waits for the store. It joins every goroutine that it started and releases every Source, except those
// that outlive the process (hls.Keeper) and are not stored. The error wraps an *Unshipped if
// something is left, and says so if a request panicked, which ends the Run; it is nil otherwise.
func (u *Uploader) Run(ctx context.Context, facts <-chan hls.File) error {
	u.log.Enter()
	defer func() { u.log.Leave(time.Now()) }()
	jobs, stop := context.WithCancel(ctx)
	defer stop()
	l := &loop{
		Uploader: u, jobs: jobs,
		attempts: make(map[uint64]*attempt), reports: make(chan report), probes: make(chan health.Probe),
		survey: newSurvey(u.cfg.Scanned),
	}
	defer l.running.Wait()
	wake := time.NewTimer(time.Hour)
	defer wake.Stop()
	warn := time.NewTicker(u.cfg.HoldWarn)
	defer warn.Stop()
	beats, endBeats := u.beats()
	defer endBeats()
	done := ctx.Done()
	defer l.survey.due.Stop()
	ended := false
	defer func() {
		if !ended { // a panic is on its way
			l.abandon(stop)
		}
	}()
	l.recover(u.cfg.Recovered)
	directory := time.NewTimer(u.plan.Settle())
	defer directory.Stop()
	for {
		next := l.step(done == nil)
		if l.crash != nil {
			done = nil
		}
		if done == nil || facts == nil && u.plan.Finished() {
			stop() // a listing or a probe may be left
			if !l.busy() {
				ended = true
				return l.end(facts)
			}
		}
		l.alarm(wake, next, done == nil)
		select {
		case f, ok := <-facts:
			if !ok {
				facts = nil
				l.observeInherited()
				u.plan.Drain()
				l.setSurvey(0)
				break
			}
			l.observe(f)
			l.drain(facts)
		case late := <-u.cfg.Late:
			l.observeLate(late)
		case <-u.claims.wake:
			u.yield()
		case r := <-l.reports:
			l.finished(r)
		case p := <-l.probes:
			l.probed(p, time.Now())
		case <-l.survey.scanned:
			l.scanned()
		case <-l.survey.due.C:
			l.list()
		case news := <-l.survey.pages:
			l.surveyed(news)
		case <-directory.C:
			l.observeInherited()
		case <-wake.C:
		case <-beats:
			u.cfg.Beat()
		case <-warn.C:
			u.log.Waiting(u.plan, time.Now())
		case <-done:
			done = nil
		}
	}
}

// yield has versions of playlists make room for others.
func (u *Uploader) yield() {
	for _, c := range u.claims.take() {
		u.plan.Yield(c.path, c.seq)
	}
}

// beats returns a channel on which Run hears that it is time to beat, and what ends it.
func (u *Uploader) beats() (<-chan time.Time, func()) {
	if u.cfg.Beat == nil {
		return nil, func() {}
	}
	second := time.NewTicker(time.Second)
	return second.C, second.Stop
}

// apply carries out what the Plan has for others, but for the jobs. flying is how many of those are under way.
func (u *Uploader) apply(e *plan.Effects, flying int) {
	for _, s := range e.Keep {
		if k, ok := s.Source.(hls.Keeper); ok {
			k.Keep(s.Folder)
		}
	}
	for _, s := range e.Release {
		s.Release()
	}
	for _, n := range e.Notes {
		u.cfg.Notes.Stored(n.Path, n.Version, n.ETag)
	}
	if len(e.Parts) > 0 {
		u.cfg.Tapes.Keep(e.Parts)
	}
	for _, name := range e.Looks {
		u.cfg.Look(name)
	}
	u.log.Effects(*e, flying, time.Now())
}

// finish releases what is left, except for what the next process is to ship, and names it.
func (u *Uploader) finish(facts <-chan hls.File) error {
	u.apply(u.plan.Close(time.Now()), 0)
	u.log.End(time.Now())
	for facts != nil {
		f, ok := <-facts
		if !ok {
			break
		}
		if f.Source != nil {
			f.Source.Release()
		}
		f.Share.Release()
	}
	if left := u.plan.Unshipped(); len(left) > 0 {
		return &Unshipped{Files: left}
	}
	return nil
}
