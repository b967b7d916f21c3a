package journal

import "time"

// Observer is told what happens; metrics and tests are observers. All methods are called from the
// goroutine of Run, one at a time, and must return quickly. Parameters are basic types, so that an
// observer need not import this package. stream is a playlist's folder, "." for the directory itself;
// kind is one of hls.Kinds; result is "ok", "void", "cancelled" or one of ErrorKind's words.
type Observer interface {
	// Attempted is called after every request. op is "put", "stat" or "get"; bytes is what a PUT carried.
	Attempted(op, kind, result string, bytes int64, took time.Duration)
	// Stored is called when a file is in the store; latency counts from its completion on disk.
	// It is 0 for a file that was found at rest, whose completion nobody saw.
	Stored(stream, kind string, bytes int64, latency time.Duration)
	// Published is called when a playlist is in the store. latency counts from the playlist's completion
	// on disk, which is when what it lists became known; 0 for one found at rest.
	Published(stream, kind string, latency time.Duration)
	// Lost is called for every named file that can never be stored. reason is one of Loss; count, at least 1, says how many
	// it tells of: those that nobody saw are counted, not named.
	Lost(stream, kind, reason string, count int)
	// Stream is called with the live edge of one stream whenever it changed. held counts the playlist
	// versions that wait for what they name. The times are completions on disk: waitingSince of the
	// oldest version that waits, published of the version that is published, newest of the newest
	// version; each is zero if there is none. The stream is current when newest is not after published.
	Stream(stream string, held int, waitingSince, published, newest time.Time)
	// Forgotten is called when nothing is left of a stream, so that its series can be removed.
	Forgotten(stream string)
	// Queue is called when a figure of what all streams have under way together changed. inFlight counts
	// the requests under way, waiting the files named and not stored, waitingBytes their size in bytes.
	Queue(inFlight, waiting int, waitingBytes int64)
	// Unpinned is called when one of its figures changed: how many of the files named and not stored are in the directory alone,
	// as they exceed what may wait for the store, and their size in bytes. They count in neither Queue nor Reserve, and are
	// lost if the packager deletes them.
	Unpinned(files int, bytes int64)
	// Reserve is called when one of its figures changed: waiting is the size of the files named and not stored
	// and budget what it may be, in bytes, 0 for no bound; rate is what became due of late, in bytes a
	// second. An outage may last (budget-waiting)/rate before files are unpinned.
	Reserve(waiting, budget int64, rate float64)
	// Store is called when the store answered for the first time, and whenever its state changes between
	// answering and failing.
	Store(answers bool)
}

// Nobody returns the Observer of those who want none, for others to build on.
func Nobody() Observer { return nobody{} }

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
