package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/uploader/store"
)

// bareCommand makes the program the bare client.
const bareCommand = "bare"

// order tells the bare client of a playlist that was just listed, and its newest segment.
type order struct {
	stream, segment int
	playlist        string
}

const orderLine = "%d %d %q\n"

// runBare is the yardstick: for every order, a line, it PUTs the segment and then, when the store has it,
// the playlist, each stream for itself. It has nothing to find out, to check or to remember. It returns
// when orders end and all is stored. args are the URL, region and bucket of the store and the directory.
func runBare(ctx context.Context, args []string, orders io.Reader, stdout io.Writer) error {
	if len(args) != 4 {
		return errors.New("the bare client is started by the bench")
	}
	store, err := s3.Open(ctx, s3.Config{Endpoint: args[0], Region: args[1], Bucket: args[2], Workers: 256, Checksum: s3.ChecksumCRC32C})
	if err != nil {
		return err
	}
	dir := args[3]
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	streams := map[int]chan order{}
	defer running.Wait()
	lines := bufio.NewScanner(orders)
	lines.Buffer(nil, 1<<20) // the longest order
	for lines.Scan() {
		var o order
		if _, err := fmt.Sscanf(lines.Text()+"\n", orderLine, &o.stream, &o.segment, &o.playlist); err != nil {
			return fmt.Errorf("order %q: %w", lines.Text(), err)
		}
		if streams[o.stream] == nil {
			todo := make(chan order, 1000) // a slow store must not hold up the other streams
			streams[o.stream] = todo
			running.Go(func() {
				for o := range todo {
					if err := putBoth(ctx, store, dir, o); err != nil {
						cancel(err)
					}
				}
			})
		}
		select {
		case streams[o.stream] <- o:
		case <-ctx.Done():
		}
	}
	for _, todo := range streams {
		close(todo)
	}
	running.Wait()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	_, _ = fmt.Fprintf(stdout, "mallocs %d\n", m.Mallocs) // for the bench
	return errors.Join(lines.Err(), context.Cause(ctx))
}

// putBoth PUTs the segment and then the playlist, with the headers that hlsship sends.
func putBoth(ctx context.Context, bucket *s3.Store, dir string, o order) error {
	at := segmentPath(o.stream, o.segment)
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(at)))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := bucket.Put(ctx, store.Object{
		Key: prefix + at, Body: f, Size: info.Size(),
		ContentType: "video/mp2t", CacheControl: "public, max-age=86400",
	}); err != nil {
		return err
	}
	_, err = bucket.Put(ctx, store.Object{
		Key: prefix + listPath(o.stream), Body: strings.NewReader(o.playlist), Size: int64(len(o.playlist)),
		ContentType: "application/vnd.apple.mpegurl", CacheControl: "public, max-age=1",
	})
	return err
}

// againCommand makes the program run another one again and again.
const againCommand = "again"

// runAgain runs args again and again until ctx ends, and waits for the last one. It is how a tool that copies once becomes one that
// keeps a copy.
func runAgain(ctx context.Context, args []string) {
	for ctx.Err() == nil {
		cmd := exec.Command(args[0], args[1:]...) //nolint:gosec // what the bench says
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Run(); err != nil && ctx.Err() == nil {
			_, _ = fmt.Fprintln(os.Stderr, "run:", err) // a file that changed while it was read, for one: the next run copies it
		}
	}
}
