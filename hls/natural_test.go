package hls

import "testing"

func TestNaturalLess(t *testing.T) {
	t.Parallel()
	// Each group is in order.
	groups := map[string][]string{
		"numbers":        {"index9.ts", "index10.ts", "index11.ts", "index100.ts"},
		"several runs":   {"v1_9.ts", "v1_10.ts", "v2_1.ts", "v10_1.ts"},
		"prefixes":       {"", "a", "a1", "a1b", "a1b2", "ab"},
		"more than 64":   {"s18446744073709551615", "s18446744073709551616", "s99999999999999999999999999"},
		"leading zeros":  {"007.ts", "07.ts", "7.ts", "008.ts", "8.ts"},
		"zeros, then on": {"a0b", "a00c", "a1"},
		"nothing but 0":  {"a0", "a00", "a01", "a1"},
		"digits first":   {"-1", "1", "a"},
		"letter case":    {"A1", "B1", "a1"},
		"not ASCII":      {"é9", "é10"},
		"ffmpeg webvtt":  {"stream_00.vtt", "stream_01.vtt", "stream_09.vtt", "stream_010.vtt"},
	}
	for name, want := range groups {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, a := range want {
				for j, b := range want {
					if got := NaturalLess(a, b); got != (i < j) {
						t.Errorf("NaturalLess(%q, %q) = %t", a, b, got)
					}
				}
			}
		})
	}
}

func FuzzNaturalLess(f *testing.F) {
	f.Add("a1", "a01", "a2")
	f.Add("1a", "01", "1")
	f.Add("x9y", "x10", "x09z")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		names := []string{a, b, c, a + b, a + "0" + c, "0" + a}
		for _, x := range names {
			for _, y := range names {
				less, more := NaturalLess(x, y), NaturalLess(y, x)
				if (x == y) == (less || more) || less && more {
					t.Fatalf("%q and %q: %t, %t", x, y, less, more)
				}
				for _, z := range names {
					if less && NaturalLess(y, z) && !NaturalLess(x, z) {
						t.Fatalf("%q < %q < %q, but not %q < %q", x, y, z, x, z)
					}
				}
			}
		}
	})
}
