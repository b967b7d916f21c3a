package hls_test

import (
	"sync"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// take is Take that has to succeed.
func take(t *testing.T, a *hls.Account, bytes int64) *hls.Share {
	t.Helper()
	s, ok := a.Take(bytes)
	if !ok {
		t.Fatalf("%d bytes are refused, with %d of %d taken", bytes, a.Used(), a.Limit())
	}
	return s
}

func TestAccountIsBounded(t *testing.T) {
	t.Parallel()
	a := hls.NewAccount(6400)
	large := []*hls.Share{take(t, a, 2000), take(t, a, 2000), take(t, a, 1600)}
	if _, ok := a.Take(200); ok {
		t.Error("large shares take what is reserved for small ones")
	}
	small := take(t, a, 100)
	if a.Used() != 5700 || !a.Tight() {
		t.Errorf("used %d, tight %v", a.Used(), a.Tight())
	}
	freed := a.Freed()
	select {
	case <-freed:
		t.Error("nothing was given back")
	default:
	}
	large[1].Release()
	large[1].Release()
	<-freed
	small.Set(50)
	if a.Used() != 3650 {
		t.Errorf("used %d", a.Used())
	}
	if !small.Grow(1500) || small.Grow(2500) || small.Bytes() != 1500 {
		t.Errorf("a share of %d bytes, with %d taken", small.Bytes(), a.Used())
	}
	if a.Fits(3201) || !a.Fits(3200) {
		t.Error("half of the account is the largest share")
	}
	for _, s := range append(large, small) {
		s.Release()
	}
	if a.Used() != 0 {
		t.Errorf("%d bytes are left", a.Used())
	}
}

func TestLargestShareYields(t *testing.T) {
	t.Parallel()
	a := hls.NewAccount(6400)
	var asked []string
	share := func(name string, bytes int64) *hls.Share {
		s := take(t, a, bytes)
		s.MayYield(func() { asked = append(asked, name) })
		return s
	}
	share("middle", 1500)
	large := share("large", 2000)
	fixed := take(t, a, 2000)
	share("small", 90)
	if _, ok := a.Take(1000); ok {
		t.Fatal("more is taken than there is")
	}
	if len(asked) != 1 || asked[0] != "large" {
		t.Fatalf("asked %q", asked)
	}
	large.Release()
	if s, ok := a.Take(1000); !ok {
		t.Error("what was yielded is not to be had")
	} else {
		s.Release()
	}
	// What is itself the largest asks nobody.
	asked = nil
	if _, ok := a.Take(2100); ok || len(asked) != 0 {
		t.Errorf("taken: %v, asked %q", ok, asked)
	}
	fixed.Release()
}

func TestNoAccountBoundsNothing(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]*hls.Account{"nil": nil, "without a limit": hls.NewAccount(0)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := take(t, a, 1<<50)
			s.MayYield(func() { t.Error("asked") })
			if !s.Grow(1<<60) || a.Tight() || !a.Fits(1<<60) || a.References(1<<20) < 1<<20 {
				t.Error("bounded")
			}
			s.Release()
		})
	}
	(*hls.Share)(nil).Release()
}

func TestAccountIsConcurrent(t *testing.T) {
	t.Parallel()
	a := hls.NewAccount(64 << 10)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := range int64(200) {
				freed := a.Freed()
				s, ok := a.Take(i * 100)
				if !ok && a.Used() > 0 {
					select {
					case <-freed:
					default:
					}
					continue
				}
				s.MayYield(s.Release)
				s.Set(i)
				s.Release()
			}
		})
	}
	all.Wait()
	if a.Used() != 0 {
		t.Errorf("%d bytes are left", a.Used())
	}
}
