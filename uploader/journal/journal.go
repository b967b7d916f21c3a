package journal

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/health"
	"github.com/hlsship/hlsship/uploader/plan"
	"github.com/hlsship/hlsship/uploader/store"
)

// Config is what a Journal needs. The zero Config is of one that tells nobody.
type Config struct {
	// Logger and Observer are told what happens; nil means nobody.
	Logger   *slog.Logger
	Observer Observer
	// Prefix stands before every path in a key.
	Prefix string
	// Root is what the stream in the root of the watched directory is called; empty for ".".
	Root string
	// Quiet has no line logged for each file that is stored and each playlist that is published.
	Quiet bool
	// HoldWarn is how long a playlist may wait for one file, and streams may be behind, before the log says so.
	HoldWarn time.Duration
	// Budget is how many bytes may wait, for Observer.Reserve; 0 for no bound.
	Budget int64
	// Outage is shared by the Journals of all that ship to the same store; nil for one alone.
	Outage *Outage
}

// Journal tells the log and the Observer what happens. Make one with New. It has one owner.
type Journal struct {
	log    *slog.Logger
	obs    Observer
	config Config

	outage   *Outage         // of the store
	away     fault           // of the store, as this channel knows it
	causes   map[string]bool // of it, which the log knows
	behind   late
	able     time.Time // when something was known last that explains why streams are behind
	stalled  late
	began    time.Time            // when the log was told last how far the start is; zero if it was not
	alarmed  map[string]time.Time // when the log was last told of a cause
	plain    bool                 // the log knows that the store has no conditional writes
	strays   bool                 // the log knows of media that nothing names
	blocking bool                 // the log knows that a playlist wants to be held
	slow     map[string]int       // how many playlists of a stream are behind as the line is too slow
	narrow   fault                // that it is
	slowest  int                  // how many streams were behind together since narrow began
	queued   [3]int64             // requests, files and bytes
	ebb      state.Ebb            // of the files
	reserved state.Reserve
	start    state.Start // as it was told last, but for Left
	left     state.Ebb   // of the files that the start has to compare
	store    state.Store // as it was told last
	holds    holds
	losses   losses
	unpinned unpinnedTold
	edits    ration
	recorded ration
	reused   bool // the log knows of a name that came back
}

// New returns a Journal that has told nothing yet.
func New(c Config) *Journal {
	g := &Journal{log: c.Logger, obs: c.Observer, config: c, alarmed: map[string]time.Time{}, causes: map[string]bool{}, slow: map[string]int{}}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	if g.obs == nil {
		g.obs = nobody{}
	}
	if g.outage = c.Outage; g.outage == nil {
		g.outage = new(Outage)
	}
	return g
}

// key returns what the store knows the object as.
func (g *Journal) key(k plan.Key) string { return k.Under(g.config.Prefix) }

// Effects tells of what a Plan says at now. flying is how many of its jobs are under way.
func (g *Journal) Effects(e plan.Effects, flying int, now time.Time) {
	if e.Vanished {
		g.vanished()
	}
	for _, name := range e.Strangers {
		g.stranger(name, now)
	}
	if e.Useless {
		g.useless()
	}
	for _, l := range e.Losses {
		g.lost(l, now)
	}
	for _, edit := range e.Edits {
		g.edited(edit, now)
	}
	for _, news := range e.Recordings {
		g.recording(news)
	}
	for _, lag := range e.Lags {
		g.lag(lag, now)
	}
	for _, s := range e.Streams {
		g.stream(s)
	}
	w := e.Waiting
	g.queue(flying, w, now)
	g.onDiskAlone(w.Unpinned, w.UnpinnedBytes, now)
	g.reserve(w.Bytes, w.Rate)
}

// Waiting tells the log what has waited for long by now in a Plan. It is called every now and then.
func (g *Journal) Waiting(p *plan.Plan, now time.Time) {
	g.blocked(p.Blocked(), now, g.config.HoldWarn, p.Near)
	g.misnamed(p.Misnamed(), now)
	g.lasts(now)
	g.lateStreams(now)
	g.progress(now)
	g.flooded(now)
	g.unnamed(p.Unnamed())
}

// End tells the log what it would be told later.
func (g *Journal) End(now time.Time) { g.flooded(now.Add(time.Minute)) }

