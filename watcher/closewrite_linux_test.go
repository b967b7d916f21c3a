package watcher

import (
	"testing"

	"github.com/fsnotify/fsnotify"
)

func TestCloseWriteWorksHere(t *testing.T) {
	t.Parallel()
	a := closeWriteArming(t.Context())
	if !a.exact || a.why != nil {
		t.Fatalf("fsnotify changed, or this kernel has no inotify: %v", a.why)
	}
}

func TestSelfTestNoticesTheDefault(t *testing.T) {
	t.Parallel()
	if err := selfTest(t.Context(), "", defaultAdd); err == nil {
		t.Error("the default operations passed for exact ones")
	}
}

func TestWithOpsChecksTheField(t *testing.T) {
	t.Parallel()
	type renamed struct{ ops fsnotify.Op }
	if _, err := withOps(func(*renamed) {}, fsnotify.Create); err == nil {
		t.Error("accepted an option without the field op")
	}
	type retyped struct{ op uint64 }
	if _, err := withOps(func(o *retyped) { o.op++ }, fsnotify.Create); err == nil {
		t.Error("accepted a field of another type")
	}
	type good struct {
		size int
		op   fsnotify.Op
	}
	option, err := withOps(func(o *good) { o.size = 7 }, fsnotify.Create|closeWrite)
	check(t, err)
	var o good
	option(&o)
	if o.size != 7 || o.op != fsnotify.Create|closeWrite {
		t.Errorf("got %+v", o)
	}
}
