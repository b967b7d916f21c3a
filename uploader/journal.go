package uploader

import (
	"errors"
	"log/slog"
	"maps"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan"
	"github.com/hlsship/hlsship/uploader/store"
)

// journal tells the log and the Observer what happens. It is owned by the goroutine of Run.
type journal struct {
	log    *slog.Logger
	obs    Observer
	prefix string

	told     bool                 // the log knows that the store does not answer as it should
	alarmed  map[string]time.Time // when the log was last told of a cause
	plain    bool                 // the log knows that the store has no conditional writes
	strays   bool                 // the log knows of media that nothing names
	blocking bool                 // the log knows that a playlist wants to be held
	slow     map[string]int       // how many playlists of a stream are behind as the line is too slow
	queued   [2]int
	bytes    int64
	reserved [2]int64
	holds    holds
	losses   losses
	unpinned unpinnedTold
	reused   bool // the log knows of a name that came back
}

func newJournal(l *slog.Logger, o Observer, prefix string) *journal {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	if o == nil {
		o = nobody{}
	}
	return &journal{log: l, obs: o, prefix: prefix, alarmed: map[string]time.Time{}, slow: map[string]int{}}
}

// report tells of a request's end, and of what that changed.
func (g *journal) report(r report, c change) {
	j := r.job
	word, sent := "ok", int64(0)
	switch r.out.Result {
	case plan.Void, plan.Gone:
		word = "void"
	case plan.Cancelled:
		word = "cancelled"
	case plan.Failed:
		word = r.out.Kind.String()
	case plan.Done, plan.Different, plan.Present, plan.Absent:
		if j.Op == plan.PutMedia {
			sent = j.File.Version.Size - j.From
		} else if j.Op == plan.PutPlaylist {
			sent = int64(len(j.File.Content))
		}
	}
	if !j.Local() {
		g.obs.Attempted(j.Op.String(), j.Kind.String(), word, sent, r.took)
		if r.out.Result == plan.Failed {
			g.failure(r)
		}
		g.store(c)
	}
	if r.out.Result != plan.Done {
		return
	}
	latency := time.Duration(0)
	if !j.File.Found {
		latency = r.out.At.Sub(j.File.Seen)
	}
	switch j.Op {
	case plan.PutMedia:
		g.cameBack(r)
		g.obs.Stored(j.Stream, j.Kind.String(), sent, latency)
		g.log.Info("segment stored", "key", j.Key.Under(g.prefix), "kind", j.Kind.String(), "bytes", sent, "attempt", j.Attempt+1, "took", r.took, "latency", latency)
	case plan.PutPlaylist:
		g.obs.Published(j.Stream, j.Kind.String(), latency)
		g.log.Info("playlist published", "key", j.Key.Under(g.prefix), "kind", j.Kind.String(), "bytes", sent, "attempt", j.Attempt+1, "took", r.took, "latency", latency)
	case plan.Compare:
		g.log.Debug("already stored", "key", j.Key.Under(g.prefix))
	case plan.Fetch:
	}
}

// learnt tells, once, of a playlist that asks for what no bucket can do.
func (g *journal) learnt(f hls.File) {
	if f.Playlist == nil || !f.Playlist.BlockingReload || g.blocking {
		return
	}
	g.blocking = true
	g.log.Warn("playlist promises blocking reload, which no bucket can do; players will ask for it in vain",
		"playlist", f.Path, "cure", "have the packager write no CAN-BLOCK-RELOAD=YES; its parts are shipped all the same")
}

// store tells whether the store answers, if that changed.
func (g *journal) store(c change) {
	answers := c.to.answers()
	if c.from == c.to || c.from != storeUnasked && c.from.answers() == answers {
		return
	}
	if answers && g.told {
		g.told = false
		g.log.Info("store answers again", "failed_requests", c.failures)
	}
	g.obs.Store(answers)
}

