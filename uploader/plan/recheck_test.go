package plan

import (
	"testing"
	"time"
)

// TestRecheckWithoutAStore: what a version means is settled in time though nothing may be sent: bytes that come later are not
// what it waited for.
func TestRecheckWithoutAStore(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"an init section": "init.mp4", "a key": "k.key"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tag := map[string]string{"init.mp4": `#EXT-X-MAP:URI="init.mp4"`, "k.key": `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`}[file]
			d := newDesk(t, Config{})
			d.media(file, "a.ts", "b.ts")
			d.playlist("x.m3u8", playlistText(7, false, tag, "a.ts", "b.ts"))
			d.absorb(func(Job) {})
			kept := d.plan.objects[file].disk.Newest()
			d.media("a.ts")
			d.playlist("x.m3u8", playlistText(0, false, tag, "a.ts")) // a new run, which may rewrite the file
			s := d.plan.lists["x.m3u8"].last
			d.plan.Recheck(d.now)
			if s.binds[0].ver != nil {
				t.Fatal("the kept file is taken at once")
			}
			d.tick(2 * time.Second)
			d.plan.Recheck(d.now)
			d.tick(time.Second)
			if s.binds[0].ver != kept {
				t.Error("the kept file is not taken after the time to settle")
			}
			if at, ok := d.plan.Wake(); ok && !at.After(d.now.Add(-time.Minute)) {
				t.Error("what was due is still to be done")
			}
		})
	}
}
