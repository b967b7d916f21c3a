package hls

import (
	"math"
	"slices"
	"sync"
	"testing"
)

// take is Take that has to succeed.
func take(t *testing.T, a *Account, bytes int64) *Share {
	t.Helper()
	s, ok := a.Take(bytes)
	if !ok {
		t.Fatalf("%d bytes are refused, with %d of %d taken", bytes, a.Used(), a.Limit())
	}
	return s
}

func TestAccountIsBounded(t *testing.T) {
	t.Parallel()
	a := NewAccount(6400)
	large := []*Share{take(t, a, 2000), take(t, a, 2000), take(t, a, 1600)}
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
	a := NewAccount(6400)
	var asked []string
	share := func(name string, bytes int64) *Share {
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

// TestYieldIsAskedOnce has those who wait ask one share after the other, and none twice.
func TestYieldIsAskedOnce(t *testing.T) {
	t.Parallel()
	a := NewAccount(6400)
	var asked []string
	shares := map[string]*Share{}
	for name, bytes := range map[string]int64{"larger": 2100, "large": 2000, "own": 1000} {
		shares[name] = take(t, a, bytes)
		shares[name].MayYield(func() {
			asked = append(asked, name)
			a.Used() // it may use the account
		})
	}
	freed := a.Freed()
	for _, want := range [][]string{{"larger"}, {"larger", "large"}, {"larger", "large"}} {
		if shares["own"].Grow(1900) || !slices.Equal(asked, want) {
			t.Fatalf("asked %q, want %q", asked, want)
		}
	}
	if shares["own"].Bytes() != 1000 {
		t.Errorf("a share that could not grow has %d bytes", shares["own"].Bytes())
	}
	shares["large"].MayYield(func() { asked = append(asked, "again") })
	shares["larger"].Grow(100)
	<-freed
	if freed = a.Freed(); !shares["own"].Grow(1900) || len(asked) != 2 {
		t.Errorf("asked %q although there is room", asked)
	}
	if _, ok := a.Take(1950); ok || asked[len(asked)-1] != "again" {
		t.Errorf("taken: %v, asked %q", ok, asked)
	}
	shares["large"].MayYield(nil)
	shares["large"].Set(0)
	<-freed
	shares["large"].Release()
	if shares["large"].Set(500); shares["large"].Bytes() != 0 || a.Used() != 2000 {
		t.Errorf("a share that was released has %d of %d bytes", shares["large"].Bytes(), a.Used())
	}
}

// TestReferencesFit has a text of so many references fit, and one of one more not.
func TestReferencesFit(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{1, 3000, 64 << 20} {
		a := NewAccount(limit)
		for _, text := range []int64{0, 100, 1 << 20, 1 << 40, math.MaxInt64} {
			n := a.references(text)
			if n > 0 && !a.Fits(Cost(text, n)) || a.Fits(Cost(text, n+1)) {
				t.Errorf("%d of %d bytes: %d references, which take %d", text, limit, n, Cost(text, n))
			}
		}
	}
}

// TestNumbersBeyondReason has sizes that nobody has, such as those of sparse files, be no way around the bound.
func TestNumbersBeyondReason(t *testing.T) {
	t.Parallel()
	a := NewAccount(6400)
	s := take(t, a, 5000)
	for _, bytes := range []int64{Cost(math.MaxInt64, 1), Cost(1<<62, math.MaxInt), Cost(0, math.MaxInt), math.MaxInt64} {
		if a.Fits(bytes) || s.Grow(bytes) {
			t.Errorf("%d bytes fit", bytes)
		}
		if _, ok := a.Take(bytes); ok {
			t.Errorf("%d bytes are taken", bytes)
		}
	}
	for _, bytes := range []int64{-1, math.MinInt64, Cost(-1<<62, -1)} {
		if s.Set(bytes); a.Used() != 0 || s.Bytes() != 0 {
			t.Errorf("set to %d: %d bytes are taken", bytes, a.Used())
		}
		if !s.Grow(bytes) || a.Used() != 0 {
			t.Errorf("grown to %d: %d bytes are taken", bytes, a.Used())
		}
	}
}

func TestNoAccountBoundsNothing(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]*Account{"nil": nil, "without a limit": NewAccount(0)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := take(t, a, 1<<50)
			s.MayYield(func() { t.Error("asked") })
			if !s.Grow(1<<60) || a.Tight() || !a.Fits(1<<60) || a.references(1<<20) < 1<<20 {
				t.Error("bounded")
			}
			s.Release()
		})
	}
	(*Share)(nil).Release()
}

func TestAccountIsConcurrent(t *testing.T) {
	t.Parallel()
	a := NewAccount(64 << 10)
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
