package recorder

import (
	"time"

	"github.com/hlsship/hlsship/uploader/recording"
)

// Op is what a Task does.
type Op uint8

const (
	// PutChunk stores a chunk of an index, which nobody else has under its path.
	PutChunk Op = iota + 1
	// Find finds out how many chunks each list of a session has.
	Find
	// SealAll reads all chunks of a session, and makes the files that close it.
	SealAll
	// Look asks whether the store has a file.
	Look
	// PutFile stores one of these, in the place of one that it goes on from.
	PutFile
)

// Task is what is to be done for a recording. Each is answered by exactly one Report.
type Task struct {
	// Op says what to do.
	Op Op
	// Session is the name of the session, and Path where the object is published, or stands for it.
	Session, Path string
	// List is the path of the list that a chunk or a closing list is of; empty for others.
	List string
	// Master says that the list is a multivariant playlist.
	Master bool
	// Text is what is to be stored.
	Text []byte
	// Order is for SealAll.
	Order *Order
	// Final says of a file that it may be kept by caches for good.
	Final bool
	// Attempt counts the tries before this one.
	Attempt int
	// Prompt says that it must not wait for backlog.
	Prompt bool
}

// Reads reports whether nothing is stored.
func (t *Task) Reads() bool { return t.Op == Find || t.Op == SealAll || t.Op == Look }

// Order is what SealAll needs to know.
type Order struct {
	// Session is its name. Why and At are for the summary, as is Bytes.
	Session string
	Why     recording.Reason
	At      time.Time
	Bytes   int64
	// Chunks is how many each media playlist has, and Index how many each list.
	Chunks, Index map[string]int
	// Made is how many chunks of each list were kept (Config.Keep), -1 if that is not known.
	Made map[string]int
	// Masters are its multivariant playlists, as far as this process knows them.
	Masters []Master
	// Missing are the paths in the folder that the store will never have whole, and how many of their bytes it has; Grown those that grow, and
	// how many bytes they have by now; Coming those on their way.
	Missing, Grown map[string]int64
	Coming         map[string]bool
	// Unsure says that an earlier process opened the session, so that the store is to be asked which files it has of it, and which lists.
	Unsure bool
	// Published is what was published of lists when this process began, for one that is Unsure.
	Published map[string][]byte
	// Idle says that this process recorded nothing of it: what is closed stays as it is.
	Idle bool
	// round says for which one it is: what was sealed before there was more is of no use.
	round int
}

// Result is how a Task ended.
type Result uint8

const (
	// Done: it is stored, found or sealed.
	Done Result = iota + 1
	// Taken: the store has something else under that path.
	Taken
	// Empty: nothing can be listed, or there is no such file.
	Empty
	// Failed: it is tried again later.
	Failed
	// Refused: it would be refused again.
	Refused
)

// Answer is how a Task ended.
type Answer struct {
	// Result says how.
	Result Result
	// Again is when it may be tried again.
	Again time.Time
	// Chunks is what Find found. Size is how many bytes Look found, or how many were sent of what was put.
	Chunks map[string]int
	Size   int64
	// Seal are the files that SealAll made, and Named which of Order.Coming they name. Seal is nil if an earlier process closed the session
	// with all that is known: then Before is what that said, nil if nobody can read it.
	Seal   *recording.Seal
	Named  []string
	Before *recording.Summary
}
