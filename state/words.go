package state

import "slices"

// OfStream is the state of a stream: of a playlist, or of the playlists of a folder, with all that they name. The zero value is none.
type OfStream string

const (
	// Held: a version of a playlist waits for a file that is not there, or is there and is not taken.
	Held OfStream = "held"
	// Behind: the store has not got what the disk has, for longer than a target duration, and nothing is missing.
	Behind OfStream = "behind"
	// Stalled: the playlist has no ENDLIST, and no new version of it was written for three target durations, at least six seconds.
	Stalled OfStream = "stalled"
	// Waiting: nothing of it is published yet.
	Waiting OfStream = "waiting"
	// Live: the newest finished version is published.
	Live OfStream = "live"
	// Ended: the version with ENDLIST is published, or the playlist was removed from the directory and all of it is shipped.
	Ended OfStream = "ended"
)

// StreamStates returns every state of a stream, the worst first.
func StreamStates() []OfStream { return []OfStream{Held, Behind, Stalled, Waiting, Live, Ended} }

// Worse reports whether s is worse than other. Every state is worse than none.
func (s OfStream) Worse(other OfStream) bool {
	return s != "" && (other == "" || slices.Index(StreamStates(), s) < slices.Index(StreamStates(), other))
}

// OfRecording is the state of a recording. The zero value is none.
type OfRecording string

const (
	// RecordingBroken: the store refuses a part of it.
	RecordingBroken OfRecording = "broken"
	// RecordingClosing: its run is over, and what closes it is not all stored.
	RecordingClosing OfRecording = "closing"
	// RecordingOpen: its run goes on.
	RecordingOpen OfRecording = "open"
	// RecordingClosed: its folder plays from first to last.
	RecordingClosed OfRecording = "closed"
)

// RecordingStates returns every state of a recording, the worst first.
func RecordingStates() []OfRecording {
	return []OfRecording{RecordingBroken, RecordingClosing, RecordingOpen, RecordingClosed}
}

// OfStore is the state of a channel's store. The zero value is none.
type OfStore string

const (
	// Refusing: the store answers, and says no until somebody mends something: keys, rights, the bucket, a clock, a certificate.
	Refusing OfStore = "refusing"
	// Unreachable: the store gives no answer, or one that says "later".
	Unreachable OfStore = "unreachable"
	// Unasked: nothing had to be asked yet, which is no fault.
	Unasked OfStore = "unasked"
	// Up: the last answer was one.
	Up OfStore = "up"
)

// StoreStates returns every state of a store, the worst first.
func StoreStates() []OfStore { return []OfStore{Refusing, Unreachable, Unasked, Up} }

// Fault reports whether s is one.
func (s OfStore) Fault() bool { return s == Refusing || s == Unreachable }

// OfChannel is the state of a channel. The zero value is none.
type OfChannel string

const (
	// Restarting: the channel failed, and is started again.
	Restarting OfChannel = "restarting"
	// Stopped: it ended.
	Stopped OfChannel = "stopped"
	// Draining: it was told to stop, and ships what is left.
	Draining OfChannel = "draining"
	// Starting: its directory is looked through, and what was found there is compared with the store.
	Starting OfChannel = "starting"
	// Running: it ships what the packager writes.
	Running OfChannel = "running"
)

// ChannelStates returns every state of a channel, the worst first.
func ChannelStates() []OfChannel {
	return []OfChannel{Restarting, Stopped, Draining, Starting, Running}
}
