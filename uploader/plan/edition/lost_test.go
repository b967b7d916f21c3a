package edition

import (
	"slices"
	"testing"
)

// TestLostOfAnOlderRun: segments of an older run that need what will never be stored do not stay before another run, nor those before them, and no
// number comes twice.
func TestLostOfAnOlderRun(t *testing.T) {
	t.Parallel()
	const (
		first  = "KEY:METHOD=AES-128,URI=\"a.key\",IV=0x1|MAP:URI=\"a.mp4\" s0.ts"
		second = "KEY:METHOD=AES-128,URI=\"b.key\",IV=0x1|MAP:URI=\"b.mp4\" s2.ts"
	)
	for lost, c := range map[string]struct {
		number uint64
		want   []string
	}{
		"nothing": {8, []string{"a/s1.ts", "a/s2.ts", "a/s3.ts", "b/s0.ts"}},
		"a/a.mp4": {9, []string{"a/s2.ts", "a/s3.ts", "b/s0.ts"}},
		"a/a.key": {9, []string{"a/s2.ts", "a/s3.ts", "b/s0.ts"}}, // the second map is read without it
		"a/b.mp4": {11, []string{"b/s0.ts"}},
		"a/b.key": {11, []string{"b/s0.ts"}},
		"a/s2.ts": {10, []string{"a/s3.ts", "b/s0.ts"}},
		"a/s3.ts": {11, []string{"b/s0.ts"}},
		"b/a.mp4": {8, []string{"a/s1.ts", "a/s2.ts", "a/s3.ts", "b/s0.ts"}}, // the run's own is waited for
	} {
		t.Run(lost, func(t *testing.T) {
			t.Parallel()
			e := publish(t, nil, playlist(7, first, "s1.ts", second, "s3.ts"), in("a"))
			then := in("b")
			then.Lost = func(uri string) bool { return uri == lost }
			for range 2 { // when the run begins, and with what follows
				e = publish(t, e, playlist(0, first), then)
				var got []string
				for i := range e.Len() {
					got = append(got, e.Segment(i).URI)
				}
				if e.Segment(0).Number != c.number || !slices.Equal(got, c.want) {
					t.Errorf("%d: %v, want %d: %v", e.Segment(0).Number, got, c.number, c.want)
				}
			}
		})
	}
}
