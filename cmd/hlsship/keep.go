package main

import (
	"context"
	"os"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/spool"
)

// keeping is the spool as the rooms use it, or nothing if it is off.
type keeping struct {
	spool *spool.Spool // nil if it is off
	// pin is nil if it is off.
	pin       func(path string, f *os.File, v hls.Version) (hls.Source, bool)
	recovered []hls.File
}

// openSpool opens the spool unless it is off.
func (s shipment) openSpool() (keeping, error) {
	c := s.config
	if c.spool.off {
		return keeping{}, nil
	}
	kept, err := spool.Open(spool.Config{Dir: c.dir, Spool: c.spool.dir, Logger: s.logger, Observer: s.metrics.Spool()})
	if err != nil {
		return keeping{}, err
	}
	recovered := kept.Recovered()
	if len(recovered) > 0 {
		s.logger.Info("found files that an earlier process could not ship", "files", len(recovered))
	}
	return keeping{spool: kept, pin: kept.Pin, recovered: recovered}, nil
}

// run serves the spool until ctx ends.
func (k keeping) run(ctx context.Context) error {
	if k.spool == nil {
		<-ctx.Done()
		return nil
	}
	return k.spool.Run(ctx)
}

// close leaves what is not stored for the next process.
func (k keeping) close() {
	if k.spool != nil {
		k.spool.Close()
	}
}