// Ended tells of a request that ended, and of what that changed. Handlers of the log are given ctx, whose end means nothing here.
func (g *Journal) Ended(ctx context.Context, r health.Request, c health.Change) {
	j := r.Job
	word, sent := "ok", int64(0)
	switch r.Outcome.Result {
	case plan.Void, plan.Gone:
		word = "void"
	case plan.Cancelled:
		word = "cancelled"
	case plan.Failed:
		word = r.Outcome.Kind.String()
	case plan.Done, plan.Different, plan.Present, plan.Absent:
		if j.Op == plan.PutMedia {
			sent = j.File.Version.Size - j.From
		} else if j.Op == plan.PutPlaylist {
			sent = int64(len(j.File.Content))
		} else if j.Op == plan.PutRecord && r.Outcome.Result == plan.Done {
			sent = r.Outcome.Record.Size // with the chunks before it
		}
	}
	if !j.Local() {
		g.obs.Attempted(j.Op.String(), j.Kind.String(), word, sent, r.Took)
		if r.Outcome.Result == plan.Failed {
			g.fails(j.Op.String(), g.streamName(j.Stream), g.key(j.Key), r.Err, r.Outcome.At)
			g.failure(r)
		}
		g.tellStore(c, r.Outcome.At)
	}
	if r.Outcome.Result != plan.Done {
		return
	}
	latency := time.Duration(0)
	if !j.File.Found {
		latency = r.Outcome.At.Sub(j.File.Seen)
	}
	switch j.Op {
	case plan.PutMedia:
		g.cameBack(r)
		g.obs.Stored(g.streamName(j.Stream), j.Kind.String(), sent, latency)
		g.file(ctx, "segment stored", "key", g.key(j.Key), "stream", g.streamName(j.Stream), "kind", j.Kind.String(), "bytes", sent, "attempt", j.Attempt+1, "took", r.Took, "latency", latency)
	case plan.PutPlaylist:
		g.obs.Published(g.streamName(j.Stream), j.Kind.String(), latency)
		g.file(ctx, "playlist published", "key", g.key(j.Key), "stream", g.streamName(j.Stream), "kind", j.Kind.String(), "bytes", sent, "attempt", j.Attempt+1, "took", r.Took, "latency", latency)
	case plan.Compare:
		g.log.Debug("already stored", "key", g.key(j.Key), "stream", g.streamName(j.Stream))
	case plan.Fetch, plan.ReadRecord, plan.PutRecord: // of recordings it is told what becomes of them
	}
}

// Observed tells, once, of a playlist that asks for what no bucket can do.
func (g *Journal) Observed(f hls.File) {
	if f.Playlist == nil || !f.Playlist.BlockingReload || g.blocking {
		return
	}
	g.blocking = true
	g.log.Warn("playlist promises blocking reload, which no bucket can do; players will ask for it in vain",
		"playlist", f.Path, "cure", "have the packager write no CAN-BLOCK-RELOAD=YES; its parts are shipped all the same")
}

// Probed tells of a probe that ended, and of what that changed.
func (g *Journal) Probed(p health.Probe, c health.Change, now time.Time) {
	word := "ok"
	if p.Err != nil {
		word = store.KindOf(p.Err).String()
	}
	g.obs.Attempted("stat", hls.Other.String(), word, 0, p.Took)
	if c.Event == health.EventDown && g.away.since.IsZero() {
		g.away.begin(slog.LevelWarn, now)
		if g.outage.begin(g, slog.LevelWarn, cause(store.KindOf(p.Err), p.Err), now) {
			g.log.Warn("store does not answer; will ask every second and go on when it does", append([]any{"err", p.Err, "cure", cure(p.Err)}, g.outage.waits(0)...)...)
		}
	}
	g.tellStore(c, now)
}

// fails tells the Observer of a request that failed, if the store, or the way to it, has to do with that.
func (g *Journal) fails(op, stream, key string, err error, now time.Time) {
	e, ok := errors.AsType[*store.Error](err)
	if !ok || e.Kind == store.NotFound || e.Kind == store.Precondition || e.Kind == store.Unsupported {
		return
	}
	g.obs.Failed(state.Failure{At: now, Count: 1, Stream: stream, Key: key, Op: op, Kind: e.Kind.String(), Error: err.Error(), Cure: e.Cure})
}

