package main

import (
	"strings"
	"testing"
	"time"
)

// TestRecord: recordings are of continuous playlists alone, and the error says so.
func TestRecord(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		more map[string]string
		want string // a part of the error; empty for none
		end  time.Duration
	}{
		"continuous":             {map[string]string{namePlaylists: "continuous"}, "", time.Minute},
		"continuous, with a end": {map[string]string{namePlaylists: "continuous", nameRecordEnd: "5m"}, "", 5 * time.Minute},
		"exact":                  {map[string]string{namePlaylists: "exact"}, "add --playlists continuous", 0},
		"by default":             {nil, "add --playlists continuous", 0},
		"no time":                {map[string]string{namePlaylists: "continuous", nameRecordEnd: "0s"}, nameRecordEnd, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := map[string]string{nameDir: "/hls", nameDestination: "s3://bucket", nameRecord: "true"}
			for k, v := range tt.more {
				line[k] = v
			}
			c, err := load(given(line, nil))
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if r := c.channels[0].lists.recordings(); r == nil || r.End != tt.end {
				t.Errorf("got %+v", r)
			}
		})
	}
	c, err := load(given(map[string]string{nameDir: "/hls", nameDestination: "s3://bucket", namePlaylists: "continuous"}, nil))
	if err != nil || c.channels[0].lists.recordings() != nil {
		t.Errorf("recorded without being told to: %v", err)
	}
}
