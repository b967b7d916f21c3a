package plan

import (
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/bucket"
	"github.com/hlsship/hlsship/uploader/plan/disk"
	"github.com/hlsship/hlsship/uploader/plan/recorder"
	"github.com/hlsship/hlsship/uploader/plan/schedule"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// Config bounds a Plan. Zero values are replaced by the defaults named.
type Config struct {
	// Settle is how long a reference of a restarted stream waits for new bytes under an old name, and
	// how long new bytes wait before they replace what the published playlist names. Default 2 s.
	Settle time.Duration
	// MaxLag is the lag that the live edge should not exceed by more than a window, on an uplink that is slower
	// than the stream: from half of it on the live edge goes first, and what it skips follows as backlog.
	// Default four target durations of the playlist, at least 6 s.
	MaxLag time.Duration
	// MinInterval is the least time between two PUTs of one playlist. Default 0.
	MinInterval time.Duration
	// Patience is how long new bytes of a name wait for another playlist that is stuck. Default 30 s.
	Patience time.Duration
	// Workers bounds the requests of all kinds under way for all streams together. The last quarter of them is for streams
	// that have none under way, so that stalled ones take little from the others, and a quarter at most is for
	// backlog. Default 64.
	Workers int
	// PerStream bounds the requests under way for the files of one stream. Default 4.
	PerStream int
	// Snapshots bounds the versions kept of one playlist. Default 64.
	Snapshots int
	// Unconditional turns conditional PUTs of playlists off.
	Unconditional bool
	// Budget bounds what is wanted, not stored and pinned, in bytes. Beyond it the oldest loses its pin that no newest playlist
	// needs: it waits in the directory alone. 0 means no bound.
	Budget int64
	// MaxAge is how long a file is tried before it loses its pin. 0 means for ever.
	MaxAge time.Duration
	// MaxPath is how many bytes a Key may have; 0 means any. A playlist that names a file with a longer one is held.
	MaxPath int
	// Memory is where playlists count what they take. nil counts nothing.
	Memory *hls.Account
	// Yield, unless nil, is called from any goroutine when a version of a playlist is to give up its memory, and must not
	// block: the owner of the Plan then calls Plan.Yield.
	Yield func(path string, seq uint64)
	// Known returns the ETag under which an earlier process stored these bytes of a file, "" if that is not known: see Notes.
	// nil knows nothing, and nothing is noted.
	Known func(path string, v hls.Version) (etag string)
	Site  hls.Site // where players find the files, which URLs in playlists mean
	// Scanning says that somebody will call Scanned.
	Scanning bool
	// Include says which files are shipped although no playlist names them; nil means none.
	Include func(path string) bool
	// Continuous, unless nil, has playlists go on over the restarts of their packager, with media in a folder for each run. Its Settle, Site,
	// Include, Known and Memory are those of the Plan.
	Continuous *session.Config
	// EndDelay is how long a version with EXT-X-ENDLIST waits for another run of its packager, unless it is the first that is seen. Default 0.
	EndDelay time.Duration
	// Record, unless nil, has the runs of Continuous playlists recorded.
	Record *recorder.Config
}

func (c Config) withDefaults() Config {
	if c.Settle <= 0 {
		c.Settle = 2 * time.Second
	}
	if c.Patience <= 0 {
		c.Patience = 30 * time.Second
	}
	if c.Workers <= 0 {
		c.Workers = 64
	}
	if c.PerStream <= 0 {
		c.PerStream = 4
	}
	if c.Snapshots <= 1 {
		c.Snapshots = 64
	}
	if c.Include == nil {
		c.Include = func(string) bool { return false }
	}
	return c
}

// Plan decides which PUTs are allowed now. Facts go in through Observe, all that follows from them comes out of Advance, jobs
// above all, whose outcomes go in through Report. It does no I/O, reads no clock and is owned by one goroutine.
//
// The cost of a fact is that of the references in it, the cost of Advance that of the streams that
// changed; neither grows with the files known.
type Plan struct {
	cfg Config
	clock
	paths                       // the files and playlists that are known
	shared                      // the streams that they are shipped by
	schedule *schedule.Schedule // who goes next
	errands  errands            // jobs under way
	shows    shows              // which states are to be told
	out      outbox             // what others are to hear of

	bucket  bucket.Bucket // what is known of the store as a whole
	failing bool          // the store fails, or does not answer
	rejects rejects       // what it did not take

	account  account  // what is to be stored and is not yet
	unpinned unpinned // files whose pins were let go
	strays   strays   // finished files that nothing names

	continuous continuous // what stands before
	recordings recordings // what stands beside
}

// New returns an empty Plan.
func New(c Config) *Plan {
	c = c.withDefaults()
	p := &Plan{
		cfg:    c,
		bucket: bucket.New(c.Unconditional),
		shared: newShared(),
		strays: newStrays(c.Scanning),
		out:    newOutbox(),
	}
	p.schedule = schedule.New(schedule.Config{Workers: c.Workers, PerStream: c.PerStream}, p.rules())
	p.continuous = p.newContinuous(c.Continuous)
	p.paths = newPaths(p.continuous.owns)
	p.recordings = newRecordings(c)
	return p
}

// Settle is Config.Settle, or its default.
func (p *Plan) Settle() time.Duration { return p.cfg.Settle }

// Observe takes a fact in. The Plan releases the fact's Source, through Effects, once it has no more
// use for it.
func (p *Plan) Observe(f hls.File) {
	if p.tick(f.Seen); p.continuous.machine == nil {
		p.take(f)
		return
	}
	p.recordings.hear(&f)
	p.continuous.machine.Observe(f)
	p.flow()
	p.heard(f.Path)
}

// take takes a fact in, whose path is a published one.
func (p *Plan) take(f hls.File) {
	switch {
	case f.State == hls.Gone:
		p.observeGone(f.Path, f.Moved)
	case f.State == hls.Lost:
		p.observeLost(f.Path)
	case f.Playlist != nil:
		p.observeList(f)
	default:
		p.observeObject(f)
	}
}

// ObserveLate takes a fact in that comes from an earlier process and turned up only now. Where the directory has other
// bytes of that name they are newer, and those of f are lost.
func (p *Plan) ObserveLate(f hls.File) {
	if p.continuous.machine != nil {
		p.Observe(f)
		return
	}
	o := p.objects[f.Path]
	if f.Playlist != nil || f.State == hls.Lost || o == nil || o.disk.Newest() == nil && o.disk.Candidate() == nil {
		p.Observe(f)
		if l := p.lists[f.Path]; l != nil && l.last != nil && l.last.origin.inherited() {
			l.last.comesFrom(inheritedLate)
		}
		return
	}
	for _, known := range []*disk.Version{o.disk.Candidate(), o.disk.Newest()} {
		if known != nil && known.File.Version == f.Version {
			p.Observe(f)
			return
		}
	}
	p.tick(f.Seen)
	p.out.release(f.Source)
	if f.Named && o.isMedia() {
		p.lose(o, "superseded")
	}
}

// Report takes the outcome of the job of that ID in.
func (p *Plan) Report(id uint64, o Outcome) {
	e := p.end(id)
	p.tick(o.At)
	switch o.Result {
	case Done, Different, Present, Absent:
		if !e.Local() {
			p.schedule.Hear()
		}
	case Void, Gone, Failed, Cancelled:
	}
	if e.question != 0 {
		p.answerTo(e, o)
		return
	}
	if e.Record != nil {
		p.reportRecord(e, o)
		return
	}
	if e.epoch != p.bucket.Epoch() {
		o = e.past(o)
	}
	switch e.Op {
	case PutMedia:
		p.reportPut(e, o)
	case Compare:
		p.reportCompare(e, o)
	case PutPlaylist:
		p.reportPlaylist(e, o)
	case Fetch:
		p.reportFetch(e, o)
	case PutRecord, ReadRecord:
	}
}

// Drain says that no fact will come any more. What waits because the store asked for it is tried again, and once more what it
// rejected.
func (p *Plan) Drain() {
	p.schedule.Drain()
	if p.continuous.machine != nil {
		p.continuous.machine.Drain()
		p.flow()
		p.recordings.drain()
	}
	p.retryRejects()
	for _, s := range p.streams {
		p.wake(s)
	}
}

// Failing says whether the store fails or does not answer. While it does, files without a pin wait as long as others do.
func (p *Plan) Failing(fails bool) { p.failing = fails }

// Recover ends every back-off, as the store answers again or does again what it is asked.
func (p *Plan) Recover(now time.Time) {
	p.tick(now)
	p.schedule.Recover(p.now)
	p.recordings.recover()
	for _, l := range p.lists {
		l.edge.recovered()
	}
	if !p.bucket.Conditional() {
		p.Inspect() // no condition will tell that it is another one
	}
	for _, s := range p.streams {
		p.wake(s)
	}
}

// wake makes Advance look at s.
func (p *Plan) wake(s *stream) {
	if s != nil {
		p.schedule.Wake(&s.queue)
	}
}

// alarm makes Advance look at s at a later time.
func (p *Plan) alarm(at time.Time, s *stream) {
	if s != nil {
		p.schedule.Alarm(at, &s.queue)
	}
}

func (p *Plan) release(v *disk.Version) {
	if v != nil {
		p.out.release(v.Spend())
	}
}

// meet notes that there is a file of l.
func (p *Plan) meet(l *list) {
	if l.stream == nil {
		l.stream = p.listStream(l)
		l.firstRun()
		p.wakeParents(l) // the wait of l keeps them from asking for the next one no more
	}
}

// observeList makes a snapshot of a playlist's new version.
func (p *Plan) observeList(f hls.File) {
	l := p.list(f.Path)
	p.meet(l)
	p.touch(l.stream)
	if p.reread(l, f) {
		return
	}
	if !p.latest(l, f) {
		p.out.release(f.Source)
		p.pass(f)
		return
	}
	p.dropUnread(l)
	l.regain()
	p.unpinned.reconsider()
	s := p.newSnapshot(l, f)
	prev := l.last
	if prev == nil {
		prev = l.published
	}
	p.share(l, f.Content)
	p.pin(l, s)
	p.decidedOf(l, "version finished", "", s)
	p.freeze(s, prev)
	if prev != nil && prev.run != s.run {
		p.fell(l, s, prev)
	}
	p.weigh(s)
	p.mayYield(s)
	if n := len(l.pending); n > 0 && l.pending[n-1].rebinds() && !l.doubts(l.pending[n-1]) {
		p.dropSnapshot(l, n-1) // what it meant is lost, and only the newest may be bound anew
	}
	l.enqueue(s)
	p.bound(l)
	if prev == nil || prev.origin.inherited() || p.strays.scanning || s.debut {
		l.recall(p.strays.recall(p, s, p.unbroken)) // later nothing is named that nobody sees
	}
	p.see(l, s)
	if s.origin.inherited() && s.names.lost() {
		p.giveUpInherited(l, "gone")
	}
	p.wake(l.stream)
}
