package recorder

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/edition"
	"github.com/hlsship/hlsship/uploader/plan/session"
	"github.com/hlsship/hlsship/uploader/recording"
)

// locks has a packager list a segment that is there, whose map and whose key are not.
func (d *deck) locks(in string, ended bool) {
	d.Helper()
	text := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=AES-128,URI=\"k.key\"\n#EXT-X-MAP:URI=\"i.mp4\"\n#EXTINF:2,\ns0.m4s\n"
	if ended {
		text += "#EXT-X-ENDLIST\n"
	}
	list, err := hls.Parse([]byte(text))
	if err != nil {
		d.Fatal(err)
	}
	version, err := edition.Read([]byte(text), list)
	if err != nil {
		d.Fatal(err)
	}
	d.Heard(&hls.File{Path: "a.m3u8", State: hls.Settled, Kind: list.Kind, Seen: d.now, Playlist: list})
	l := session.Listing{Playlist: "a.m3u8", Text: version, Seen: d.now, Ended: ended, Session: in, Places: make([]session.Place, len(list.References))}
	for i, ref := range list.References {
		l.Places[i] = session.Place{Session: in, Path: ref.URI, Fate: session.Awaited}
		if ref.URI == "s0.m4s" {
			l.Places[i].Fate = session.Known
		}
	}
	d.Listed(l, d.opened)
}

// seals returns how often a session is sealed when all that is to be done is done.
func (d *deck) seals() int {
	n := 0
	for _, path := range d.does(Answer{Result: Done}) {
		if path == one+"/session.json" {
			n++
		}
	}
	return max(0, n-1) // one of them stores it
}

// TestKeysThatComeLate: a session whose segments need a key or a map that did not come is not closed without them at once, and is closed again with
// what came later still.
func TestKeysThatComeLate(t *testing.T) {
	t.Parallel()
	for name, over := range map[string]func(d *deck){
		"its list ended":             func(d *deck) { d.locks(one, true) },
		"its list goes on elsewhere": func(d *deck) { d.locks(one, false); d.lists("a.m3u8", two, 1, 0, false) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeck(t)
			over(d)
			if n := d.seals(); n != 0 {
				t.Errorf("sealed %d times before its key came", n)
			}
			for i, file := range []string{"k.key", "i.mp4"} {
				d.Given(one+"/"+file, 16, false, d.now, d.opened)
				d.Stored(one+"/"+file, 16)
				if n := d.seals(); n != i {
					t.Errorf("sealed %d times when %s is there", n, file)
				}
			}
		})
	}
	t.Run("behind its end", func(t *testing.T) {
		t.Parallel()
		d := newDeck(t)
		d.locks(one, true)
		d.now = d.now.Add(time.Minute)
		if n := d.seals(); n != 1 {
			t.Errorf("sealed %d times", n)
		}
		for _, file := range []string{"k.key", "i.mp4"} {
			d.Given(one+"/"+file, 16, false, d.now, d.opened)
			if n := d.seals(); n != 1 {
				t.Errorf("sealed %d times more with %s", n, file)
			}
		}
	})
	t.Run("while it is sealed", func(t *testing.T) {
		t.Parallel()
		d := newDeck(t)
		d.locks(one, true)
		d.now = d.now.Add(time.Minute)
		var old Task
		for old.Op != SealAll {
			if old, _ = d.Next(d.now, func(bool) bool { return true }); old.Op == PutChunk {
				d.Report(old, Answer{Result: Done}, d.now)
			}
		}
		d.Given(one+"/k.key", 16, false, d.now, d.opened)
		d.Report(old, Answer{Result: Done, Seal: &recording.Seal{Files: []recording.File{{Path: "old.m3u8"}}}}, d.now)
		if got := d.does(Answer{Result: Done}); slices.Contains(got, one+"/old.m3u8") || !slices.Contains(got, one+"/a.m3u8") {
			t.Errorf("stored %q", got)
		}
	})
}

// TestWhatIsLostOfAFileThatGrows: the store has the first bytes of it, as it said, whatever became of those that were sent behind them.
func TestWhatIsLostOfAFileThatGrows(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		act  func(m *media)
		lost int64 // -1 for nothing
	}{
		"with the last request under way":   {func(m *media) { m.store("f", 10); m.give("f", 20, true); m.lose("f", 0) }, 10},
		"it is told again":                  {func(m *media) { m.store("f", 10); m.give("f", 20, true); m.lose("f", 0); m.store("f", 10) }, 10},
		"the rest arrives":                  {func(m *media) { m.give("f", 20, true); m.lose("f", 10); m.store("f", 20) }, -1},
		"nothing is stored":                 {func(m *media) { m.lose("f", 0) }, 0},
		"a look finds less":                 {func(m *media) { m.store("f", 10); m.give("f", 20, true); m.found("f", 0, false) }, 0},
		"it goes on growing, and is stored": {func(m *media) { m.give("f", 20, true); m.give("f", 30, true); m.store("f", 20); m.store("f", 30) }, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMedia()
			m.give("f", 10, true)
			tt.act(&m)
			if has, ok := m.lost["f"]; ok != (tt.lost >= 0) || ok && has != tt.lost {
				t.Errorf("lost %v, and %d bytes of it are stored, want %d", ok, has, tt.lost)
			}
		})
	}
}

// TestGapsAreTold: where not all chunks of a list are kept, whoever goes on with what is kept knows it, and asks the store.
func TestGapsAreTold(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		mine bool // this process opened the session
		act  func(d *deck)
		want bool
	}{
		"all is kept": {true, func(d *deck) { d.now = d.now.Add(30 * time.Second) }, false},
		"it was closed for good, and a list": {true, func(d *deck) {
			d.now = d.now.Add(3 * time.Minute)
			d.does(Answer{Result: Done})
			d.lists("a.m3u8", one, 4, 0, false)
		}, true},
		"it was closed for good, and a chunk": {true, func(d *deck) {
			d.now = d.now.Add(3 * time.Minute)
			d.does(Answer{Result: Done})
			d.lists("a.m3u8", one, 99, 0, false)
			d.now = d.now.Add(2 * time.Minute)
		}, true},
		"another process opened it": {false, func(*deck) {}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &deck{T: t, Recorder: New(Config{End: time.Minute, Keep: true}), now: time.Unix(1_800_000_000, 0), foreign: !tt.mine}
			d.lists("a.m3u8", one, 3, 0, false)
			d.does(Answer{Result: Done})
			tt.act(d)
			d.does(Answer{Result: Done})
			parts := d.Parts()
			next := &deck{T: t, Recorder: New(Config{End: time.Minute, Keep: true, Left: parts}), now: d.now, foreign: true}
			next.lists("a.m3u8", one, 5, 0, false)
			s := next.sessions[one]
			if got := s.tracks["a.m3u8"].made < 0; got != tt.want || s.index.known == tt.want {
				t.Errorf("it is known that some are missing: %v, want %v, and the index is known: %v", got, tt.want, s.index.known)
			}
			o := &Order{Session: one, Made: map[string]int{"a.m3u8": strings.Count(sorts(parts), "c")}}
			if got := len(o.Kept(parts)) == 0; got != tt.want && strings.Contains(sorts(parts), "c") {
				t.Errorf("what is kept is read from the store: %v, want %v", got, tt.want)
			}
		})
	}
}

func sorts(parts []Part) string {
	var all strings.Builder
	for _, p := range parts {
		if all.WriteByte(byte(p.Sort)); p.Sort == Over {
			all.Reset()
		}
	}
	return all.String()
}
