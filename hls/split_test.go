package hls

import "testing"

// tally is a Source, and a Keeper, that counts.
type tally struct {
	released int
	kept     string
}

func (*tally) Open() (Reader, error) { return nil, ErrNotPlaylist }
func (c *tally) Release()            { c.released++ }

type tallyKeeper struct{ tally }

func (c *tallyKeeper) Keep(folder string) { c.kept += folder }

// TestSplit: bytes are let go with the last of those who share them, however often each says so, and are kept for the key of each.
func TestSplit(t *testing.T) {
	t.Parallel()
	s := new(tallyKeeper)
	a, rest := Split(s)
	b, c := Split(rest)
	for i, x := range []Source{a, b, c} {
		x.(Keeper).Keep("abc"[i : i+1])
	}
	if s.kept != "abc" {
		t.Errorf("kept for %q", s.kept)
	}
	for i, x := range []Source{b, a, c} {
		if s.released != 0 {
			t.Errorf("released with %d of three", i)
		}
		x.Release()
		x.Release()
	}
	if s.released != 1 {
		t.Errorf("released %d times, want once", s.released)
	}
	if x, y := Split(new(tally)); isKeeper(x) || isKeeper(y) {
		t.Error("what does not outlive the process has parts that say so")
	}
	if x, y := Split(nil); x != nil || y != nil {
		t.Error("nothing was split into something")
	}
}

func isKeeper(s Source) bool { _, ok := s.(Keeper); return ok }
