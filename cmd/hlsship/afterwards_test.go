//go:build linux

package main

import (
	"path"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// manner is how playlists are published.
type manner int

const (
	exactly manner = iota
	continuously
	// recorded is continuously, with a recording of each run.
	recorded
)

// witnessLag is by how much the recorder may be late where what it says is put into its place afterwards.
const witnessLag = 500 * time.Millisecond

// endDelay is how long the end of a list waits for another run (--end-delay).
const endDelay = 10 * time.Second

// recordEnd is for how long a packager is silent until its recording is closed (--record-end).
const recordEnd = 3 * time.Second

func (m manner) String() string { return [...]string{"exact", "continuous", "recorded"}[m] }

// args are those of the program.
func (m manner) args() []string {
	if m == recorded {
		return []string{"--playlists", "continuous", "--record", "--record-end", recordEnd.String()}
	}
	return []string{"--playlists", m.String()}
}

// history returns what keeps a stream for the audience; nil if nobody asks for it.
func (m manner) history() *storetest.Record {
	if m == exactly {
		return nil
	}
	return storetest.NewRecord(livePrefix)
}

// publications counts the changes of playlists in the store.
func (l *live) publications() int { return l.viewer.Counts().Publications + l.history.Publications() }

// listings are those of all playlists.
func (l *live) listings() []storetest.Listing { return append(l.viewer.Listings(), l.remembered...) }

// remember has players with a memory judge the stream, now that all of it is known.
func (l *live) remember(t *testing.T) {
	t.Helper()
	if l.history == nil {
		return
	}
	audience := storetest.NewAudience(livePrefix)
	audience.Site, audience.Settle, audience.Steady = l.viewer.Site, settled, !l.unsteady
	audience.EndDelay = endDelay - witnessLag
	var offset time.Duration
	synctest.Test(t, func(t *testing.T) {
		var err error
		if offset, err = l.history.Play(t.Context(), audience, witnessLag, l.stream); err != nil {
			t.Error(err)
		}
	})
	for _, v := range audience.Violations() {
		v.At = v.At.Add(offset)
		_, at, _ := storetest.Split(strings.TrimPrefix(v.Key, livePrefix))
		v.Doubtful = l.unsure(at)
		l.broken = append(l.broken, v)
		l.accuse(v.Doubtful, "%s", v)
	}
	for _, listing := range audience.Listings() {
		for _, at := range []*time.Time{&listing.Listed, &listing.Published, &listing.Passed} {
			if !at.IsZero() {
				*at = at.Add(offset)
			}
		}
		l.remembered = append(l.remembered, listing)
	}
}

// stream returns what the renditions of a stream have in common: their multivariant playlist if there is one, else their folder.
func (l *live) stream(list string) string {
	for name, names := range l.names {
		if strings.Contains(path.Base(name), "master") {
			for _, n := range names {
				if n == list {
					return name
				}
			}
		}
	}
	return list
}
