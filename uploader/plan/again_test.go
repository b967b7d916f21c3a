package plan

import (
	"crypto/sha256"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// summed is a file of which the watcher read the bytes.
func (d *desk) summed(name, content string) hls.File {
	f := d.file(name)
	f.Sum = sha256.Sum256([]byte(content))
	return f
}

// TestPlanKnowsWhatIsWrittenAgain: an init section or key that is written again with the same bytes holds up nothing, whatever became
// of it meanwhile; with other bytes it does, as they may be of the next run.
func TestPlanKnowsWhatIsWrittenAgain(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{"i.mp4": `#EXT-X-MAP:URI="i.mp4"`, "k.key": `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`} {
		put := "put " + name
		write := func(d *desk, content string) { d.plan.Observe(d.summed(name, content)) }
		for what, play := range map[string]func(d *desk, next string){
			"before anything is sent": func(d *desk, next string) {
				write(d, next)
			},
			"while it is sent": func(d *desk, next string) {
				d.want(put)
				write(d, next)
				d.done(put)
			},
			"and the bytes that are sent are void": func(d *desk, next string) {
				d.want(put)
				d.answer(put, Outcome{Result: Void})
				if looks := d.plan.Looks(); len(looks) != 1 {
					t.Errorf("looks: got %q, want one", looks)
				}
				write(d, next)
			},
			"before it is known that they are void": func(d *desk, next string) {
				d.want(put)
				write(d, next)
				d.answer(put, Outcome{Result: Void})
			},
			"and the first source is gone": func(d *desk, next string) {
				d.want(put)
				write(d, next)
				d.answer(put, Outcome{Result: Gone})
			},
			"when it is stored": func(d *desk, next string) {
				d.want(put)
				d.done(put)
				write(d, next)
			},
		} {
			for _, next := range []string{"one", "another"} {
				t.Run(name+" "+what+", with "+next, func(t *testing.T) {
					t.Parallel()
					d := newDesk(t, Config{})
					write(d, "one")
					d.playlist("x.m3u8", playlistText(0, false, line))
					d.fresh("x.m3u8")
					play(d, next)
					published := false
					d.absorb(func(j Job) { published = published || j.Op == PutPlaylist })
					if want := next == "one" || what == "when it is stored" || what == "while it is sent"; published != want {
						t.Errorf("published at once: %v, want %v", published, want)
					}
				})
			}
		}
	}
}

// TestPlanTakesTheLastOfWhatIsWrittenAgain: the bytes of before come back while others are compared with what is stored. They are what
// the name has now.
func TestPlanTakesTheLastOfWhatIsWrittenAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{})
	d.plan.Observe(d.summed("i.mp4", "one"))
	d.playlist("x.m3u8", playlistText(0, false, `#EXT-X-MAP:URI="i.mp4"`))
	d.fresh("x.m3u8")
	d.want("put i.mp4")
	d.done("put i.mp4")
	d.want("publish x.m3u8")
	d.done("publish x.m3u8")
	d.plan.Observe(d.summed("i.mp4", "another"))
	last := d.summed("i.mp4", "one")
	d.plan.Observe(last)
	d.absorb(func(Job) {})
	if v := d.plan.objects["i.mp4"].newest; v.file.Version != last.Version {
		t.Errorf("newest: %+v, want %+v", v.file.Version, last.Version)
	}
}
