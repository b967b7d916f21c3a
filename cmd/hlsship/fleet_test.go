package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/hlsship/hlsship/metrics"
	"github.com/hlsship/hlsship/uploader/spool"
)

// TestFailedChannelIsReplaced has new settings come when a channel has failed and nobody has dealt with that yet.
func TestFailedChannelIsReplaced(t *testing.T) {
	t.Parallel()
	one := channel{name: "one", dir: t.TempDir()}
	// Where the spool should be is a file, so that the channel cannot begin.
	if err := os.WriteFile(filepath.Join(one.dir, spool.DefaultFolder), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	logger, figures := slog.New(slog.DiscardHandler), metrics.New("test", "test")
	f := newFleet(config{channels: []channel{one, {name: "two"}}}, "test", logger, figures)
	v := newVoyage(shipment{
		channel: one, logger: logger, metrics: func(title string) *metrics.Channel { return figures.Channel("one", title) },
	})
	f.launch(t.Context(), t.Context(), v, nil, 0)
	<-v.done
	f.current("one").stop(errReplaced)
	f.voyages = nil // attend takes it out
	if err := f.settle(t.Context(), t.Context(), <-f.ended); err != nil {
		t.Errorf("the program ends: %v", err)
	}
	if len(f.voyages) > 0 {
		t.Error("the channel that was replaced is started again")
	}
	if v.err == nil {
		t.Error("the channel did not fail, so that nothing was tested")
	}
}