// failure logs why a request failed.
func (g *Journal) failure(r health.Request) {
	key := g.key(r.Job.Key)
	switch r.Outcome.Kind {
	case store.Permanent:
		if r.Job.Op != plan.PutMedia && r.Job.Op != plan.PutPlaylist {
			g.failed(r)
		} else if !r.Job.Rejected && g.due("rejected: "+cure(r.Err), r.Outcome.At) {
			g.log.Error("store rejects an object; it is tried again once a minute while the newest playlist needs it",
				"key", key, "stream", g.streamName(r.Job.Stream), "err", r.Err, "cure", cure(r.Err))
		}
	case store.Precondition:
		if r.Job.Op == plan.PutMedia { // of a playlist more is known once it was looked at
			g.log.Warn("object in the store is not the one expected; will look at it",
				"key", key, "stream", g.streamName(r.Job.Stream), "cure", "expected after a PUT that was broken off; otherwise see who else writes this key")
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
func (g *Journal) failed(r health.Request) {
	if errors.Is(r.Err, hls.ErrMemory) {
		if g.due("memory", r.Outcome.At) {
			g.log.Warn("published playlist is not read back yet", "key", g.key(r.Job.Key), "err", r.Err, "cure", plan.Wait{Reason: "memory"}.Cure(), "retry_in", r.Outcome.RetryIn)
		}
		return
	}
	if _, ok := errors.AsType[*store.Error](r.Err); !ok { // this machine failed
		if g.due("file", r.Outcome.At) {
			g.log.Warn("file cannot be read; will try again", "path", r.Job.Path, "stream", g.streamName(r.Job.Stream), "err", r.Err, "retry_in", r.Outcome.RetryIn)
		}
		return
	}
	level, cause := slog.LevelWarn, cause(r.Outcome.Kind, r.Err)
	if r.Outcome.Kind == store.Alarm {
		level = slog.LevelError
	}
	if g.causes[cause] || len(g.causes) >= maxCauses || !g.due(cause, r.Outcome.At) {
		return
	}
	if r.Outcome.Kind != store.Permanent { // which is an answer
		g.away.begin(level, r.Outcome.At)
		g.causes[cause] = true
		if !g.outage.begin(g, level, cause, r.Outcome.At) {
			return
		}
	}
	g.say(level, "store does not answer as it should; will try until it does", append([]any{
		"op", r.Job.Op.String(), "key", g.key(r.Job.Key), "stream", g.streamName(r.Job.Stream), "err", r.Err, "cure", cure(r.Err), "retry_in", r.Outcome.RetryIn,
	}, g.outage.waits(0)...)...)
}

// cause is by what two errors are of one fault.
func cause(kind store.ErrorKind, err error) string {
	if kind == store.Alarm {
		return cure(err)
	}
	return kind.String()
}

// maxCauses is how many causes of one fault of the store the log is told.
const maxCauses = 8

// due reports whether the log is to be told of a cause: once a minute at most, as a store that fails now and then
// would fill it otherwise.
func (g *Journal) due(cause string, now time.Time) bool {
	if last, ok := g.alarmed[cause]; ok && now.Sub(last) < time.Minute {
		return false
	}
	maps.DeleteFunc(g.alarmed, func(_ string, told time.Time) bool { return now.Sub(told) >= time.Minute })
	g.alarmed[cause] = now
	return true
}

func cure(err error) string {
	if e, ok := errors.AsType[*store.Error](err); ok {
		return health.Cure(e)
	}
	return ""
}

// unnamed tells once of media that were found at rest and are not shipped.
func (g *Journal) unnamed(files int, example string) {
	if files > 0 && !g.strays {
		g.strays = true
		g.log.Warn("media that were found at rest are not shipped, as nothing says that a playlist named them",
			"files", files, "path", example, "cure", "harmless if they are none of the stream's; --include ships what matches")
	}
}

// stranger tells of a playlist that was replaced by what nobody here wrote, at most once a minute.
func (g *Journal) stranger(playlist plan.Key, now time.Time) {
	if g.due("stranger", now) {
		g.log.Warn("somebody else wrote this playlist; it is replaced by what the directory has",
			"key", g.key(playlist), "cure", "see who else writes this key: a second hlsship with this prefix, or a tool that changes playlists in the bucket")
	}
}

// cameBack tells, once, of a name that came back with other bytes, which caches may go on showing.
func (g *Journal) cameBack(r health.Request) {
	if !r.Job.Replaces || g.reused || r.Job.Kind == hls.Key || r.Job.File.State != hls.Settled {
		return
	}
	g.reused = true
	g.log.Warn("name came back with other bytes; caches may show the old ones for as long as they were told",
		"key", g.key(r.Job.Key), "stream", g.streamName(r.Job.Stream), "cache_control", r.Outcome.CacheControl,
		"cure", "have the packager write names that do not come back, such as by append_list, or put {start} into the destination "+
			"so that each start of hlsship has a folder of its own")
}

// useless tells that conditions were tried until it was sure that this store's never hold.
func (g *Journal) useless() {
	g.log.Warn("store refuses a playlist's own ETag as a condition; playlists go up without conditions",
		"cure", "harmless with one writer a prefix, and --conditional off spares the tries; "+
			"such a store, or a proxy before it, makes ETags weak (W/) or does not take them in quotes")
}

func (g *Journal) vanished() {
	g.log.Warn("what was stored is not in the bucket any more", "action", "storing again what the playlists name",
		"cure", "find out who deletes objects, or deleted the bucket")
}

// lag tells once that the line is slower than the streams, of however many of them, and once that the live edge of all has caught up.
func (g *Journal) lag(l plan.Lag, now time.Time) {
	name := g.streamName(l.Stream)
	switch {
	case l.Behind > 0:
		g.slow[l.Stream]++
		g.slowest = max(g.slowest, len(g.slow))
		if g.narrow.since.IsZero() {
			g.narrow.begin(slog.LevelWarn, now)
			g.say(g.narrow.level, "uplink is slower than the stream; the live edge goes first, and what it skips follows",
				"stream", name, "playlist", l.Playlist, "behind", l.Behind,
				"cure", "give it more bandwidth, raise --uplink-limit if that is set, or lower the bitrate")
		}
	default:
		if g.slow[l.Stream]--; g.slow[l.Stream] == 0 {
			delete(g.slow, l.Stream)
		}
		if len(g.slow) > 0 {
			return
		}
		if lasted, level, ok := g.narrow.end(now); ok {
			g.say(level, "live edge has caught up", "stream", name, "playlist", l.Playlist, "lasted", lasted, "streams_at_most", g.slowest)
			g.slowest = 0
		}
	}
}

func (g *Journal) stream(s plan.LiveState) {
	s.Name = g.streamName(s.Name)
	g.obs.Stream(s.Stream)
	g.behind.note(s.Stream, state.Behind)
	g.stalled.note(s.Stream, state.Stalled)
	if s.Forgotten {
		delete(g.behind.streams, s.Name)
		delete(g.stalled.streams, s.Name)
		g.obs.Forgotten(s.Name)
	}
}

// streamName returns what the stream in that folder is called. The watched directory has a name; a folder in it that has the same is
// written as a path.
func (g *Journal) streamName(folder string) string {
	switch {
	case g.config.Root == "":
		return folder
	case folder == ".":
		return g.config.Root
	case folder == g.config.Root:
		return "./" + folder
	}
	return folder
}

func (g *Journal) queue(inFlight int, w plan.Waiting, now time.Time) {
	if q := [3]int64{int64(inFlight), int64(w.Files), w.Bytes}; q != g.queued {
		g.queued = q
		b := state.Backlog{Files: w.Files, Bytes: w.Bytes}
		b.Rate, b.Left = g.ebb.Look(w.Files, now)
		g.obs.Queue(inFlight, b)
		g.outage.holds(g, share{int64(w.Files), w.Bytes, g.reserved})
	}
	if s := (state.Start{Compared: w.Met - w.Found, All: w.Met, Over: w.Started}); s != g.start && !g.start.Over {
		g.start = s
		_, s.Left = g.left.Look(w.Found, now)
		g.obs.Started(s)
	}
}

// Page tells what a page of a listing, or the end of one, changed.
func (g *Journal) Page(c health.Change, now time.Time) { g.tellStore(c, now) }

// Listed tells what listing the store brought: how many objects, and how many of them the directory has.
func (g *Journal) Listed(met, known int, err error) {
	if err != nil {
		g.log.Warn("store cannot be listed; will ask for each file", "err", err, "cure", cure(err))
		return
	}
	g.log.Info("store listed", "objects", met, "recognised", known)
}

// reserve tells for how long the store may be out of reach, when a figure changed by so much that it matters.
func (g *Journal) reserve(waiting int64, rate float64) {
	if r := (state.Reserve{Waiting: waiting, Budget: g.config.Budget, Rate: math.Trunc(rate)}); r != g.reserved {
		g.reserved = r
		g.obs.Reserve(r)
		g.outage.holds(g, share{g.queued[1], g.queued[2], r})
	}
}