// probed tells of a probe, and of what that changed.
func (g *journal) probed(p probe, c change) {
	word := "ok"
	if p.err != nil {
		word = store.KindOf(p.err).String()
	}
	g.obs.Attempted("stat", hls.Other.String(), word, 0, p.took)
	if c.event == eventDown && !g.told {
		g.told = true
		g.log.Warn("store does not answer; will ask every second and go on when it does", "err", p.err, "cure", cure(p.err))
	}
	g.store(c)
}

// failure logs why a request failed.
func (g *journal) failure(r report) {
	key := r.job.Key.Under(g.prefix)
	switch r.out.Kind {
	case store.Permanent:
		if r.job.Op != plan.PutMedia && r.job.Op != plan.PutPlaylist {
			g.failed(r)
		} else if !r.job.Rejected && g.due("rejected: "+cure(r.err), r.out.At) {
			g.log.Error("store rejects an object; it is tried again once a minute while the newest playlist needs it",
				"key", key, "err", r.err, "cure", cure(r.err))
		}
	case store.Precondition:
		if r.job.Op == plan.PutMedia { // of a playlist more is known once it was looked at
			g.log.Warn("object in the store is not the one expected; will look at it",
				"key", key, "cure", "expected after a PUT that was broken off; otherwise see who else writes this key")
		}
	case store.Unsupported:
		if !g.plain {
			g.plain = true
			g.log.Warn("store knows no conditional writes; playlists go up without them",
				"key", key, "cure", "harmless with one writer a bucket; --conditional off spares the first try")
		}
	case store.NotFound:
	case store.Transient, store.Alarm:
		g.failed(r)
	}
}

// failed warns of each cause, at most once a minute; repeats are counted.
func (g *journal) failed(r report) {
	if errors.Is(r.err, errMemory) {
		if g.due("memory", r.out.At) {
			g.log.Warn("published playlist is not read back yet", "key", r.job.Key.Under(g.prefix), "err", r.err, "cure", plan.Wait{Reason: "memory"}.Cure(), "retry_in", r.out.RetryIn)
		}
		return
	}
	if !isStore(r.err) {
		if g.due("file", r.out.At) {
			g.log.Warn("file cannot be read; will try again", "path", r.job.Path, "err", r.err, "retry_in", r.out.RetryIn)
		}
		return
	}
	say, cause := g.log.Warn, r.out.Kind.String()
	if r.out.Kind == store.Alarm {
		say, cause = g.log.Error, cure(r.err)
	}
	if g.due(cause, r.out.At) {
		g.told = g.told || r.out.Kind != store.Permanent // which is an answer
		say("store does not answer as it should; will try until it does",
			"op", r.job.Op.String(), "key", r.job.Key.Under(g.prefix), "err", r.err, "cure", cure(r.err), "retry_in", r.out.RetryIn)
	}
}

// due reports whether the log is to be told of a cause: once a minute at most, as a store that fails now and then
// would fill it otherwise.
func (g *journal) due(cause string, now time.Time) bool {
	if last, ok := g.alarmed[cause]; ok && now.Sub(last) < time.Minute {
		return false
	}
	maps.DeleteFunc(g.alarmed, func(_ string, told time.Time) bool { return now.Sub(told) >= time.Minute })
	g.alarmed[cause] = now
	return true
}

func cure(err error) string {
	if e, ok := errors.AsType[*store.Error](err); ok {
		return e.Cure
	}
	return ""
}

// unnamed tells once of media that were found at rest and are not shipped.
func (g *journal) unnamed(files int, example string) {
	if files > 0 && !g.strays {
		g.strays = true
		g.log.Warn("media that were found at rest are not shipped, as nothing says that a playlist named them",
			"files", files, "path", example, "cure", "harmless if they are none of the stream's; --include ships what matches")
	}
}

// stranger tells of a playlist that was replaced by what nobody here wrote, at most once a minute.
func (g *journal) stranger(playlist plan.Key, now time.Time) {
	if g.due("stranger", now) {
		g.log.Warn("somebody else wrote this playlist; it is replaced by what the directory has",
			"key", playlist.Under(g.prefix), "cure", "see who else writes this key: a second hlsship with this prefix, or a tool that changes playlists in the bucket")
	}
}

