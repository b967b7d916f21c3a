package plan

import (
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/recorder"
	"github.com/hlsship/hlsship/uploader/store"
)

// Op is what a Job does.
type Op uint8

const (
	// PutMedia stores a file that is no playlist.
	PutMedia Op = iota + 1
	// PutPlaylist publishes one version of a playlist.
	PutPlaylist
	// Compare finds out whether the store holds the bytes of Job.File, or anything at all where the
	// file is not at hand.
	Compare
	// Fetch reads the published version of a playlist back.
	Fetch
	// PutRecord stores a part of a recording, Job.Record.
	PutRecord
	// ReadRecord reads what there is of one.
	ReadRecord
)

// String returns the word used in logs and metric labels: the request that the job makes.
func (o Op) String() string {
	switch o {
	case PutMedia, PutPlaylist, PutRecord:
		return "put"
	case Compare:
		return "stat"
	case Fetch, ReadRecord:
		return "get"
	}
	return "unknown"
}

// Job is one request that the Plan allows now. Every Job that Next returned is to be answered by
// exactly one Report.
type Job struct {
	// ID is its number, which no other Job of the Plan has.
	ID uint64
	// Op says what to do.
	Op Op
	// Path names the file, relative to the watched directory; Kind is what its playlists make of it.
	Path string
	Kind hls.Kind
	// Key names the object that the job is about.
	Key Key
	// Stream is the folder of the playlist that the job is for.
	Stream string
	// File is the finished file; for Fetch, and for Compare of a file that is not at hand, it is zero.
	File hls.File
	// IfMatch and IfAbsent are the condition of a PutPlaylist, and of a PutMedia for a growing file, as in Object.
	IfMatch  string
	IfAbsent bool
	// From is how many of the file's bytes the store holds already, under the ETag IfMatch: only what comes
	// behind them is to be sent (Appender). 0 means all.
	From int64
	// ETag is what Compare is to compare with; empty means that the store must be asked first.
	ETag string
	// Noted is the ETag under which an earlier process stored the bytes of File; empty if that is not known. A store that shows it
	// need not be compared by its bytes.
	Noted string
	// Window is how long a viewer may ask for the file of a PutMedia, by the playlists that name it; 0 if none does.
	Window time.Duration
	// Replaces is true if a PutMedia puts other bytes in the place of those stored under its name.
	Replaces bool
	// Immutable is true if nobody will ever store other bytes under the key.
	Immutable bool
	// Backlog is true if the live edge does not wait for the file.
	Backlog bool
	// Attempt counts the tries before this one.
	Attempt int
	// Rejected is true if the store rejected these very bytes before (Permanent).
	Rejected bool
	// Record is what PutRecord and ReadRecord are about; nil for all others.
	Record *recorder.Task
}

// Local reports whether the job is done without asking the store.
func (j Job) Local() bool { return j.Op == Compare && j.ETag != "" }

// Repeatable reports whether the job does no harm if its request is broken off, made again, and arrives after all. The PUT of a
// playlist or of a growing file would put an old version over a newer one, unless it has a condition.
func (j Job) Repeatable() bool {
	return j.Asks() || j.Op == PutMedia && j.File.Growth == 0 || j.IfMatch != "" || j.IfAbsent
}

// Asks reports whether the job asks the store, and changes nothing.
func (j Job) Asks() bool { return j.Op == Fetch || j.Op == ReadRecord || j.Op == Compare && !j.Local() }

// Result is how a Job ended.
type Result uint8

const (
	// Done: stored (puts), read (Fetch), or the store holds these very bytes (Compare).
	Done Result = iota + 1
	// Different: Compare found other bytes.
	Different
	// Present: Compare found an object and had no file to compare it with.
	Present
	// Absent: Compare and Fetch found nothing.
	Absent
	// Void: the file's bytes changed while they were read, so nothing is known to be stored.
	Void
	// Gone: the file's bytes are out of reach for ever.
	Gone
	// Failed: see Outcome.Kind.
	Failed
	// Cancelled: given up because the process stops.
	Cancelled
)

