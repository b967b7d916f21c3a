package uploader_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/plan/recorder"
	"github.com/hlsship/hlsship/uploader/recording"
)

// tapes are what a disk keeps of recordings. Parts that a kill met may be lost.
type tapes struct {
	mu    sync.Mutex
	parts []recorder.Part
}

func (x *tapes) Left() []recorder.Part {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.parts)
}

func (x *tapes) Keep(parts []recorder.Part) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.parts = append(x.parts, parts...)
	for _, p := range parts {
		if p.Sort == recorder.Over {
			x.parts = slices.DeleteFunc(x.parts, func(old recorder.Part) bool { return old.Session == p.Session })
		}
	}
}

func (x *tapes) Kept(session string) (all []recorder.Part) {
	for _, p := range x.Left() {
		if p.Session == session {
			all = append(all, p)
		}
	}
	return all
}

// court judges recordings: what closes a session names only what is stored, and in the end all that was listed and is stored.
type court struct {
	record *uploader.Record // nil if nothing is recorded
	tapes  *tapes           // nil if nothing is kept
	prefix string

	mu     sync.Mutex
	there  map[string]bool
	listed map[string][]string // by the paths of closing lists: the paths that the live one had, in their order
	closed map[string][]byte
	wrong  []string
}

// randomCourt decides whether a stream is recorded.
func (th *theatre) randomCourt() (c *court) {
	dice := th.dice(16)
	if th.audience == nil || dice.IntN(2) == 0 {
		return &court{}
	}
	c = &court{record: &uploader.Record{End: time.Duration(5+dice.IntN(60)) * time.Second}, prefix: "live/", there: map[string]bool{}, listed: map[string][]string{}, closed: map[string][]byte{}}
	c.tapes = &tapes{}
	return c
}

func (c *court) accuse(format string, args ...any) {
	if len(c.wrong) < 5 {
		c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
	}
}

// changed tells of a change of the store, and reports whether it is a part of a recording, of which nobody else need hear.
func (c *court) changed(key string, content []byte) (ours bool) {
	if c.record == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	at := strings.TrimPrefix(key, c.prefix)
	folder, rest := hls.SessionOf(at)
	switch _, _, chunk := recording.ParseChunkName(rest); {
	case folder == "":
		if isEdited(key) && content != nil {
			c.lists(at, content)
		}
		return false
	case chunk || rest == recording.SessionSummary:
	case path.Ext(rest) == ".m3u8":
		if c.closed[at] = content; path.Base(rest) != "master.m3u8" {
			c.judge(at, content)
		}
	default:
		c.there[at] = content != nil
		return false
	}
	return true
}

// lists takes in what a live playlist has.
func (c *court) lists(at string, content []byte) {
	for _, name := range segmentsOf(at, content) {
		folder, _ := hls.SessionOf(name)
		session, _, _ := strings.Cut(folder, "/")
		if to := session + "/" + at; session != "" && !slices.Contains(c.listed[to], name) {
			c.listed[to] = append(c.listed[to], name)
		}
	}
}

// segmentsOf returns the paths of the segments of a playlist, with the byte ranges that they have.
func segmentsOf(at string, content []byte) (all []string) {
	list, err := hls.Parse(content)
	if err != nil {
		return nil
	}
	for _, ref := range list.References {
		name, target := hls.Site{}.Resolve(at, ref.URI)
		if ref.Kind != hls.Media && ref.Kind != hls.Subtitle || ref.Gap || ref.Hint || target != hls.Local {
			continue
		}
		if ref.Length > 0 {
			name += fmt.Sprintf("@%d+%d", ref.Offset, ref.Length)
		}
		all = append(all, name)
	}
	return all
}

// judge looks at a closing list.
func (c *court) judge(at string, content []byte) {
	list, err := hls.Parse(content)
	if err != nil || !list.Ended {
		c.accuse("%s: %v\n%s", at, err, content)
		return
	}
	for _, ref := range list.References {
		name, target := hls.Site{}.Resolve(at, ref.URI)
		if target == hls.Local && !ref.Gap && !ref.Hint && !c.there[name] {
			c.accuse("%s names %s, which is not stored", at, name)
		}
	}
}

// finale judges the end: each session is closed, with all that was listed and is stored, in its order, but for what its summary says was cut.
func (c *court) finale(contents map[string][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, at := range slices.Sorted(maps.Keys(c.listed)) {
		want := slices.DeleteFunc(slices.Clone(c.listed[at]), func(name string) bool {
			return !c.there[fileOf(name)]
		})
		if len(want) == 0 {
			continue
		}
		folder, rest := hls.SessionOf(at)
		var sum recording.Summary
		if err := json.Unmarshal(contents[c.prefix+folder+recording.SessionSummary], &sum); err != nil {
			c.accuse("%s is not closed (%v), and these were listed: %s", at, err, strings.Join(want, " "))
			continue
		}
		got := segmentsOf(at, c.closed[at])
		none := len(got) == 0
		head, tail := 0.0, 0.0
		for _, l := range sum.Lists {
			if l.Path == rest {
				head, tail = l.Head, l.Tail
			}
		}
		count := map[string]int{}
		for _, name := range got {
			count[name]++
		}
		again := func(name string) bool { return count[name] > 1 } // an advertisement comes more than once
		want = slices.DeleteFunc(want, func(name string) bool { return again(name) || c.twice(name, got, contents) })
		got = slices.DeleteFunc(got, func(name string) bool { return again(name) || !slices.Contains(want, name) })
		if head > 0 && len(got) > 0 {
			want = want[max(0, slices.Index(want, got[0])):]
		}
		if tail > 0 && len(got) > 0 {
			want = want[:slices.Index(want, got[len(got)-1])+1]
		}
		if !none && len(got) == 0 && head+tail >= float64(len(want)) { // it lists others, and all that players were shown is cut: a segment is a second at least
			continue
		}
		if !slices.Equal(got, want) {
			c.accuse("%s has\n\t%s, and these were listed and are stored:\n\t%s", at, strings.Join(got, " "), strings.Join(want, " "))
		}
	}
}

// twice reports whether a segment is none of those that a closing list has, but the same one stands there in another variant: the live list may name both
// where a process could not tell what the one before it had stored.
func (c *court) twice(name string, got []string, contents map[string][]byte) bool {
	_, at := hls.SessionOf(name)
	return !slices.Contains(got, name) && slices.ContainsFunc(got, func(other string) bool {
		_, is := hls.SessionOf(other)
		return is == at && bytes.Equal(contents[c.prefix+fileOf(name)], contents[c.prefix+fileOf(other)])
	})
}

// fileOf returns a path without the byte range behind it.
func fileOf(name string) string {
	file, _, _ := strings.Cut(name, "@")
	return file
}

// recorded has a process record.
func (th *theatre) recorded(c *uploader.Config) {
	if c.Record = th.court.record; c.Record != nil {
		c.Tapes = th.court.tapes
	}
}

// convict tells what is wrong with the recordings in the end.
func (th *theatre) convict(p *packager, contents map[string][]byte) {
	if th.court.record == nil {
		return
	}
	if p.standby == 0 { // of which the one behind takes the place of what the first one had under that number
		th.court.finale(contents)
	}
	for _, w := range th.court.wrong {
		th.t.Error(w)
	}
}
