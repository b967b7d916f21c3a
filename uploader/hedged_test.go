package uploader_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/hedge"
	"github.com/hlsship/hlsship/uploader/store"
)

// tardy is a Store behind a network that now and then takes a PUT and has it arrive seconds late, or answers seconds late; and if
// another PUT for the same key was answered meanwhile, the late one may die without an answer and arrive all the same. Where nothing is
// sent twice, it is PUTs of media that are silent until they are broken off, and arrive seconds later.
type tardy struct {
	store.Store
	end    store.Store // of the way, where nothing is in the way of what has come so far
	hedges bool        // slow PUTs are sent twice
	// early is true if a condition that holds when a PUT comes holds for good, as in stores that look at it before they have the bytes; lax
	// is true if that is so or conditions are ignored.
	early, lax bool

	mu         sync.Mutex
	dice       *rand.Rand
	rivals     map[string][]chan struct{} // by key: who is told that a PUT for it is answered
	broken     map[string]int             // by key: how many PUTs in a row were broken off
	background sync.WaitGroup
}

func newTardy(behind, end store.Store, dice *rand.Rand) *tardy {
	return &tardy{Store: behind, end: end, dice: dice, rivals: map[string][]chan struct{}{}, broken: map[string]int{}}
}

// lateness is how a PUT is late.
type lateness uint8

const (
	inTime    lateness = iota
	arrives            // and is answered then
	answered           // it arrives in time
	abandoned          // it arrives, and dies before as soon as another one is answered
	brokenOff          // it is broken off, and arrives then
)

// latest is how much later a PUT arrives at most than it was broken off.
const latest = 7 * time.Second

// inARow is how many PUTs for one key are broken off one after the other at most. Each takes as long as a request may be silent, and nobody
// knows that it arrived: after more of them no playlist could be expected within a time.
const inARow = 2

// draw says how a PUT is late, and by how much. The caller holds mu.
func (s *tardy) draw(key string) (how lateness, by time.Duration) {
	if !s.hedges {
		by = time.Duration(s.dice.Int64N(int64(latest)))
		if s.dice.IntN(8) == 0 && !hls.Classify(key).IsPlaylist() && s.broken[key] < inARow {
			s.broken[key]++
			return brokenOff, by
		}
		s.broken[key] = 0
		return inTime, by
	}
	by = time.Duration(500+s.dice.IntN(3500)) * time.Millisecond
	if s.dice.IntN(12) == 0 {
		how = []lateness{arrives, answered, abandoned}[s.dice.IntN(3)]
	}
	if how == abandoned && s.lax && hls.Classify(key).IsPlaylist() {
		how = arrives // on such a store the late PUT of a playlist undoes the next version, be it sent once or twice
	}
	return how, by
}

func (s *tardy) Put(ctx context.Context, o store.Object) (string, error) {
	content := make([]byte, o.Size)
	if _, err := o.Body.ReadAt(content, 0); err != nil && !errors.Is(err, io.EOF) {
		return "", &store.Error{Op: "put", Key: o.Key, Err: err}
	}
	o.Body = bytes.NewReader(content) // it is on its way
	if s.early && o.IfMatch != "" {
		if info, err := s.end.Stat(ctx, o.Key); err == nil && info.ETag == o.IfMatch {
			o.IfMatch = ""
		}
	}
	s.mu.Lock()
	how, by := s.draw(o.Key)
	rival := make(chan struct{}, 1)
	s.rivals[o.Key] = append(s.rivals[o.Key], rival)
	s.mu.Unlock()
	switch how {
	case arrives:
		if err := s.pause(ctx, o.Key, by); err != nil {
			return "", err
		}
	case abandoned:
		select {
		case <-rival:
			s.later(ctx, o, by)
			return "", &store.Error{Op: "put", Key: o.Key, Err: syscall.ECONNRESET}
		case <-time.After(by):
		case <-ctx.Done():
			return "", &store.Error{Op: "put", Key: o.Key, Err: ctx.Err()}
		}
	case brokenOff:
		<-ctx.Done()
		s.later(ctx, o, by)
		return "", &store.Error{Op: "put", Key: o.Key, Err: ctx.Err()}
	case inTime, answered:
	}
	etag, err := s.Store.Put(ctx, o)
	if err == nil && how == answered {
		err = s.pause(ctx, o.Key, by)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		for _, other := range s.rivals[o.Key] {
			select {
			case other <- struct{}{}:
			default:
			}
		}
		delete(s.rivals, o.Key)
	}
	return etag, err
}

// later has o arrive, whatever became of its request.
func (s *tardy) later(ctx context.Context, o store.Object, by time.Duration) {
	s.background.Go(func() {
		time.Sleep(by)
		_, _ = s.end.Put(context.WithoutCancel(ctx), o)
	})
}

func (s *tardy) pause(ctx context.Context, key string, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return &store.Error{Op: "put", Key: key, Err: ctx.Err()}
	}
}

func (s *tardy) Append(ctx context.Context, o store.Object, from int64) (string, error) {
	return s.Store.(store.Appender).Append(ctx, o, from)
}

// behind is the store as the uploader meets it, and what ends that: where slow PUTs are sent a second time, or not.
func (th *theatre) behind() (met store.Store, end func()) {
	switch {
	case th.tardy == nil:
		return th.store(th.faults), func() {}
	case !th.tardy.hedges:
		return th.store(th.tardy), func() {}
	}
	h := hedge.New(hedge.Config{Share: 1, Samples: 3, Observer: th})
	ctx, cancel := context.WithCancel(th.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = h.Run(ctx)
	}()
	return h.Hedge(th.store(th.tardy)), func() {
		cancel()
		<-ended
	}
}

// Hedged implements hedge.Observer.
func (th *theatre) Hedged(won bool, _ int64) { th.log("sent twice, the second won: %v", won) }

// Waited implements hedge.Observer.
func (th *theatre) Waited(long time.Duration) { th.log("waited %v for an earlier attempt", long) }
