package plan

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/uploader/plan/schedule"
)

// edgeMode is how the live edge of a playlist goes on.
type edgeMode uint8

const (
	following  edgeMode = iota // each version as it becomes true, the oldest file first
	catchingUp                 // what the goal needs goes first, until that is published
	restarting                 // the window starts over at the live edge: all older media are skipped, and no version without them is there yet
)

// edge is the live edge of one playlist. Its methods alone write it.
type edge struct {
	mode  edgeMode
	goal  *snapshot // the pending version that is aimed at while catchingUp; nil in any other mode
	moved time.Time // when a version was published last; zero if the store was down since
	slow  bool      // the line is slower than the stream, and no version has caught up since
}

func (e *edge) follow()             { e.mode, e.goal = following, nil }
func (e *edge) catchUp(s *snapshot) { e.mode, e.goal = catchingUp, s }
func (e *edge) restart()            { e.mode, e.goal = restarting, nil }

// published notes that a version is.
func (e *edge) published(now time.Time) { e.moved = now }

// dropped notes that s is pending no more.
func (e *edge) dropped(s *snapshot) {
	if e.goal == s {
		e.follow()
	}
}

// fellBehind notes that the line is slower than the stream, and reports whether that is new.
func (e *edge) fellBehind() (news bool) {
	news, e.slow = !e.slow, true
	return news
}

// caughtUp notes that no version waits, and reports whether the line was slower than the stream until now.
func (e *edge) caughtUp() (news bool) {
	news, e.slow = e.slow, false
	return news
}

// recovered notes that the store is back: the newest version is to be seen first.
func (e *edge) recovered() {
	e.follow()
	e.moved = time.Time{}
}

// aim decides what the live edge of l does about a lag that passed half of what it should not exceed: a whole window may have to go up
// before it moves again. After a standstill it fixes the newest version as the goal until that is published; one for
// which nothing can be shipped gives way to a newer one. A line that moves and is late all the same is slower than
// the stream: there the window starts over at the live edge, so that what is published is recent when it is.
func (p *Plan) aim(l *list) {
	e := &l.edge
	if len(l.pending) == 0 {
		e.follow()
		return
	}
	if e.mode == restarting && !l.last.late() {
		e.catchUp(l.last)
	}
	lag, limit := p.lag(l), p.maxLag(l)
	if e.mode == restarting || lag <= limit/2 {
		return
	}
	if e.mode == catchingUp && (e.goal == l.last || e.goal.shippable()) {
		return
	}
	slow := p.now.Sub(e.moved) < limit/2
	if slow && l.slides() && l.last.duration() <= max(lag, p.brief(limit)) {
		e.restart()
		p.decided(l, "live edge goes first", "", "the window begins with the newest segments")
	} else {
		p.decided(l, "live edge goes first", "", "the newest version is the goal")
		e.catchUp(l.last)
	}
	if slow && e.fellBehind() {
		p.out.Lags = append(p.out.Lags, Lag{Playlist: l.path, Stream: l.stream.folder.name, Behind: lag})
	}
	p.skip(l)
}

// caughtUp notes that nothing newer than the published version of l waits, if that is so.
func (p *Plan) caughtUp(l *list) {
	if len(l.pending) == 0 && l.edge.caughtUp() {
		p.out.Lags = append(p.out.Lags, Lag{Playlist: l.path, Stream: l.stream.folder.name})
	}
}

// lag is how long the live edge of l has been behind, 0 if but one version waits.
func (p *Plan) lag(l *list) time.Duration {
	if len(l.pending) < 2 {
		return 0
	}
	return p.now.Sub(l.pending[0].file.Seen)
}

// slides reports whether the window of l moves on; that of an EVENT playlist only grows.
func (l *list) slides() bool {
	return l.pending[0].file.Playlist.MediaSequence < l.last.file.Playlist.MediaSequence
}

// duration is at most how long what s lists takes to play.
func (s *snapshot) duration() time.Duration {
	return time.Duration(s.file.Playlist.Segments) * s.target()
}

// maxTarget bounds the target duration that is counted with. One wrong timestamp makes one of hours.
const maxTarget = 30 * time.Second

// target is the target duration of s.
func (s *snapshot) target() time.Duration { return min(s.file.Playlist.TargetDuration, maxTarget) }

// leastMaxLag is the lag that a playlist of short segments may have.
const leastMaxLag = 6 * time.Second

// maxLag is the lag that the live edge of l should not exceed: what is set, else four target durations, as players survive a
// jump, and every segment that comes late is a standstill.
func (p *Plan) maxLag(l *list) time.Duration {
	if p.cfg.MaxLag > 0 || l.last == nil {
		return max(p.cfg.MaxLag, 0)
	}
	return max(leastMaxLag, 4*l.last.target())
}

// window is how long viewers may ask for o, by the playlists that name it: as long as the longest of their windows and three
// segments.
func (o *object) window() (longest time.Duration) {
	for _, n := range o.naming {
		if s := n.list.last; s != nil {
			lasts := s.duration() // at most, whatever a single EXTINF says
			if sum := s.file.Playlist.Duration; sum > 0 {
				lasts = min(lasts, sum)
			}
			longest = max(longest, lasts+3*s.target())
		}
	}
	return longest
}

// late reports whether s waits for something that was skipped.
func (s *snapshot) late() bool {
	return slices.ContainsFunc(s.binds[s.cursor:], func(b bind) bool { return b.obj.item.At(&s.list.stream.queue) == schedule.Skipped && !b.satisfied() })
}

// skip makes backlog of what would come before the live edge of l: all that the goal does not need, or, where the
// window starts over, all media but the newest. What another playlist names it leaves alone, unless that lags as well
// and has no goal that needs it, as a list of I-frames or a manifest of the same segments does.
func (p *Plan) skip(l *list) {
	mark := l.last.mark
	l.last.point()
	l.stream.queue.Skip(func(i *schedule.Item) bool {
		o, own := objectOf(i), 0
		for _, n := range o.naming {
			if n.list == l {
				own = n.count
			} else if p.lag(n.list) <= p.maxLag(n.list)/4 || n.list.edge.goal != nil && n.list.edge.goal.find(o) >= 0 {
				return false
			}
		}
		return (own > 0 || len(o.naming) == 0) && (o.mark != mark || l.edge.mode == restarting && o.isMedia() && own != 1)
	})
}

// brief is how long a window may be at most to start over at the live edge before it lags by more than it lasts, as nothing is
// published until all of it is there.
func (p *Plan) brief(limit time.Duration) time.Duration {
	if p.cfg.MaxLag > 0 {
		return limit
	}
	return 2 * limit
}

// shippable reports whether s is ready or a request can bring it nearer to that.
func (s *snapshot) shippable() bool {
	if s.rejection.stands() {
		return false
	}
	for i := s.cursor; i < len(s.binds); i++ {
		if b := &s.binds[i]; !b.satisfied() && b.obj.pendingWork() {
			return true
		}
	}
	return s.ready()
}
