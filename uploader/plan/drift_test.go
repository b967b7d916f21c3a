package plan

import (
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// TestOldBytesArriveFirst: bytes of which a PUT was broken off may still arrive. If others were stored under the name meanwhile, the old
// ones would take their place and stay.
func TestOldBytesArriveFirst(t *testing.T) {
	t.Parallel()
	brokenOff := Outcome{Result: Failed, Kind: store.Transient, Unclear: true, RetryIn: time.Second}
	for name, tt := range map[string]struct {
		lines []string // before the segment
		file  string
	}{
		"a segment of a ring": {nil, "a.ts"},
		"an init section":     {[]string{`#EXT-X-MAP:URI="init.mp4"`}, "init.mp4"},
		"a key":               {[]string{`#EXT-X-KEY:METHOD=AES-128,URI="k.key"`}, "k.key"},
	} {
		named := func(d *desk, number int) {
			d.playlist("x.m3u8", playlistText(number, false, append(tt.lines, "a.ts")...))
		}
		begin := func(t *testing.T, out Outcome) *desk {
			d := newDesk(t, Config{})
			d.media("a.ts")
			if tt.file != "a.ts" {
				d.media(tt.file)
			}
			named(d, 0)
			d.fresh("x.m3u8")
			for _, j := range d.jobs() {
				if j.Path == tt.file {
					d.report(j, out)
				} else {
					d.report(j, Outcome{Result: Done, ETag: "x"})
				}
			}
			return d
		}
		t.Run(name+", written anew", func(t *testing.T) {
			t.Parallel()
			d := begin(t, brokenOff)
			d.tick(500 * time.Millisecond)
			d.media(tt.file)
			named(d, 1)
			d.tick(2 * time.Second)
			d.want()
			d.tick(6 * time.Second)
			d.want("put " + tt.file)
		})
		t.Run(name+", stored, forgotten and written anew", func(t *testing.T) {
			t.Parallel()
			d := begin(t, brokenOff)
			d.tick(time.Second)
			d.want("put " + tt.file)
			d.done("put " + tt.file)
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.media("b.ts")
			d.playlist("x.m3u8", playlistText(1, false, "b.ts"))
			d.want("put b.ts")
			d.done("put b.ts")
			d.want("publish x.m3u8")
			d.gone(tt.file)
			d.done("publish x.m3u8")
			d.want()
			d.media(tt.file)
			d.playlist("y.m3u8", playlistText(0, false, append(tt.lines, "a.ts")...))
			d.fresh("y.m3u8")
			for _, j := range d.jobs() {
				if j.Path == tt.file && j.Op == PutMedia {
					t.Errorf("%s is sent at once", tt.file)
				}
			}
		})
		t.Run(name+", tried again", func(t *testing.T) {
			t.Parallel()
			d := begin(t, brokenOff)
			d.tick(time.Second)
			d.want("put " + tt.file)
		})
		t.Run(name+", written anew after the store said no", func(t *testing.T) {
			t.Parallel()
			d := begin(t, Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Second})
			d.tick(500 * time.Millisecond)
			d.media(tt.file)
			named(d, 1)
			d.tick(2 * time.Second)
			d.want("put " + tt.file)
		})
	}
}

// TestNothingIsCutOff: the first bytes of a file that grows, of which a PUT was broken off, may still arrive, and would cut off what followed
// them. Where that PUT had a condition they cannot.
func TestNothingIsCutOff(t *testing.T) {
	t.Parallel()
	for name, state := range map[string]hls.State{"it grows on": hls.Growing, "it is finished": hls.Settled} {
		for kind, unconditional := range map[string]bool{"on conditions": false, "without": true} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, Config{Unconditional: unconditional})
				d.grows("all.ts", 1000)
				d.fresh("x.m3u8")
				d.want("put all.ts")
				d.answer("put all.ts", Outcome{Result: Failed, Kind: store.Transient, Unclear: true, RetryIn: time.Second})
				d.tick(500 * time.Millisecond)
				d.grown("all.ts", 2000, state)
				d.playlist("x.m3u8", rangesText("all.ts", 2000))
				d.tick(time.Second)
				if unconditional {
					d.want()
					d.tick(6500 * time.Millisecond)
				}
				d.want("put all.ts")
			})
		}
	}
}
