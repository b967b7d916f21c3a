package journal

import (
	"time"

	"github.com/hlsship/hlsship/state"
)

// Observer is told what happens; metrics and tests are observers. All methods are called from the
// goroutine of Run, one at a time, and must return quickly. Parameters are basic types or those of package state, so that an
// observer need not import this package. stream is a playlist's folder, and the name of the watched directory for that itself;
// kind is one of hls.Kinds; result is "ok", "void", "cancelled" or one of ErrorKind's words.
type Observer interface {
	// Attempted is called after every request. op is "put", "stat" or "get"; bytes is what a PUT carried. Only a PUT ends as
	// "precondition" or "unsupported", and a GET never as "void".
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
	// Edited is called when players notice something of a playlist beside its new segments. kind is one of plan.EditKinds.
	Edited(stream, kind string)
	// Recording is called with how a recording does whenever that changed. It may be closed more than once, as its run may go on.
	Recording(r state.Recording)
	// Stream is called with how a stream does whenever that changed.
	Stream(s state.Stream)
	// Forgotten is called when nothing is left of a stream, so that its series can be removed.
	Forgotten(stream string)
	// Queue is called when a figure of what all streams have under way together changed. inFlight counts
	// the requests under way, waiting the files named and not stored.
	Queue(inFlight int, waiting state.Backlog)
	// Unpinned is called when one of its figures changed: how many of the files named and not stored are in the directory alone,
	// as they exceed what may wait for the store, and their size in bytes. They count in neither Queue nor Reserve, and are
	// lost if the packager deletes them.
	Unpinned(files int, bytes int64)
	// Reserve is called when one of its figures changed: for how long the store may be out of reach until files are unpinned.
	Reserve(r state.Reserve)
	// Started is called with how far the start is whenever that changed.
	Started(s state.Start)
	// Store is called with how the store does whenever that changed.
	Store(s state.Store)
	// Failed is called for every request that failed for a reason of the store's.
	Failed(f state.Failure)
}

// nobody is the Observer of those who want none.
type nobody struct{}

func (nobody) Attempted(_, _, _ string, _ int64, _ time.Duration) {}
func (nobody) Stored(_, _ string, _ int64, _ time.Duration)       {}
func (nobody) Published(_, _ string, _ time.Duration)             {}
func (nobody) Lost(_, _, _ string, _ int)                         {}
func (nobody) Edited(_, _ string)                                 {}
func (nobody) Recording(state.Recording)                          {}
func (nobody) Stream(state.Stream)                                {}
func (nobody) Forgotten(string)                                   {}
func (nobody) Queue(int, state.Backlog)                           {}
func (nobody) Unpinned(_ int, _ int64)                            {}
func (nobody) Reserve(state.Reserve)                              {}
func (nobody) Started(state.Start)                                {}
func (nobody) Store(state.Store)                                  {}
func (nobody) Failed(state.Failure)                               {}
