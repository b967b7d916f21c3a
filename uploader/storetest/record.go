package storetest

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// Record keeps what a real packager did and how the store changed, each with its time, to be told to an Audience once all is over: truth
// that was told late is in its place then. It takes over from the Viewer what an Audience judges, and counts what is published.
//
// NewRecord makes one. All methods but Play are safe for concurrent use; nil is a Record of nobody, which keeps nothing.
type Record struct {
	prefix string

	mu        sync.Mutex
	acts      []act
	published int // changes of playlists that an Audience judges
}

// act is something that happened.
type act struct {
	at    time.Time
	store bool // of the store, otherwise of the packager or the uploader
	list  bool // a version of a playlist: see Version
	path  string
	text  []byte
	tell  func(a *Audience)
	start bool // the packager starts
}

// NewRecord returns an empty Record of the objects whose key is prefix and a path.
func NewRecord(prefix string) *Record { return &Record{prefix: prefix} }

// Starts tells that the packager starts: what is finished from now on is of this process. Whether it is another run Play finds out.
func (r *Record) Starts() { r.add(act{at: time.Now(), start: true}) }

// Restarted, Drained and Lost are those of an Audience.
func (r *Record) Restarted() { r.add(act{at: time.Now(), tell: (*Audience).Restarted}) }

// Drained: see Restarted.
func (r *Record) Drained() { r.add(act{at: time.Now(), tell: (*Audience).Drained}) }

// Lost: see Restarted.
func (r *Record) Lost(path string) {
	r.add(act{at: time.Now(), tell: func(a *Audience) { a.Lost(path) }})
}

// Discarded: see Restarted.
func (r *Record) Discarded() { r.add(act{at: time.Now(), tell: (*Audience).Discarded}) }

// Version is a version of a media playlist: one that the packager finished, or one that players were shown.
type Version struct {
	// Path is that of the playlist, in the directory as in the store, and Text its bytes.
	Path string
	Text []byte
	// Start is how many times the packager had started, and Shown says that players were shown it.
	Start int
	Shown bool
}

// Versions returns all of them, in the order in which they came. Text is shared.
func (r *Record) Versions() (all []Version) {
	r.mu.Lock()
	defer r.mu.Unlock()
	acts := slices.Clone(r.acts)
	slices.SortStableFunc(acts, func(x, y act) int { return x.at.Compare(y.at) })
	start := 0
	for _, x := range acts {
		if x.start {
			start++
		}
		if x.list {
			all = append(all, Version{x.path, x.text, start, x.store})
		}
	}
	return all
}

// Standing tells that nothing but the uploader keeps anything from being published at this moment, or for longer than limit.
func (r *Record) Standing(limit time.Duration) {
	r.add(act{at: time.Now(), store: true, tell: func(a *Audience) { a.Standing(time.Now(), limit) }})
}

// Publications counts how often playlists that an Audience judges have changed in the store.
func (r *Record) Publications() int {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.published
}

func (r *Record) add(a act) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acts = append(r.acts, a)
}

// caught takes in what a Recorder caught, and reports whether it is a playlist that an Audience judges.
func (r *Record) caught(c catch) (edited bool) {
	if r == nil || c.Missed {
		return false
	}
	for _, g := range c.Growing {
		r.add(act{at: c.At, tell: func(a *Audience) { a.Grown(g.Path, g.Content) }})
	}
	switch {
	case isEdited(c.Path, c.Content):
		r.add(act{at: c.At, list: true, path: c.Path, text: c.Content, tell: func(a *Audience) { a.Listed(c.Path, c.Content) }})
		return true
	case !hls.Classify(c.Path).IsPlaylist():
		r.add(act{at: c.At, tell: func(a *Audience) { a.Finished(c.Path, c.Content) }})
	}
	return false
}

// isEdited reports whether a playlist goes on over restarts: a media playlist of HLS.
func isEdited(path string, content []byte) bool {
	k := hls.Classify(path)
	return k.IsPlaylist() && k != hls.Manifest && !bytes.Contains(content, []byte("STREAM-INF"))
}

// recorded reports whether what is stored in the folder of a session is a part of a recording: its index, its playlists and its summary. Who asked
// for a recording judges them.
func recorded(folder, at string) bool {
	in, _ := strings.CutPrefix(at, folder)
	return folder != "" && (strings.HasPrefix(in, ".index/") || in == "session.json" || hls.Classify(in).IsPlaylist())
}

// tellChanged tells a Viewer and a Record of a change of the store, but for parts of recordings: content is nil for what was removed.
func tellChanged(v *Viewer, r *Record, key string, content []byte) {
	if r != nil {
		at, _ := strings.CutPrefix(key, r.prefix)
		folder, _, _ := Split(at)
		if recorded(folder, at) {
			return
		}
		list := isEdited(key, content) && content != nil
		r.add(act{at: time.Now(), store: true, list: list, path: at, text: content, tell: func(a *Audience) {
			if content == nil {
				a.Removed(key)
			} else {
				a.Changed(key, content)
			}
		}})
		if list {
			r.mu.Lock()
			r.published++
			r.mu.Unlock()
			v.ChangedUnread(key)
			return
		}
		if folder != "" {
			return
		}
	}
	if content == nil {
		v.Removed(key)
		return
	}
	v.Changed(key, content)
}

// Play tells all that happened to an Audience, in the order in which it did, and calls its Finale. What the store did is told late by lag,
// by which the Recorder may have been late. It is called in a bubble of synctest, whose clock it moves. offset is how far that clock is behind
// the one of the Record. It ends early, with an error, if ctx does.
func (r *Record) Play(ctx context.Context, a *Audience, lag time.Duration, stream func(list string) string) (offset time.Duration, err error) {
	r.mu.Lock()
	acts := slices.Clone(r.acts)
	r.mu.Unlock()
	if len(acts) == 0 {
		return 0, nil
	}
	for i := range acts {
		if acts[i].store {
			acts[i].at = acts[i].at.Add(lag)
		}
	}
	slices.SortStableFunc(acts, func(x, y act) int { return x.at.Compare(y.at) })
	offset = acts[0].at.Sub(time.Now())
	run := 0
	for i, x := range acts {
		if err := pause(ctx, x.at.Add(-offset).Sub(time.Now())); err != nil {
			return offset, err
		}
		switch {
		case !x.start:
			x.tell(a)
		case begins(acts[:i], acts[i:]):
			run++
			a.Begins(run)
		}
	}
	a.Finale(stream)
	return offset, nil
}

// begins reports whether a packager that starts begins another run: of a list that it wrote before, the last number falls, or stays and the
// end is gone.
func begins(before, after []act) bool {
	last := map[string][]byte{}
	for _, x := range before {
		if x.list && !x.store {
			last[x.path] = x.text
		}
	}
	for _, x := range after {
		if !x.list || x.store || last[x.path] == nil || bytes.Equal(last[x.path], x.text) { // hlssink2 opens and closes it
			continue
		}
		was, bad := read(last[x.path])
		is, err := read(x.text)
		delete(last, x.path)
		if bad != nil || err != nil {
			continue
		}
		ends, ended := is.first+uint64(len(is.scenes)), was.first+uint64(len(was.scenes))
		if ends < ended || ends == ended && was.ended && !is.ended {
			return true
		}
	}
	return false
}
