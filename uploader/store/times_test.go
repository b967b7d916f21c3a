package store

import (
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

func TestDated(t *testing.T) {
	t.Parallel()
	stored, asked := time.Unix(1000, 0), time.Unix(5000, 0)
	for _, skew := range []time.Duration{0, 5 * time.Minute, -2 * time.Hour} {
		if got, want := Dated(stored.Add(skew), asked.Add(skew), asked), stored.Add(-2*time.Second); !got.Equal(want) {
			t.Errorf("skew %v: got %v, want %v", skew, got, want)
		}
	}
	var never time.Time
	if !Dated(never, asked, asked).IsZero() || !Dated(stored, never, asked).IsZero() || !Dated(stored, asked, never).IsZero() {
		t.Error("what is not known has a date")
	}
}

func TestInfoHolds(t *testing.T) {
	t.Parallel()
	at := time.Unix(1000, 5)
	for name, tt := range map[string]struct {
		info Info
		want bool
	}{
		"the very same time":                    {Info{Finished: at}, true},
		"whatever the store's clock says":       {Info{Finished: at, Modified: at.Add(-time.Hour)}, true},
		"another time":                          {Info{Finished: at.Add(1)}, false},
		"another, though it was stored later":   {Info{Finished: at.Add(-1), Modified: at.Add(time.Hour)}, false},
		"nobody knows, but it was stored later": {Info{Modified: at.Add(time.Hour)}, false},
		"nobody knows":                          {Info{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := hls.File{Found: true, Version: hls.Version{ModTime: at.UnixNano()}}
			if got := tt.info.Holds(f); got != tt.want {
				t.Errorf("found: got %v, want %v", got, tt.want)
			}
			if f.Found = false; tt.info.Holds(f) {
				t.Error("a file that was just written counts as stored")
			}
			if f.Found, f.Version.ModTime = true, 0; tt.info.Holds(f) {
				t.Error("a file without a time counts as stored")
			}
		})
	}
}
