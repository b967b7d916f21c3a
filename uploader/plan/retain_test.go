package plan

import (
	"testing"
	"time"
)

// TestNamedWhileCompared: bytes of which nobody knows yet whether the store has them are kept as named as soon as a playlist names them. Were
// the process killed now, the next one would not know that anybody ever did.
func TestNamedWhileCompared(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lists, files string // in which order: "list" or "file" first
		again        bool   // a playlist names them
	}{
		"finished before":          {"second", "first", true},
		"finished behind":          {"first", "second", true},
		"named by no playlist yet": {"", "first", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.media("s0.ts", "s1.ts")
			d.playlist("x.m3u8", playlistText(0, true, "s0.ts", "s1.ts"))
			d.absorb(func(Job) {})
			d.tick(time.Minute)
			f, source := d.file("s0.ts"), &leaf{}
			f.Source = source
			for _, order := range []string{"first", "second"} {
				if test.lists == order {
					d.playlist("x.m3u8", playlistText(0, false, "s0.ts"))
				}
				if test.files == order {
					d.plan.Observe(f)
				}
			}
			d.want("compare s0.ts")
			d.settle()
			if source.kept != test.again || source.released {
				t.Errorf("kept as named: %v, released: %v", source.kept, source.released)
			}
		})
	}
}
