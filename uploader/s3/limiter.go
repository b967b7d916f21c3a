package s3

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

// limiter shares an uplink of a fixed rate between the PUTs under way, a piece at a time: playlists first,
// then the media of the live edge, then backlog. Among equals the folder goes first that had its turn the
// longest ago, and within a folder the oldest PUT. It is safe for concurrent use and has no goroutine; while
// somebody waits, a timer hands out what has become free. A nil limiter limits nothing.
type limiter struct {
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

// share is one PUT's part in a limiter. It is used by one goroutine at a time and ended by close.
type share struct {
	limiter  *limiter
	name     string // of the folder
	folder   *folder
	number   uint64 // the order of the PUTs
	priority store.Priority
	waits    func(bool) // never nil
	begun    bool       // bytes are on their way
	credit   int64      // bytes granted and not taken yet
}

// turn is a share that waits for a piece.
type turn struct {
	*share
	want    int64
	since   time.Time
	granted chan int64 // buffer 1
}

// newLimiter returns a limiter for rate bytes a second, nil if that is 0.
func newLimiter(rate int64) *limiter {
	if rate <= 0 {
		return nil
	}
	piece := min(max(rate*int64(pieceTime)/int64(time.Second), smallPiece), largePiece)
	return &limiter{rate: rate, piece: piece, folders: map[string]*folder{}}
}

// open returns the share of o, nil for a nil limiter.
func (l *limiter) open(o store.Object) *share {
	if l == nil {
		return nil
	}
	s := &share{limiter: l, name: path.Dir(o.Key), priority: o.Priority, waits: o.Waits}
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
	if s == nil {
		return
	}
	s.limiter.mu.Lock()
	defer s.limiter.mu.Unlock()
	if s.folder.puts--; s.folder.puts == 0 {
		delete(s.limiter.folders, s.name)
	}
}

// admit waits for the first piece of a PUT of size bytes, before anything is sent: a connection is not to be
// kept open by one that has to wait. The error is that of ctx.
func (s *share) admit(ctx context.Context, size int64) error {
	if s == nil || size == 0 {
		return nil
	}
	n, err := s.wait(ctx, size)
	s.credit, s.begun = n, true
	return err
}

// take waits until some of want bytes, which are more than 0, may be sent, and returns how many. The error is
// that of ctx.
func (s *share) take(ctx context.Context, want int64) (int64, error) {
	if s == nil {
		return want, nil
	}
	if s.credit == 0 {
		n, err := s.wait(ctx, want)
		if err != nil {
			return 0, err
		}
		s.credit = n
	}
	n := min(want, s.credit)
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
func (l *limiter) serve() {
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
func (l *limiter) rewind() {
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
