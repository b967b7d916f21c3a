package state

import "time"

// Seconds is a duration in seconds.
type Seconds float64

// In returns d in seconds, to the millisecond.
func In(d time.Duration) Seconds { return Seconds(d.Round(time.Millisecond).Seconds()) }

// Duration returns s as a duration.
func (s Seconds) Duration() time.Duration { return time.Duration(float64(s) * float64(time.Second)) }

// Backlog is what waits to be stored, how fast it becomes less, and how long it will take. Its zero value is nothing.
type Backlog struct {
	// Files and Bytes are named and not stored.
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// Rate is by how many files a second they become fewer, 0 if they do not.
	Rate float64 `json:"files_per_second,omitempty"`
	// Left is when they will be stored at that rate; nil if nobody can tell.
	Left *Seconds `json:"seconds_left,omitempty"`
}

// Stream is how a stream does.
type Stream struct {
	// Name is its folder, or the name of the watched directory for the one in the root of it.
	Name string `json:"stream"`
	// State is the worst of its playlists, and Since when that began.
	State OfStream  `json:"state"`
	Since time.Time `json:"since"`
	// Playlist is the worst one, or the one of another stream that it names if that is why.
	Playlist string `json:"playlist,omitempty"`
	// WaitsFor is what its newest version waits for, Reason why in one word, Why in a few, Until when that ends by itself (zero if it does
	// not), and Cure what to do. They are empty if nothing waits.
	WaitsFor string    `json:"waits_for,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Why      string    `json:"why,omitempty"`
	Until    time.Time `json:"until,omitzero"`
	Cure     string    `json:"cure,omitempty"`
	// Target is the target duration of that playlist; 0 if it has none.
	Target Seconds `json:"target_duration_seconds"`
	// Versions is how many versions of its playlists wait, and WaitingSince when the oldest of them was finished on disk.
	Versions     int       `json:"versions_waiting"`
	WaitingSince time.Time `json:"waiting_since,omitzero"`
	// Published is when the published version was finished on disk, Newest when the newest one was; zero if there is none.
	Published time.Time `json:"published,omitzero"`
	Newest    time.Time `json:"newest,omitzero"`
	// Backlog is what waits of it. It is told of a stream that is not live.
	Backlog Backlog `json:"backlog,omitzero"`
	// Decisions are the last ones about the playlist, the oldest first. They are told of a stream that is neither live nor ended.
	Decisions []Decision `json:"decisions,omitempty"`
}

// Lag returns for how long the store has been behind the disk at now: 0 while the newest finished version is published, else the time
// since the first version that is not was finished.
func (s Stream) Lag(now time.Time) time.Duration {
	if !s.Newest.After(s.Published) {
		return 0
	}
	since := s.Newest
	if !s.WaitingSince.IsZero() && s.WaitingSince.Before(since) {
		since = s.WaitingSince
	}
	return max(0, now.Sub(since))
}

// Oldest returns the age at now of the oldest version that waits, 0 if none does.
func (s Stream) Oldest(now time.Time) time.Duration {
	if s.Versions == 0 || s.WaitingSince.IsZero() {
		return 0
	}
	return max(0, now.Sub(s.WaitingSince))
}

// Recording is how the recording of a run does.
type Recording struct {
	// Session is the name of its folder.
	Session string `json:"session"`
	// State is what it is, and Since when that began.
	State OfRecording `json:"state"`
	Since time.Time   `json:"since"`
	// Why is why it was closed: end, run, silence, drain, start or recover. It is told of one that is closed, as is all below.
	Why string `json:"why,omitempty"`
	// Duration is that of its longest list.
	Duration Seconds `json:"duration_seconds,omitempty"`
	// Segments is how many its lists have, Missing how many of those that were listed they have not, and Holes in how many places.
	Segments int `json:"segments,omitempty"`
	Missing  int `json:"missing,omitempty"`
	Holes    int `json:"holes,omitempty"`
	// Bytes is the size of its media.
	Bytes int64 `json:"bytes,omitempty"`
}

// Store is how the store of a channel does.
type Store struct {
	// State is what it is, and Since when that began; zero if it was never asked.
	State OfStore   `json:"state"`
	Since time.Time `json:"since,omitzero"`
	// Error is what it, or the way to it, said last, Cure what to do about that, and Tries how many requests failed since Since. They are
	// empty while the state is no fault.
	Error string `json:"error,omitempty"`
	Cure  string `json:"cure,omitempty"`
	Tries int    `json:"tries,omitempty"`
}

// Reserve is how long a store may be out of reach.
type Reserve struct {
	// Waiting is the size of the files named and not stored, Budget what it may be; 0 for no bound. Both are in bytes.
	Waiting int64 `json:"waiting_bytes"`
	Budget  int64 `json:"budget_bytes"`
	// Rate is what became due of late, in bytes a second.
	Rate float64 `json:"bytes_per_second"`
}

// Left returns how long an outage may last until files wait in the directory alone. ok is false if that is not known: nothing comes, or
// there is no bound.
func (r Reserve) Left() (left time.Duration, ok bool) {
	switch {
	case r.Budget <= 0:
		return 0, false
	case r.Waiting >= r.Budget:
		return 0, true
	case r.Rate <= 0:
		return 0, false
	}
	seconds := float64(r.Budget-r.Waiting) / r.Rate
	const longest = 10 * 365 * 24 * time.Hour
	if seconds > longest.Seconds() {
		return longest, true
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// Start is how far a channel is that begins. The zero Start is of one whose directory was not looked through yet.
type Start struct {
	// Compared is how many of All files that were found at the start are compared with the store, or stored. Left is when all will be; nil
	// if nobody can tell.
	Compared int      `json:"compared,omitempty"`
	All      int      `json:"to_compare,omitempty"`
	Left     *Seconds `json:"seconds_left,omitempty"`
	// Over is true once all are, and no others will be found.
	Over bool `json:"-"`
}

// Channel is how a channel does.
type Channel struct {
	// Name is empty for the only channel, if nobody named it.
	Name string `json:"channel"`
	// State is what it is, and Since when that began.
	State OfChannel `json:"state"`
	Since time.Time `json:"since"`
	// Error is why it is restarted, Cure what to do about that, Failures how often in a row it failed, and Again when it is tried again.
	Error    string    `json:"error,omitempty"`
	Cure     string    `json:"cure,omitempty"`
	Failures int       `json:"failures,omitempty"`
	Again    time.Time `json:"again,omitzero"`
	// Start is how far it is while it is starting.
	Start
	// Deadline is when draining is cut off.
	Deadline time.Time `json:"deadline,omitzero"`
}

// Failure is a request that failed.
type Failure struct {
	// At is when it did last, and Count how often it did so in a row.
	At    time.Time `json:"at"`
	Count int       `json:"count"`
	// Channel, Stream and Key say whose it was, Op is "put", "stat", "get" or "list", Kind a word of store.ErrorKind.
	Channel string `json:"channel,omitempty"`
	Stream  string `json:"stream,omitempty"`
	Key     string `json:"key"`
	Op      string `json:"op"`
	Kind    string `json:"kind"`
	// Error is what was said, with the request id of the store if it told one, and Cure what to do.
	Error string `json:"error"`
	Cure  string `json:"cure,omitempty"`
}
