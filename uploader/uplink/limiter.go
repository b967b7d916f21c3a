package uplink

import (
	"context"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

const (
	// burst is how long the uplink may be made up for having been idle, and for a timer that came late.
	burst = 50 * time.Millisecond
	// smallPiece and largePiece bound what is granted at once, in bytes; between them it is what leaves within
	// pieceTime.
	smallPiece, largePiece = 4 << 10, 32 << 10
	pieceTime              = 2 * time.Millisecond
	// trickleAfter is how long a request that has begun may be kept waiting until it is granted trickle bytes
	// before other media: servers give up connections on which nothing comes (S3 RequestTimeout, 20 s).
	trickleAfter = 5 * time.Second
	trickle      = 1 << 10
)

// Limiter shares an uplink of a fixed rate between the PUTs under way, a piece at a time: playlists first,
// then the media of the live edge, then backlog. Among equals the folder goes first that had its turn the
// longest ago, and within a folder the oldest PUT. It is safe for concurrent use and has no goroutine; while
// somebody waits, a timer hands out what has become free. A nil Limiter limits nothing; use New.
type Limiter struct {
	rate  int64 // bytes a second
	piece int64 // bytes

	mu      sync.Mutex
	free    time.Time   // when all that was granted has left
	timer   *time.Timer // set while somebody waits; nil before the first time
	waiting []*turn
	clock   uint64 // counts PUTs and pieces
	folders map[string]*folder
}

// folder is where a stream's files lie, while there are PUTs for it.
type folder struct {
	puts   int
	served uint64 // the limiter's clock at its last piece
}

// share is one PUT's part in a Limiter. It is used by one goroutine at a time and ended by close.
type share struct {
	limiter  *Limiter
	name     string // of the folder
	folder   *folder
	number   uint64 // the order of the PUTs
	size     int64  // what there is to send, in bytes
	priority store.Priority
	waits    func(bool)                                           // never nil
	outer    func(ctx context.Context, want int64) (int64, error) // what else paces the PUT; nil if nothing does
	begun    bool                                                 // bytes are on their way
	credit   int64                                                // bytes granted and not taken yet
}

// turn is a share that waits for a piece.
type turn struct {
	*share
	want    int64
	since   time.Time
	granted chan int64 // buffer 1
}

// New returns a Limiter for rate bytes a second, nil if that is 0 or less.
func New(rate int64) *Limiter {
	if rate <= 0 {
		return nil
	}
	piece := min(max(rate*int64(pieceTime)/int64(time.Second), smallPiece), largePiece)
	return &Limiter{rate: rate, piece: piece, folders: map[string]*folder{}}
}

// open returns the share of o, of which size bytes are to be sent.
func (l *Limiter) open(o store.Object, size int64) *share {
	s := &share{limiter: l, name: path.Dir(o.Key), priority: o.Priority, size: size, waits: o.Waits, outer: o.Pace}
	if s.waits == nil {
		s.waits = func(bool) {}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.folder = l.folders[s.name]; s.folder == nil {
		s.folder = &folder{}
		l.folders[s.name] = s.folder
	}
	s.folder.puts++
	l.clock++
	s.number = l.clock
	return s
}

// close ends the share.
func (s *share) close() {
	s.limiter.mu.Lock()
	defer s.limiter.mu.Unlock()
	if s.folder.puts--; s.folder.puts == 0 {
		delete(s.limiter.folders, s.name)
	}
}

// pace is a store.Object.Pace. A connection is not to be kept open by one that has to wait, so that whoever asks for leave to
// begin gets the first piece, which is there when the first bytes are to be sent. The error is that of ctx.
func (s *share) pace(ctx context.Context, want int64) (int64, error) {
	next := want
	if want == 0 {
		next = s.size
	}
	if s.credit == 0 && next > 0 {
		n, err := s.wait(ctx, next)
		if err != nil {
			return 0, err
		}
		s.credit, s.begun = n, true
	}
	n := min(want, s.credit)
	if s.outer != nil {
		var err error
		if n, err = s.outer(ctx, n); err != nil {
			return 0, err
		}
	}
	s.credit -= n
	return n, nil
}

// wait queues for a piece. What is granted while ctx ends is lost, a piece at most.
func (s *share) wait(ctx context.Context, want int64) (int64, error) {
	l, t := s.limiter, &turn{share: s, want: want, since: time.Now(), granted: make(chan int64, 1)}
	l.mu.Lock()
	l.waiting = append(l.waiting, t)
	l.serve()
	l.mu.Unlock()
	select {
	case n := <-t.granted:
		return n, nil
	default:
	}
	s.waits(true)
	defer s.waits(false)
	select {
	case n := <-t.granted:
		return n, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = slices.DeleteFunc(l.waiting, func(o *turn) bool { return o == t })
	l.rewind()
	return 0, ctx.Err()
}

// serve grants what is free to those whose turn it is. The caller holds mu.
func (l *Limiter) serve() {
	now := time.Now()
	if earliest := now.Add(-burst); l.free.Before(earliest) {
		l.free = earliest
	}
	for len(l.waiting) > 0 && !l.free.After(now) {
		i := 0
		for k := range l.waiting {
			if l.waiting[k].before(l.waiting[i], now) {
				i = k
			}
		}
		t := l.waiting[i]
		l.waiting = slices.Delete(l.waiting, i, i+1)
		n := min(t.want, l.piece)
		if t.rank(now) == trickling {
			n = min(n, trickle)
		}
		l.free = l.free.Add(time.Duration(n) * time.Second / time.Duration(l.rate))
		l.clock++
		t.folder.served = l.clock
		t.granted <- n
	}
	l.rewind()
}

// rewind sets the timer to when the next piece is free, and stops it when nobody waits. The caller holds mu.
func (l *Limiter) rewind() {
	switch {
	case len(l.waiting) == 0:
		if l.timer != nil {
			l.timer.Stop()
		}
	case l.timer == nil:
		l.timer = time.AfterFunc(time.Until(l.free), func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.serve()
		})
	default:
		l.timer.Reset(time.Until(l.free))
	}
}

// The ranks of those who wait, first to last.
const (
	playlist = iota
	trickling
	edge
	backlog
)

func (t *turn) rank(now time.Time) int {
	switch {
	case t.priority == store.First:
		return playlist
	case t.begun && now.Sub(t.since) >= trickleAfter:
		return trickling
	case t.priority == store.Backlog:
		return backlog
	}
	return edge
}

// before reports whether it is the turn of t rather than of other.
func (t *turn) before(other *turn, now time.Time) bool {
	a, b := t.rank(now), other.rank(now)
	switch {
	case a != b:
		return a < b
	case a == trickling:
		return t.since.Before(other.since)
	case t.folder != other.folder:
		return t.folder.served < other.folder.served
	}
	return t.number < other.number
}
