package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/uploader"
)

// TestDrainOfOneThatGoesOn: a channel that goes on with another watcher drains for a moment only, whatever the timeout is, as
// what the packager writes meanwhile is seen by nobody.
func TestDrainOfOneThatGoesOn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		cause error // of the end of soft; nil if the watcher ended by itself
		off   bool  // there is no spool
		want  time.Duration
	}{
		{"signal", context.Canceled, false, time.Hour},
		{"removed", errRemoved, false, time.Hour},
		{"other settings", errReplaced, false, handover},
		{"other settings without a spool", errReplaced, true, time.Hour},
		{"watcher failed", nil, false, handover},
		{"watcher failed without a spool", nil, true, time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				soft, stop := context.WithCancelCause(t.Context())
				defer stop(nil)
				if tt.cause != nil {
					stop(tt.cause)
				}
				o := &opened{shipment: shipment{
					channel: channel{flow: flowConfig{drainTimeout: time.Hour}, spool: spoolConfig{off: tt.off}}, logger: slog.New(slog.DiscardHandler),
				}}
				began := time.Now()
				var why error
				o.drain(t.Context(), soft, func(cause error) { why = cause })
				if took := time.Since(began); took != tt.want || !errors.Is(why, errDrainTimeout) {
					t.Errorf("cut off after %v by %v, want %v", took, why, tt.want)
				}
			})
		})
	}
}

// TestFilesLeftBehindAreNamedWithinABound has a channel end with very many files that nobody can ship.
func TestFilesLeftBehindAreNamedWithinABound(t *testing.T) {
	t.Parallel()
	for _, off := range []bool{true, false} {
		for _, count := range []int{1, mostNamed, mostNamed + 1, 20_000} {
			leftBehind(t, count, off)
		}
	}
}

// leftBehind has so many files be left. Those that the spool keeps are one line.
func leftBehind(t *testing.T, count int, off bool) {
	t.Helper()
	var log bytes.Buffer
	left := &uploader.Unshipped{}
	for n := range count {
		left.Files = append(left.Files, strconv.Itoa(n)+".m3u8")
	}
	v := newChannelRun(shipment{channel: channel{dir: "/srv", spool: spoolConfig{off: off}}, logger: newLogger(io.Writer(&log), slog.LevelInfo, false)}, nil)
	v.soft, v.err = t.Context(), left
	v.report()
	named, total := strings.Count(log.String(), "file not shipped"), strings.Count(log.String(), "files="+strconv.Itoa(count))
	want := min(count, mostNamed)
	if !off {
		want = 0
	}
	if named != want || total != 1 || strings.Contains(log.String(), "spool=/srv/.hlsship") == off {
		t.Errorf("%d files: %d are named, and the sum %d times: %.300s", count, named, total, log.String())
	}
}
