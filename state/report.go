package state

import (
	"fmt"
	"slices"
	"time"
)

// ReportVersion is the version of Report. Fields are added within one; none changes its meaning or goes.
const ReportVersion = 1

// Report is the document that /status.json answers with, and "hlsship status --json" prints. All times are RFC 3339, all durations
// seconds, all sizes bytes. What does not apply is left out.
type Report struct {
	// Version is ReportVersion.
	Version int `json:"version"`
	// Hlsship and Commit say what runs, Started since when, and Now when it was asked.
	Hlsship string    `json:"hlsship"`
	Commit  string    `json:"commit"`
	Started time.Time `json:"started"`
	Now     time.Time `json:"now"`
	// Title says it in a few words: "⚠ 2 of 50 held".
	Title string `json:"title"`
	// Ready is what /readyz says, and Unready why not.
	Ready   bool     `json:"ready"`
	Unready []string `json:"unready,omitempty"`
	// Channels are by name.
	Channels []ChannelReport `json:"channels"`
	// Failures are the last requests that failed, the newest first.
	Failures []Failure `json:"failures"`
}

// ChannelReport is a channel in a Report.
type ChannelReport struct {
	Channel
	// Title says what is shipped where.
	Title string `json:"title"`
	// Store is how its store does, Latency how long the PUTs of the last minutes took.
	Store   Store   `json:"store"`
	Latency Latency `json:"latency,omitzero"`
	// InFlight counts the requests under way, Backlog what waits for the store.
	InFlight int     `json:"requests_in_flight"`
	Backlog  Backlog `json:"backlog"`
	// Reserve is what may wait, and OutageLeft how long the store may be out of reach until files wait in the directory alone; nil if that
	// is not known.
	Reserve    Reserve  `json:"reserve"`
	OutageLeft *Seconds `json:"outage_seconds_left,omitempty"`
	// Unpinned are the files that wait in the directory alone, Spool those that the spool keeps.
	Unpinned Backlog `json:"unpinned"`
	Spool    Backlog `json:"spool"`
	// Guesses is true if the kernel does not tell when files are closed, here or in some folders.
	Guesses bool `json:"guesses"`
	// Stored, Lost and Refused count files since the start; LastStored is when one was stored last, zero if none was.
	Stored     int64     `json:"stored_files"`
	Lost       int64     `json:"lost_files"`
	Refused    int64     `json:"refused_files"`
	LastStored time.Time `json:"last_stored,omitzero"`
	// LatencyTrace is the mean time of a PUT in seconds, BitrateTrace what was stored in bits a second, each for one of the last
	// TraceSlots times of TraceSeconds, the oldest first.
	LatencyTrace []float64 `json:"latency_trace"`
	BitrateTrace []float64 `json:"bitrate_trace"`
	// Recordings are the last ones of the channel, the newest first; none without --record.
	Recordings []Recording `json:"recordings,omitempty"`
	// Streams are the streams of the channel, the worst first.
	Streams []StreamReport `json:"streams"`
}

const (
	// TraceSeconds is how long one value of a trace is of, TraceSlots how many values there are.
	TraceSeconds, TraceSlots = 5, 60
)

// Latency is how long requests took.
type Latency struct {
	// Median and P99 are in seconds.
	Median Seconds `json:"median_seconds"`
	P99    Seconds `json:"p99_seconds"`
}

// StreamReport is a stream in a Report.
type StreamReport struct {
	Stream
	// Age is how long ago the newest version was finished on disk; nil if there is none. Lag is for how long the store has been behind.
	Age *Seconds `json:"age_seconds,omitempty"`
	Lag Seconds  `json:"lag_seconds"`
	// Bitrate is what was stored in the last minute, in bits a second, BitrateTrace the same as that of the channel.
	Bitrate      float64   `json:"bits_per_second"`
	BitrateTrace []float64 `json:"bitrate_trace"`
	// Stored and Lost count files since the start.
	Stored int64 `json:"stored_files"`
	Lost   int64 `json:"lost_files"`
}

// Finish puts the streams of r into their order and writes its Title.
func (r *Report) Finish() {
	for i := range r.Channels {
		SortStreams(r.Channels[i].Streams)
	}
	r.Title = r.title()
}

// SortStreams sorts streams by their states, the worst first, and leaves those of one state as they are.
func SortStreams(all []StreamReport) {
	slices.SortStableFunc(all, func(a, b StreamReport) int {
		switch {
		case a.State.Worse(b.State):
			return -1
		case b.State.Worse(a.State):
			return 1
		}
		return 0
	})
}

// title says the worst of r in a few words.
func (r *Report) title() string {
	channels, stores, streams := r.count()
	all := 0
	for _, n := range streams {
		all += n
	}
	some := func(n, of int, word string) string {
		if of == 1 {
			return "⚠ " + word
		}
		return fmt.Sprintf("⚠ %d of %d %s", n, of, word)
	}
	if n := channels[Restarting]; n > 0 {
		return some(n, len(r.Channels), "restarting")
	}
	for _, s := range []OfStore{Refusing, Unreachable} {
		if n := stores[s]; n > 0 && len(r.Channels) == 1 {
			return "⚠ store " + string(s)
		} else if n > 0 {
			return fmt.Sprintf("⚠ %d of %d stores %s", n, len(r.Channels), s)
		}
	}
	for _, s := range []OfStream{Held, Behind, Stalled} {
		if n := streams[s]; n > 0 {
			return some(n, all, string(s))
		}
	}
	for _, s := range []OfChannel{Starting, Draining, Stopped} {
		if channels[s] > 0 {
			return string(s)
		}
	}
	switch {
	case streams[Live] > 0:
		return fmt.Sprintf("%d live", streams[Live])
	case streams[Waiting] > 0:
		return fmt.Sprintf("%d waiting", streams[Waiting])
	case all > 0:
		return fmt.Sprintf("%d ended", streams[Ended])
	}
	return "no streams yet"
}

// count counts states.
func (r *Report) count() (channels map[OfChannel]int, stores map[OfStore]int, streams map[OfStream]int) {
	channels, stores, streams = map[OfChannel]int{}, map[OfStore]int{}, map[OfStream]int{}
	for _, c := range r.Channels {
		channels[c.State]++
		stores[c.Store.State]++
		for _, s := range c.Streams {
			if s.State != "" {
				streams[s.State]++
			}
		}
	}
	return channels, stores, streams
}

// Faulty reports whether something is held, stalled, refusing or restarting, so that somebody has to mend it.
func (r *Report) Faulty() bool {
	channels, stores, streams := r.count()
	return streams[Held]+streams[Stalled]+stores[Refusing]+channels[Restarting] > 0
}
