package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// desk plays a directory and a store to a Machine, by hand. Bytes are words, and their inode numbers stand for them.
type desk struct {
	t      *testing.T
	m      *Machine
	now    time.Time
	stored map[string]string // bytes, by their keys
	lists  map[string]string // what is published, by paths
	inodes map[string]uint64
	words  map[uint64]string
	sent   map[string]string // bytes that went to the Plan, by their keys
	files  map[string]hls.File
	runs   map[string]string // the last session that a run of a list began in
}

func newDesk(t *testing.T) *desk {
	d := &desk{
		t: t, now: time.Unix(1_000_000_000, 0), stored: map[string]string{}, lists: map[string]string{},
		inodes: map[string]uint64{}, words: map[uint64]string{}, sent: map[string]string{}, files: map[string]hls.File{}, runs: map[string]string{},
	}
	d.m = New(Config{}, Surroundings{
		Settle: time.Second, Include: func(string) bool { return false }, Noted: func(string, hls.Version) string { return "" },
	})
	return d
}

// version returns that of bytes which were written so many seconds after the desk was laid.
func (d *desk) version(bytes string, written int) hls.Version {
	if d.inodes[bytes] == 0 {
		d.inodes[bytes] = uint64(len(d.inodes) + 1)
		d.words[d.inodes[bytes]] = bytes
	}
	return hls.Version{Inode: d.inodes[bytes], Size: 1, ModTime: int64(time.Duration(written) * time.Second)}
}

// found has the Machine meet a file at rest, and wrote hear of one that is finished now.
func (d *desk) found(path, bytes string, written int) { d.file(path, bytes, written, true) }
func (d *desk) wrote(path, bytes string)              { d.file(path, bytes, 1000, false) }

func (d *desk) file(path, bytes string, written int, found bool) {
	f := hls.File{Path: path, State: hls.Settled, Kind: hls.Media, Version: d.version(bytes, written), Seen: d.now, Found: found, Source: new(spent)}
	if strings.HasSuffix(path, ".m3u8") {
		p, err := hls.Parse([]byte(bytes))
		if err != nil {
			d.t.Fatal(err)
		}
		f.Kind, f.Content, f.Playlist = p.Kind, []byte(bytes), p
	}
	d.files[path] = f
	d.m.Observe(f)
}

// later lets time go by.
func (d *desk) later(by time.Duration) {
	for end := d.now.Add(by); ; {
		for range 8 { // what the store is asked is told and taken in
			d.carryOut(d.m.Take(d.now))
		}
		at := d.m.Wake()
		if at.IsZero() || at.After(end) {
			d.now = end
			return
		}
		if at.After(d.now) {
			d.now = at
		}
	}
}

func (d *desk) carryOut(e Effects) {
	for _, f := range e.Facts {
		if f.State == hls.Settled && f.Playlist == nil {
			if bytes := d.words[f.Version.Inode]; d.stored[f.Path] == "" || d.stored[f.Path] == bytes {
				d.stored[f.Path], d.sent[f.Path] = bytes, bytes
			} else {
				d.m.Conflict(f.Path)
			}
		}
	}
	for _, q := range e.Questions {
		switch have := d.stored[q.Key]; have {
		case "":
			d.m.Answered(q.ID, None)
		case d.words[q.File.Version.Inode]:
			d.m.Answered(q.ID, Same)
		default:
			d.m.Answered(q.ID, Other)
		}
	}
	for _, x := range e.Events {
		if x.Kind == "run" {
			d.runs[x.Playlist] = x.Name
		}
	}
	for _, path := range e.Looks {
		f := d.files[path]
		f.Source = new(spent)
		d.m.Observe(f)
	}
	for _, path := range e.Fetch {
		if text := d.lists[path]; text != "" {
			d.m.Published(path, []byte(text))
		} else {
			d.m.Published(path, nil)
		}
	}
}

// text returns a media playlist of segments of two seconds, with an initialization section unless init is empty.
func text(number int, folder, init string, segments ...string) string {
	s := fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", number)
	if init != "" {
		s += fmt.Sprintf("#EXT-X-MAP:URI=%q\n", folder+init)
	}
	for _, x := range segments {
		s += "#EXTINF:2,\n" + folder + x + "\n"
	}
	return s
}

