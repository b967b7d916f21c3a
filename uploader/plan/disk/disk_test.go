package disk

import (
	"math"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// TestReach: a file that grows is stored as far as it is, what is finished is whole, and what is known from the store alone is as long
// as that says.
func TestReach(t *testing.T) {
	t.Parallel()
	growing := New(1, hls.File{State: hls.Growing, Version: hls.Version{Size: 10}}, "")
	longer := growing.Longer(hls.File{State: hls.Settled, Version: hls.Version{Size: 15}}, 10)
	for name, tt := range map[string]struct {
		v    *Version
		need int64
		want bool
	}{
		"growing, within":         {growing, 10, true},
		"growing, beyond":         {growing, 11, false},
		"growing, all of it":      {growing, math.MaxInt64, false},
		"finished, beyond":        {longer, 100, true},
		"finished, all":           {longer, math.MaxInt64, true},
		"in the store, within":    {Stored(2, 10), 10, true},
		"in the store, beyond":    {Stored(2, 10), 11, false},
		"in the store, all of it": {Stored(2, 10), math.MaxInt64, true},
	} {
		if got := tt.v.Reaches(tt.need); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if longer.ID != growing.ID || longer.Size() != 5 || !longer.Compared() {
		t.Errorf("longer: %s, %d bytes to be stored", longer, longer.Size())
	}
}

// TestComparison: what may be stored already is compared, and counts for nothing of what waits only if it is likely to be.
func TestComparison(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		play                func(v *Version)
		questioned, compare bool
		unsure              bool
	}{
		"new":                      {func(*Version) {}, false, false, false},
		"met at rest":              {(*Version).Question, true, false, true},
		"somebody else may name":   {(*Version).Suspect, true, false, false},
		"both":                     {func(v *Version) { v.Question(); v.Suspect() }, true, false, true},
		"listed":                   {func(v *Version) { v.Question(); v.List() }, true, false, true},
		"listed, and asked again":  {func(v *Version) { v.List(); v.Question() }, true, false, true},
		"nothing is there":         {func(v *Version) { v.Question(); v.Close() }, false, false, false},
		"others are there":         {func(v *Version) { v.Question(); v.Compare() }, false, true, false},
		"compared, and sent":       {func(v *Version) { v.Compare(); v.Close() }, false, true, false},
		"compared, and suspected":  {func(v *Version) { v.Compare(); v.Suspect() }, false, true, false},
		"the bucket is a new one":  {func(v *Version) { v.Compare(); v.Reopen() }, true, false, true},
		"listed, and a new bucket": {func(v *Version) { v.List(); v.Reopen() }, true, false, true},
	} {
		v := New(1, hls.File{}, "noted")
		tt.play(v)
		if v.Unsure() {
			t.Errorf("%s: it is unsure, and does not wait", name)
		}
		v.Count()
		if v.Questioned() != tt.questioned || v.Compared() != tt.compare || v.Unsure() != tt.unsure {
			t.Errorf("%s: %s", name, v)
		}
	}
}

// TestWrittenOnceMore: the same bytes with another file are the same version, which is named if either is and kept anew.
func TestWrittenOnceMore(t *testing.T) {
	t.Parallel()
	v := New(1, hls.File{Named: true, Version: hls.Version{Size: 5}}, "")
	v.Keep()
	v.Again(hls.File{Version: hls.Version{Size: 5, ModTime: 7}})
	if !v.File.Named || v.Kept() || v.File.Version.ModTime != 7 {
		t.Errorf("written again: %s, named %t", v, v.File.Named)
	}
	v.File.Named = false
	v.Refresh(hls.File{Named: true})
	if !v.File.Named {
		t.Error("an earlier process knew it as named")
	}
}

// TestEntry plays what a packager does to a path.
func TestEntry(t *testing.T) {
	t.Parallel()
	at := func(s int64) hls.File { return hls.File{Seen: time.Unix(s, 0)} }
	var e Entry
	e.Appear(true)
	if !e.Gone() {
		t.Error("what the spool alone has is in the directory")
	}
	first, second, third := New(1, at(1), ""), New(2, at(2), ""), New(3, at(3), "")
	e.Adopt(first, true)
	e.Appear(true)
	if e.Appear(false); e.Gone() || e.Newest() != first {
		t.Error("what the directory turned out to have is gone")
	}
	e.Adopt(second, true) // the first is stored
	e.Adopt(third, false) // the second never was
	if since := e.Unsettled(); !since.Equal(time.Unix(2, 0)) {
		t.Errorf("other bytes than those stored since %v", since)
	}
	if old := e.Consider(first); old != nil || e.Candidate() != first {
		t.Error("the candidate")
	}
	if old := e.Consider(second); old != first {
		t.Error("the candidate before it is forgotten, and its source held for ever")
	}
	if !e.Look() || e.Look() {
		t.Error("the watcher is asked twice, or never")
	}
	if e.LookAgain(); !e.Look() {
		t.Error("the watcher is not asked again")
	}
	e.Discard()
	e.Lose(true)
	e.Recall(third)
	if got := e.Answered(); got != third || e.Recalled() != nil || e.Answered() != nil {
		t.Error("what was recalled")
	}
	e.Lose(true)
	if e.Adopt(first, true); e.Lost() {
		t.Error("new bytes are lost")
	}
}
