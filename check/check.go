package check

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/s3"
)

const (
	// Limit is how long Run takes at most.
	Limit = 20 * time.Second
	// directoryLimit is the directory's part of it, of which grace is for one that is only large to stop by itself;
	// cleanupLimit is for tidying up, and what is between them is the store's.
	directoryLimit = 5 * time.Second
	grace          = time.Second
	cleanupLimit   = 3 * time.Second
	// probeLimit bounds one question to the store.
	probeLimit = 5 * time.Second
)

// Config is the set-up to look at: one directory and where it is shipped to.
type Config struct {
	// Dir is the watched directory.
	Dir string
	// Exclude says which files are none of ours, by their slash-separated path below Dir; nil excludes nothing.
	Exclude func(path string) bool
	// Site says where players find the files of Dir.
	Site hls.Site
	// Continuous is true if playlists go on over restarts of their packager.
	Continuous bool
	// Record says that runs of the packager are recorded.
	Record bool
	// Settle is how long a file must be quiet where the kernel cannot tell that it is finished.
	Settle time.Duration

	// SpoolOff means that files are held open only. Spool is the spool folder; "" is the default below Dir.
	SpoolOff bool
	Spool    string
	// Budget is in bytes; Age is 0 for ever.
	Budget int64
	Age    time.Duration

	// Store is the bucket. Stall and Logger are not used.
	Store s3.Config
	// Headers are what is sent with a live playlist beside the headers that every object has.
	Headers map[string]string
	// Prefix is what every key begins with, its slash included.
	Prefix string
	// Conditional says that playlists are to be published with conditional PUTs.
	Conditional bool
	// MinInterval is the least time between two versions of one playlist.
	MinInterval time.Duration
	// UplinkLimit is in bytes a second, 0 for none. The bandwidth is measured without it.
	UplinkLimit int64
}

// Run looks at c and returns what it found, in the order in which it looked: the directory, then the store. It takes
// Limit at most, and less if ctx ends.
func Run(ctx context.Context, c Config) []Finding { return run(ctx, c, kernel()) }

func run(ctx context.Context, c Config, sys system) []Finding {
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	var found findings
	need := boundedDirectory(ctx, c, sys, &found)
	at := storeCheck{config: c, found: &found, limit: Limit - directoryLimit - cleanupLimit}
	at.run(ctx, need)
	return found.taken()
}

// boundedDirectory looks at the directory, and leaves it behind when it does not answer.
func boundedDirectory(ctx context.Context, c Config, sys system, found *findings) streams {
	inner, cancel := context.WithTimeout(ctx, directoryLimit-grace)
	defer cancel()
	var here findings
	done := make(chan streams, 1) // buffered, so that one left behind can still end
	go func() {
		d := directoryCheck{config: c, sys: sys, found: &here}
		done <- d.run(inner)
	}()
	patience := time.NewTimer(directoryLimit)
	defer patience.Stop()
	var s streams
	hangs := false
	select {
	case s = <-done:
	case <-patience.C:
		hangs = true
	case <-ctx.Done():
		hangs = true
	}
	for _, one := range here.taken() {
		found.add(one)
	}
	if hangs {
		found.fail("dir-hangs", "Look at its mount and, on a network file system, at its server.",
			"%s did not answer within %s", c.Dir, directoryLimit)
	}
	return s
}

// human returns a duration as people say it.
func human(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Millisecond).String()
}

// size returns a number of bytes as people say it.
func size(bytes int64) string { return humanize.IBytes(uint64(max(0, bytes))) }

// rate returns bits a second as people say it.
func rate(bits float64) string {
	if bits < 1e6 {
		return fmt.Sprintf("%.2g Mbit/s", bits/1e6)
	}
	return fmt.Sprintf("%.1f Mbit/s", bits/1e6)
}
