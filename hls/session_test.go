package hls

import "testing"

func TestSessionOf(t *testing.T) {
	t.Parallel()
	for published, want := range map[string][2]string{
		"20261130T010203Z/live42.ts":          {"20261130T010203Z/", "live42.ts"},
		"20261130T010203Z-2/hi/live42.ts":     {"20261130T010203Z-2/", "hi/live42.ts"},
		"20261130T010203Z/.2/hi/init.mp4":     {"20261130T010203Z/.2/", "hi/init.mp4"},
		"20261130T010203Z/.cache/init.mp4":    {"20261130T010203Z/", ".cache/init.mp4"},
		"20261130T010203Z/./init.mp4":         {"20261130T010203Z/", "./init.mp4"},
		"20261130T010203Z":                    {"", "20261130T010203Z"},
		"20261130T010203Z-1/x.ts":             {"", "20261130T010203Z-1/x.ts"},
		"20261130T010203Z-+2/x.ts":            {"", "20261130T010203Z-+2/x.ts"},
		"20261130T010203Z-/x.ts":              {"", "20261130T010203Z-/x.ts"},
		"20261330T010203Z/x.ts":               {"", "20261330T010203Z/x.ts"},
		"20261130T0102030/x.ts":               {"", "20261130T0102030/x.ts"},
		"hi/20261130T010203Z/x.ts":            {"", "hi/20261130T010203Z/x.ts"},
		"20261130T010203Z/20261130T010203Z/x": {"20261130T010203Z/", "20261130T010203Z/x"},
	} {
		if folder, path := SessionOf(published); folder != want[0] || path != want[1] {
			t.Errorf("%s: got %q and %q, want %q", published, folder, path, want)
		}
	}
}
