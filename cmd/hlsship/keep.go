package main

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/spool"
)

// keeping is the spool as watcher and uploader use it, or nothing if it is off.
type keeping struct {
	spool *spool.Spool // nil if it is off
	// pin is nil if it is off.
	pin       func(path string, f *os.File, v hls.Version) (hls.Source, bool)
	spare     func() bool                           // nil if it is off
	torn      func(path string, v hls.Version) bool // nil if it is off
	recovered []hls.File
	late      chan []hls.File // what is recovered only later
	logger    *slog.Logger
}

// openSpool opens the spool of one of so many channels unless it is off.
func openSpool(c channel, channels int, memory *hls.Account, logger *slog.Logger, observer spool.Observer) (keeping, error) {
	if c.spool.off {
		return keeping{logger: logger}, nil
	}
	late := make(chan []hls.File)
	kept, err := spool.Open(spool.Config{
		Dir: c.dir, Spool: c.spool.dir, Logger: logger, Observer: observer, Memory: memory, Exclude: matcher(c.exclude),
		Hold: spool.Share(channels),
		Late: func(ctx context.Context, found []hls.File) {
			select {
			case late <- found:
			case <-ctx.Done(): // they are left to the next process
			}
		},
	})
	if err != nil {
		return keeping{}, err
	}
	recovered := kept.Recovered()
	if len(recovered) > 0 {
		logger.Info("found files that an earlier process could not ship", "files", len(recovered))
	}
	return keeping{spool: kept, pin: kept.Pin, spare: kept.LetGo, torn: kept.Torn, recovered: recovered, late: late, logger: logger}, nil
}

// start returns when the run began whose files go to c: now, or earlier if one goes on that was cut off.
func (k keeping) start(c storeConfig, now time.Time) time.Time {
	if k.spool == nil || !c.isTimed() {
		return now
	}
	began := k.spool.Resume(now)
	if !began.Equal(now.Truncate(time.Second)) {
		k.logger.Info("going on with a run that was cut off", "began", began)
	}
	return began
}

// notes returns what is remembered of the files stored at c, and what tells of a file that it is remembered and unchanged; both are
// nil if the spool is off.
func (k keeping) notes(c storeConfig) (notes uploader.Notes, unchanged func(path string, fi fs.FileInfo) bool) {
	if k.spool == nil {
		return nil, nil
	}
	n := k.spool.Notes(c.server() + "/" + c.keyPrefix())
	return n, n.Unchanged
}

// end says that everything of the run is shipped.
func (k keeping) end() {
	if k.spool != nil {
		k.spool.End()
	}
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
