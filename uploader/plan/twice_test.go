package plan

import (
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// TestGrowthToldTwice: what is told of once more while the store is asked for it is stored when the store has it.
func TestGrowthToldTwice(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]func(d *desk, f hls.File){
		"the very same":           func(d *desk, f hls.File) { d.plan.Observe(f) },
		"no longer found at rest": func(d *desk, f hls.File) { f.Found, f.Seen = false, d.now; d.plan.Observe(f) },
		"twice more":              func(d *desk, f hls.File) { d.plan.Observe(f); d.plan.Observe(f) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			f := d.file("s0.ts")
			f.Found, f.Growth = true, 7
			d.plan.Observe(f)
			d.atRest("x.m3u8", playlistText(0, false, "s0.ts"))
			d.want("fetch x.m3u8")
			d.absent("fetch x.m3u8")
			d.want("compare s0.ts")
			then(d, f)
			d.answer("compare s0.ts", Outcome{Result: Done, ETag: "some"})
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			if left := d.plan.Unshipped(); len(left) > 0 || d.plan.account.files > 0 {
				t.Errorf("%d files wait, unshipped: %q", d.plan.account.files, left)
			}
		})
	}
}