// Outcome is the answer to a Job.
type Outcome struct {
	// Result says how it ended.
	Result Result
	// At is when it ended.
	At time.Time
	// ETag is that of the object now stored or found; empty if unknown.
	ETag string
	// CacheControl is what a file was stored with.
	CacheControl string
	// Size is that of the object found, in bytes, if the Result is Present or Different; 0 if it is not known.
	Size int64
	// Unclear is true if a PUT that did not end as Done may have stored its bytes, or may do so yet.
	Unclear bool
	// Kind classifies a Failed job.
	Kind store.ErrorKind
	// RetryIn is how long to wait before the next try of a Failed job, Asked how long the store asked to, 0 for not at all.
	RetryIn, Asked time.Duration
	// Playlist and Content are what Fetch read; Playlist is nil if it could not be parsed. Modified and Finished are those
	// of Info.
	Playlist           *hls.Playlist
	Content            []byte
	Modified, Finished time.Time
	// Share is the memory that they take, which whoever receives the Outcome releases.
	Share *hls.Share
	// Record is what ReadRecord read, but for its Result.
	Record recorder.Answer
}

// Wait is a playlist version that cannot be published yet, and what it waits for.
type Wait struct {
	// Playlist is the playlist's path, Name the first file that it waits for.
	Playlist, Name string
	// Since is when the version was finished on disk, or the oldest that waits where the upload is not the reason.
	Since time.Time
	// Reason is "memory" (the version gave its memory to others, and is read again when there is room), "missing" (no such
	// finished file or playlist), "empty" (an init section or a key without a byte), "stale" (the file may be of the packager's
	// run before, whose new bytes are waited for), "growing" (the file does not reach as far as the playlist says),
	// "uploading", "outside" (no file of the directory can have the name, which is then as the playlist has it), "long" (the
	// name makes a key longer than MaxPath allows), "variable" (an EXT-X-DEFINE that this playlist does not resolve),
	// "unpinned" (the file is in the directory alone, as it exceeds what may wait), "lost" (the file was lost), "rejected" (the
	// store refuses the file or the playlist, which is tried again once a minute), "unpublished" (a playlist that is not
	// published yet), "overwrite" (new bytes under a name that the published playlist still needs) or "unlisted" (the version
	// is published, and the file has new bytes that no newer version names).
	Reason string
	// Why says why the bytes that are there are not what the playlist means, and Until when they are taken unless others come; empty
	// and zero if that is not the reason.
	Why   string
	Until time.Time
	// Decisions are the last ones about the playlist, oldest first.
	Decisions []Decision
}

// Loss is a named file that can never be stored, or a row of segments that nobody saw.
type Loss struct {
	// Path, Stream and Kind say which. Of what nobody saw, Path is the playlist.
	Path, Stream string
	Kind         hls.Kind
	// Reason is "gone" (deleted before it could be held), "superseded" (rewritten under the same name
	// before it was stored, or an init section or key that nothing names any more while the store has other bytes), "rejected" (the store refused it for as long as a playlist needed it), "budget" (more waited than
	// Config.Budget allows, and it was deleted before there was room), "age" (it waited longer than Config.MaxAge, and was
	// deleted before it was its turn again) or "unseen" (the sequence numbers say
	// that there were segments which nobody saw).
	Reason string
	// Count is how many segments were lost; 0 means 1.
	Count int
	// First and Last are the sequence numbers of what nobody saw (RFC 8216 §4.3.3.2), and Unwatched is for how long nobody
	// looked at the playlist, 0 if that is not known. They are zero for every other Reason.
	First, Last int64
	Unwatched   time.Duration
}

// Lag is a playlist on a line that is slower than its stream.
type Lag struct {
	// Playlist is its path, Stream its folder.
	Playlist, Stream string
	// Behind is how far the live edge was behind when it was put before the rest; 0 says that it has caught up.
	Behind time.Duration
}
