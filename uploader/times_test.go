package uploader

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
	at, whole := time.Unix(1000, 5), time.Unix(1000, 0)
	for name, tt := range map[string]struct {
		info Info
		file time.Time
		want bool
	}{
		"the very same time": {Info{Finished: at}, at, true},
		"another time":       {Info{Finished: at, Modified: at.Add(time.Hour)}, at.Add(1), false},
		"the same second, and surely stored later":  {Info{Finished: whole, Modified: at.Add(time.Minute)}, whole, true},
		"the same second, and perhaps stored later": {Info{Finished: whole, Modified: at}, whole, false},
		"the same second, and nobody knows":         {Info{Finished: whole}, whole, false},
		"surely stored later":                       {Info{Modified: at.Add(clockMargin + 1)}, at, true},
		"perhaps stored later":                      {Info{Modified: at.Add(clockMargin)}, at, false},
		"nobody knows":                              {Info{}, at, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := hls.File{Found: true, Version: hls.Version{ModTime: tt.file.UnixNano()}}
			if got := tt.info.holds(f); got != tt.want {
				t.Errorf("found: got %v, want %v", got, tt.want)
			}
			if f.Found = false; tt.info.holds(f) {
				t.Error("a file that was just written counts as stored")
			}
		})
	}
}
