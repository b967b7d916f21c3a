package plan

import (
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// TestNeedlessIsNotAskedForever: bytes that nobody names and that would go over others are asked about until all that lay in the directory is known,
// and not again at a time that is over.
func TestNeedlessIsNotAskedForever(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"init.mp4", "k.key"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.found(name)
			o := d.plan.object(name)
			v := o.disk.Newest()
			v.Want()
			v.Compare()
			o.cell.Differs("some")
			o.classify(hls.Classify(name))
			if !d.plan.needless(o) || d.now.Before(d.plan.met()) {
				t.Fatal("it is not needless, or too early")
			}
			if ok, again := d.plan.mayOverwrite(o, v); ok || !again.IsZero() {
				t.Errorf("allowed: %v, asked again at %v, and it is %v", ok, again, d.now)
			}
		})
	}
}
