package hls

import "testing"

func TestPattern(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"live42.ts": "live\x00.ts", "v0/live42.ts": "v0/live\x00.ts", "r1_seg2.ts": "r\x00_seg\x00.ts", "v10/7": "v10/\x00", "init.mp4": "\x01.mp4", "": "\x01",
	} {
		if got := Pattern(path); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
}

func TestSerial(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]struct {
		sequence string
		number   uint64
		ok       bool
	}{
		"v0/live42.ts":  {"v0/live\x00.ts", 42, true},
		"r1_seg007.ts":  {"r1_seg\x00.ts", 7, true},
		"720p-3-a.m4s":  {"720p-\x00-a.m4s", 3, true},
		"init.mp4":      {"init\x00.mp4", 0, false},
		"v2/segment.ts": {"v2/segment\x00.ts", 0, false},
	} {
		sequence, n, ok := Serial(path)
		if ok != want.ok || ok && (sequence != want.sequence || n != want.number) {
			t.Errorf("%q: got %q %d %v, want %v", path, sequence, n, ok, want)
		}
	}
}
