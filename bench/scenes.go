package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// scene is what the tools are measured in.
type scene struct {
	// name is what -only matches, and what files of figures are called.
	name string
	// what says how it differs from streams alone, as a sentence; empty if it does not.
	what string
	load load
	way  way
	// files is how many older files the directory has when a tool starts.
	files int
	// plotted has a figure drawn of it.
	plotted bool
	// priced has hlsship measured beside the sidecar, whatever else is.
	priced bool
}

// String is the scene in words.
func (s *scene) String() string {
	streams := "One stream"
	if s.load.streams > 1 {
		streams = fmt.Sprintf("%d streams", s.load.streams)
	}
	return strings.TrimSpace(fmt.Sprintf("%s, a segment of %d kB every %s. %s", streams, s.load.size/1000, s.load.period, s.what))
}

// way is how the store is reached, and how it answers.
type way struct {
	// slow returns how long a PUT waits before it is passed on; nil is not at all. One goroutine calls it at a time.
	slow func(*rand.Rand) time.Duration
	// trip, unless 0, has all go through TLS, and half of it each way.
	trip time.Duration
}

// scenes returns all, in the order of the page.
func scenes() []scene {
	large := func(streams int) load {
		return load{streams: streams, size: 1 << 20, window: 5, period: 500 * time.Millisecond}
	}
	small := func(streams int, period time.Duration) load {
		return load{streams: streams, size: 50_000, window: 5, period: period}
	}
	const twenty = 20 * time.Millisecond
	usual := func(*rand.Rand) time.Duration { return twenty }
	stalls := func(r *rand.Rand) time.Duration {
		if r.IntN(50) == 0 {
			return 3 * time.Second
		}
		return twenty
	}
	tail := func(r *rand.Rand) time.Duration {
		d := time.Duration(float64(twenty) * math.Exp(0.54*r.NormFloat64()))
		if r.IntN(40) == 0 {
			d = time.Duration(float64(10*d) * math.Exp(1.1*math.Abs(r.NormFloat64())))
		}
		return d
	}
	return []scene{
		{name: "1-stream", load: large(1)},
		{name: "4-streams", load: large(4)},
		{name: "100-streams", priced: true, load: small(100, 2*time.Second), plotted: true},
		{name: "300-streams", load: small(300, 2*time.Second)},
		{name: "1000-streams", priced: true, load: small(1000, 6*time.Second), plotted: true},
		{name: "20ms", what: "20 ms more for each PUT.", load: large(4), way: way{slow: usual}, plotted: true},
		{name: "tls", what: "TLS, and 30 ms of round trip.", load: large(4), way: way{trip: 30 * time.Millisecond}, plotted: true},
		{name: "stalls", what: "20 ms more for each PUT, and 3 s for two of a hundred.", load: small(20, 2*time.Second), way: way{slow: stalls}, plotted: true},
		{name: "tail", what: "20 ms more for each PUT, and a tail like that of S3: one of forty takes ten times as long or more.", load: small(20, 2*time.Second), way: way{slow: tail}, plotted: true},
		{name: "start", what: "A start on 20,000 older files.", load: large(4), files: 20_000},
	}
}
