package journal

import (
	"log/slog"
	"sync"
	"time"

	"github.com/hlsship/hlsship/state"
)

// Outage is what the Journals of all channels that ship to one store tell together of its faults: each fault is one line, whichever channel
// meets it first, and one more when the last of them is over. The zero Outage is ready. It is safe for concurrent use.
type Outage struct {
	mu sync.Mutex
	// all has what waits in each channel that ships to the store.
	all map[*Journal]share
	// down are the channels that know of the fault, most is how many they were at once.
	down map[*Journal]bool
	most int
	// fault, causes and state are what the log was told of it.
	fault  fault
	causes map[string]bool
	state  state.OfStore
	// failed is how many requests failed in the channels whose fault is over.
	failed int
}

// share is what waits in one channel.
type share struct {
	files, bytes int64
	reserve      state.Reserve
}

// Enter says that g's channel ships from now on; Leave takes that back.
func (g *Journal) Enter() { g.outage.holds(g, share{}) }

// Leave says that g's channel ends. If it was the last one that knew of a fault, that is over for those which the store answers.
func (g *Journal) Leave(now time.Time) {
	if over := g.outage.leave(g, now); over.tell {
		g.over(over)
	}
}

// holds notes what waits in g's channel.
func (o *Outage) holds(g *Journal, s share) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all == nil {
		o.all = map[*Journal]share{}
	}
	o.all[g] = s
}

// begin notes that g met a fault of that cause. It reports whether the log is to be told, which no other channel has done.
func (o *Outage) begin(g *Journal, level slog.Level, cause string, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.down) == 0 {
		o.down, o.causes = map[*Journal]bool{}, map[string]bool{}
		o.fault, o.state, o.most, o.failed = fault{}, "", 0, 0
	}
	o.down[g] = true
	o.most = max(o.most, len(o.down))
	tell := !o.causes[cause]
	if o.causes[cause] = true; tell {
		o.fault.begin(level, now)
		o.fault.level = max(o.fault.level, level)
	}
	return tell
}

// becomes notes that the store has another fault. It reports whether the log is to be told.
func (o *Outage) becomes(s state.OfStore, now time.Time) (level slog.Level, tell bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s == state.Refusing {
		o.fault.level = slog.LevelError // somebody has to mend it
	}
	if tell = s != o.state; tell {
		o.state, o.fault.told = s, now
	}
	return o.fault.level, tell
}

// due reports whether the log is to be told that the fault lasts, since when and at what level.
func (o *Outage) due(now time.Time) (since time.Time, level slog.Level, tell bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.fault.since, o.fault.level, o.fault.due(now)
}

// over is a fault that ended.
type over struct {
	tell     bool // it ended in all channels
	lasted   time.Duration
	level    slog.Level
	failed   int
	channels int
}

// end notes that g's fault is over after so many requests failed.
func (o *Outage) end(g *Journal, failed int, now time.Time) over {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failed += failed
	return o.without(g, now)
}

// leave is end of one that goes, be its fault over or not.
func (o *Outage) leave(g *Journal, now time.Time) over {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.all, g)
	if !o.down[g] {
		return over{}
	}
	ended := o.without(g, now)
	ended.tell = ended.tell && ended.channels > 1 && len(o.all) > 0
	return ended
}

// without has g know of no fault. The caller holds mu.
func (o *Outage) without(g *Journal, now time.Time) over {
	delete(o.down, g)
	if len(o.down) > 0 {
		return over{}
	}
	lasted, level, ok := o.fault.end(now)
	return over{tell: ok, lasted: lasted, level: level, failed: o.failed, channels: o.most}
}

// waits says in attributes what waits in all channels, and how long that can go on. channels is how many the line is about; 0 for all that ship
// to the store. It is said if there are several.
func (o *Outage) waits(channels int) []any {
	o.mu.Lock()
	defer o.mu.Unlock()
	var sum share
	var least time.Duration
	bounded := false
	for _, s := range o.all {
		sum.files, sum.bytes = sum.files+s.files, sum.bytes+s.bytes
		if left, ok := s.reserve.Left(); ok && (!bounded || left < least) {
			least, bounded = left, true
		}
	}
	var args []any
	if channels == 0 {
		channels = len(o.all)
	}
	if len(o.all) > 1 || channels > 1 {
		args = append(args, "channels", channels)
	}
	args = append(args, "files", sum.files, "bytes", sum.bytes)
	if bounded {
		args = append(args, "outage_may_last", least.Round(time.Second))
	}
	return args
}

// failing is how many channels know of the fault.
func (o *Outage) failing() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.down)
}
