package uploader_test

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// unheard are the files that playlists named while no process watched, and that nothing tells the next process of: no playlist
// that it meets names them, and they are not in an unbroken row directly below one that it names, each older than the next. Nobody can know that they were
// ever named, as when a playlist turned to the files of another encoder meanwhile. What a process has heard of once it stays
// responsible for, and so do those after it.
type unheard struct {
	heard  map[string]bool // files that were named while a process watched
	missed map[string]bool // files that were named only while none did
}

// named takes in a playlist that is written, and who hears of that.
func (d *disk) named(list string, text []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range d.references(list, text, false) { // what is to come is not there to be shipped
		d.unheard.name(name, d.events != nil)
	}
}

func (u *unheard) name(name string, watched bool) {
	switch {
	case watched:
		u.heard[name] = true
		delete(u.missed, name)
	case !u.heard[name]:
		u.missed[name] = true
	}
}

// forget has a run of the packager begin: that its names were heard of in a run before says nothing of the bytes that they come with.
func (d *disk) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.unheard.heard)
}

// references are the paths of what a playlist names, with those that it only says are to come or without. The caller holds mu.
func (d *disk) references(list string, text []byte, hints bool) (names []string) {
	parsed, err := hls.ParseFile(list, text, hls.ParseOptions{})
	if err != nil {
		return nil
	}
	for i := range parsed.References {
		if parsed.References[i].Hint && !hints {
			continue
		}
		if name, target := d.site.Resolve(list, parsed.References[i].URI); target == hls.Local {
			names = append(names, name)
		}
	}
	return names
}

// meet has a process hear of the playlists at rest, and of the rows below what they name. The caller holds mu.
func (d *disk) meet() {
	for list, n := range d.names {
		if !hls.Classify(list).IsPlaylist() {
			continue
		}
		for _, name := range d.references(list, n.content, true) {
			for newer := int64(math.MaxInt64); d.names[name] != nil && d.names[name].mtime <= newer; name = below(name) {
				d.unheard.name(name, true)
				newer = d.names[name].mtime
			}
		}
	}
}

// below is the name in the sequence before that of a segment; "" if it is the first, or has no number.
func below(name string) string {
	at := regexp.MustCompile(`\d+\.ts$`).FindStringIndex(name)
	if at == nil {
		return ""
	}
	n, err := strconv.Atoi(name[at[0] : len(name)-len(".ts")])
	if err != nil || n == 0 {
		return ""
	}
	return fmt.Sprintf("%s%d.ts", name[:at[0]], n-1)
}

// nobodyHeard reports whether no process could know that a file was named.
func (d *disk) nobodyHeard(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.unheard.missed[name]
}

func TestNobodyHeard(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files string
		steps func(list func(names string), watch func(bool), begin func())
		want  bool // that nobody heard of s1.ts
	}{
		"named while a process watched": {"s1.ts", func(list func(string), watch func(bool), _ func()) {
			watch(true)
			list("s1.ts")
			watch(false)
			list("b1.ts")
			watch(true)
		}, false},
		"named still": {"s1.ts", func(list func(string), watch func(bool), _ func()) {
			list("s1.ts")
			watch(true)
		}, false},
		"in a row below what is named": {"s1.ts s2.ts s3.ts", func(list func(string), watch func(bool), _ func()) {
			list("s1.ts")
			list("s3.ts")
			watch(true)
		}, false},
		"in a row that was not written in its order": {"s2.ts s1.ts s3.ts", func(list func(string), watch func(bool), _ func()) {
			list("s1.ts")
			list("s3.ts")
			watch(true)
		}, true},
		"below a hole": {"s1.ts s3.ts", func(list func(string), watch func(bool), _ func()) {
			list("s1.ts")
			list("s3.ts")
			watch(true)
		}, true},
		"of an encoder that gave way to another": {"s1.ts b1.ts b2.ts", func(list func(string), watch func(bool), _ func()) {
			list("s1.ts")
			list("b2.ts")
			watch(true)
		}, true},
		"and took over again": {"s1.ts b1.ts", func(list func(string), watch func(bool), _ func()) {
			list("s1.ts")
			list("b1.ts")
			watch(true)
			list("s1.ts")
		}, false},
		"heard of in the run before": {"s1.ts b1.ts", func(list func(string), watch func(bool), begin func()) {
			watch(true)
			list("s1.ts")
			watch(false)
			begin()
			list("s1.ts")
			list("b1.ts")
			watch(true)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDisk()
			for _, file := range strings.Fields(test.files) {
				d.place(file, []byte(file), 0)
			}
			test.steps(func(names string) {
				text := "#EXTM3U\n#EXTINF:1,\n" + strings.Join(strings.Fields(names), "\n#EXTINF:1,\n") + "\n"
				d.named("x.m3u8", []byte(text))
				d.place("x.m3u8", []byte(text), 0)
			}, func(on bool) {
				if d.events = nil; on {
					d.events = make(chan string, 9)
					d.meet()
				}
			}, d.forget)
			if got := d.nobodyHeard("s1.ts"); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestHintsAreNotHeard: a manifest that says of a segment that it is to come tells nobody that it came.
func TestHintsAreNotHeard(t *testing.T) {
	t.Parallel()
	for name, complete := range map[string]int{"to come": 1, "counted": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d, p := newDisk(), &packager{segment: time.Second, window: 9, began: time.Unix(1_790_000_000, 0)}
				d.events = make(chan string, 9)
				d.named("x.mpd", []byte(p.numbers("", 1, complete)))
				d.events = nil
				d.named("x.mpd", []byte(p.numbers("", 1, 2)))
				if got := d.nobodyHeard("seg2.ts"); got != (complete == 1) {
					t.Errorf("got %v", got)
				}
			})
		})
	}
}