// cameBack tells, once, of a name that came back with other bytes, which caches may go on showing.
func (g *journal) cameBack(r report) {
	if !r.job.Replaces || g.reused || r.job.Kind == hls.Key || r.job.File.State != hls.Settled {
		return
	}
	g.reused = true
	g.log.Warn("name came back with other bytes; caches may show the old ones for as long as they were told",
		"key", r.job.Key.Under(g.prefix), "cache_control", r.out.CacheControl,
		"cure", "have the packager write names that do not come back, such as by append_list, or put {start} into the destination "+
			"so that each start of hlsship has a folder of its own")
}

// useless tells that conditions were tried until it was sure that this store's never hold.
func (g *journal) useless() {
	g.log.Warn("store refuses a playlist's own ETag as a condition; playlists go up without conditions",
		"cure", "harmless with one writer a prefix, and --conditional off spares the tries; "+
			"such a store, or a proxy before it, makes ETags weak (W/) or does not take them in quotes")
}

func (g *journal) vanished() {
	g.log.Warn("what was stored is not in the bucket any more", "action", "storing again what the playlists name",
		"cure", "find out who deletes objects, or deleted the bucket")
}

// lag tells once that a line is slower than a stream, and once that the live edge has caught up.
func (g *journal) lag(l plan.Lag) {
	switch {
	case l.Behind > 0:
		if g.slow[l.Stream]++; g.slow[l.Stream] == 1 {
			g.log.Warn("uplink is slower than the stream; the live edge goes first, and what it skips follows",
				"stream", l.Stream, "playlist", l.Playlist, "behind", l.Behind,
				"cure", "give it more bandwidth, raise --uplink-limit if that is set, or lower the bitrate")
		}
	default:
		if g.slow[l.Stream]--; g.slow[l.Stream] == 0 {
			delete(g.slow, l.Stream)
			g.log.Info("live edge has caught up", "stream", l.Stream, "playlist", l.Playlist)
		}
	}
}

func (g *journal) stream(s plan.LiveState) {
	g.obs.Stream(s.Name, s.Held, s.WaitingSince, s.Published, s.Newest)
	if s.Forgotten {
		g.obs.Forgotten(s.Name)
	}
}

func (g *journal) queue(inFlight, waiting int, bytes int64) {
	if q := [2]int{inFlight, waiting}; q != g.queued || bytes != g.bytes {
		g.queued, g.bytes = q, bytes
		g.obs.Queue(inFlight, waiting, bytes)
	}
}

// surveyed tells what listing the store brought: how many objects, and how many of them the directory has.
func (g *journal) surveyed(met, known int, err error) {
	if err != nil {
		g.log.Warn("store cannot be listed; will ask for each file", "err", err, "cure", cure(err))
		return
	}
	g.log.Info("store listed", "objects", met, "recognised", known)
}

// reserve tells how much of the budget is left, when a figure changed by so much that it matters.
func (g *journal) reserve(waiting, budget int64, rate float64) {
	if waiting == g.reserved[0] && int64(rate) == g.reserved[1] {
		return
	}
	g.reserved = [2]int64{waiting, int64(rate)}
	g.obs.Reserve(waiting, budget, rate)
}

// nobody is the Observer of those who want none.
type nobody struct{}

func (nobody) Attempted(_, _, _ string, _ int64, _ time.Duration) {}
func (nobody) Stored(_, _ string, _ int64, _ time.Duration)       {}
func (nobody) Published(_, _ string, _ time.Duration)             {}
func (nobody) Lost(_, _, _ string, _ int)                         {}
func (nobody) Stream(_ string, _ int, _, _, _ time.Time)          {}
func (nobody) Forgotten(string)                                   {}
func (nobody) Queue(_, _ int, _ int64)                            {}
func (nobody) Unpinned(_ int, _ int64)                            {}
func (nobody) Reserve(_, _ int64, _ float64)                      {}
func (nobody) Store(bool)                                         {}