// TestInitSectionOfTheNextRun: an init section that is younger than a list which was met at rest may be of a run that has no list yet. It goes to
// no folder until a list says which run that is.
func TestInitSectionOfTheNextRun(t *testing.T) {
	t.Parallel()
	const old = "20010909T000000Z/"
	for name, c := range map[string]struct {
		published string // what the earlier process published
		stored    map[string]string
		written   int // when the next run's init section was, by the clock of the files
		then      string
		want      int // folders that have it after that
		late      int // and after a while without news
	}{
		"nothing is published, a run begins": {then: "run", written: 30, want: 1, late: 1},
		"nothing is published, it goes on":   {then: "list", written: 30, want: 1, late: 1},
		"nothing is published, nothing else": {written: 30, late: 1},
		"it is published":                    {published: text(4, old, "init.mp4", "s4.m4s", "s5.m4s"), written: 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			if d.lists["x.m3u8"] = c.published; c.published != "" {
				d.stored = map[string]string{old + "init.mp4": "init", old + "s4.m4s": "4", old + "s5.m4s": "5"}
			}
			d.found("s4.m4s", "4", 10)
			d.found("s5.m4s", "5", 12)
			d.found("x.m3u8", text(4, "", "init.mp4", "s4.m4s", "s5.m4s"), 13)
			d.found("init.mp4", "next init", c.written)
			have := func() (n int) {
				for _, bytes := range d.sent {
					if bytes == "next init" {
						n++
					}
				}
				return n
			}
			if d.later(2 * time.Second); have() != 0 {
				t.Fatalf("a folder has it at once: %v", d.sent)
			}
			switch c.then {
			case "run":
				d.wrote("s0.m4s", "next 0")
				d.wrote("x.m3u8", text(0, "", "init.mp4", "s0.m4s"))
			case "list":
				d.wrote("s6.m4s", "6")
				d.wrote("x.m3u8", text(5, "", "init.mp4", "s5.m4s", "s6.m4s"))
			}
			if d.later(time.Millisecond); c.then == "run" {
				d.later(1500 * time.Millisecond) // it may be written again for the run
			}
			if have() != c.want {
				t.Errorf("%d folders have it, want %d: %v", have(), c.want, d.sent)
			}
			if d.later(time.Minute); have() != c.late {
				t.Errorf("%d folders have it in the end, want %d: %v", have(), c.late, d.sent)
			}
			for key, bytes := range d.sent {
				if folder, _, _ := strings.Cut(key, "/"); bytes == "next init" && c.then == "run" && d.sent[folder+"/s4.m4s"] != "" {
					t.Errorf("%s has it, and segments of the run before", folder)
				}
			}
		})
	}
}

// TestSlatesAreOfEveryRun: a slate that every run lists does not say that a run goes on, where segments of its own are others.
func TestSlatesAreOfEveryRun(t *testing.T) {
	t.Parallel()
	const old = "20010909T000000Z/"
	for name, c := range map[string]struct {
		kept bool   // the slate is kept for the session before and not stored
		last string // the bytes of the last segment
		more bool   // it has another name than the one that is published
		want bool   // a run begins
	}{
		"another run":                       {last: "next 5", want: true},
		"another run, and a slate is kept":  {kept: true, last: "next 5", want: true},
		"another run, far behind":           {last: "next 8", more: true, want: true},
		"the same run":                      {last: "5"},
		"the same run, and a slate is kept": {kept: true, last: "5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.lists["x.m3u8"] = text(4, old, "", "slate.ts", "s5.ts")
			d.stored = map[string]string{old + "slate.ts": "slate", old + "s5.ts": "5"}
			d.found("slate.ts", "slate", 1)
			if c.kept {
				delete(d.stored, old+"slate.ts")
				f := hls.File{Path: "slate.ts", State: hls.Settled, Kind: hls.Media, Version: d.version("slate", 1), Seen: d.now, Found: true, Spooled: true, Named: true, Folders: []string{old}, Source: new(spent)}
				d.m.Observe(f)
			}
			name := "s5.ts"
			if c.more {
				name = "s8.ts"
			}
			d.found(name, c.last, 12)
			d.found("x.m3u8", text(4, "", "", "slate.ts", name), 13)
			if d.later(5 * time.Second); (d.runs["x.m3u8"] != "") != c.want {
				t.Errorf("a run began in %q, want one: %v", d.runs["x.m3u8"], c.want)
			}
			if strings.HasPrefix(c.last, "next") {
				for key, bytes := range d.sent {
					if bytes == c.last && strings.HasPrefix(key, old) {
						t.Errorf("%s is of another run", key)
					}
				}
			}
		})
	}
}

// TestRenditionThatIsLate: a list that went on with the run before, as its packager had not written it again when this process looked, comes to
// the run that the others were found in.
func TestRenditionThatIsLate(t *testing.T) {
	t.Parallel()
	const old = "20010909T000000Z/"
	d := newDesk(t)
	for _, x := range []string{"a", "b"} {
		d.lists[x+".m3u8"] = text(4, old, "", x+"4.ts", x+"5.ts", x+"6.ts")
		for _, n := range []string{"4", "5", "6"} {
			d.stored[old+x+n+".ts"] = x + n
		}
	}
	d.found("a4.ts", "next a4", 20)
	d.found("a.m3u8", text(4, "", "", "a4.ts"), 21)
	for i, n := range []string{"4", "5", "6"} {
		d.found("b"+n+".ts", "b"+n, 10+2*i)
	}
	d.found("b.m3u8", text(4, "", "", "b4.ts", "b5.ts", "b6.ts"), 15)
	d.later(time.Second)
	d.wrote("b4.ts", "next b4")
	d.wrote("b.m3u8", text(4, "", "", "b4.ts"))
	if d.later(2 * time.Second); d.runs["a.m3u8"] == "" || d.runs["a.m3u8"] != d.runs["b.m3u8"] {
		t.Errorf("one run has two sessions: %v", d.runs)
	}
}
