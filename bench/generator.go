package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// load is what the generator writes.
type load struct {
	streams, size, window int
	period                time.Duration
}

// generator writes the streams like ffmpeg's HLS muxer: a segment under its final name, half of it when it begins and half when it
// ends, then the playlist under a temporary name, renamed into place. It tells the viewer of both.
type generator struct {
	load
	dir    string
	viewer *storetest.Viewer
	// listed, if set, is told at once of every playlist renamed into place.
	listed func(order)

	block []byte        // what all segments have in common
	times [][]time.Time // when each stream's playlists were listed; owned by the stream until joined
	open  []*os.File    // the segment that each stream writes; nil before the first; likewise
}

func newGenerator(l load, dir string, v *storetest.Viewer) *generator {
	g := &generator{load: l, dir: dir, viewer: v, block: make([]byte, l.size), times: make([][]time.Time, l.streams), open: make([]*os.File, l.streams)}
	_, _ = rand.NewChaCha8([32]byte{}).Read(g.block) // which never fails
	return g
}

// stamp makes the bytes of each segment its own.
func stamp(stream, segment int) string {
	return fmt.Sprintf("stream %4d segment %8d\n", stream, segment)
}

func (g *generator) content(stream, segment int) []byte {
	c := bytes.Clone(g.block)
	copy(c, stamp(stream, segment))
	return c
}

func folder(stream int) string          { return fmt.Sprintf("stream%d", stream) }
func listPath(stream int) string        { return folder(stream) + "/index.m3u8" }
func segmentName(n int) string          { return fmt.Sprintf("segment%05d.ts", n) }
func segmentPath(stream, n int) string  { return folder(stream) + "/" + segmentName(n) }
func (g *generator) at(p string) string { return filepath.Join(g.dir, filepath.FromSlash(p)) }

// litter makes the folders and writes so many small files, which no playlist names, as an old window leaves them behind.
func (g *generator) litter(files int) error {
	for stream := range g.streams {
		if err := os.Mkdir(g.at(folder(stream)), 0o755); err != nil {
			return err
		}
	}
	for n := range files {
		at := g.at(fmt.Sprintf("%s/old%06d.ts", folder(n%g.streams), n))
		if err := os.WriteFile(at, g.block[:min(g.size, 1000)], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// begin writes one segment of each stream.
func (g *generator) begin() error {
	for stream := range g.streams {
		if err := g.tick(stream); err != nil {
			return err
		}
	}
	return nil
}

// end closes what is half written.
func (g *generator) end() {
	for _, f := range g.open {
		if f != nil {
			_ = f.Close() // nobody names it
		}
	}
}

// half begins the segment that follows.
func (g *generator) half(stream int) (err error) {
	n := len(g.times[stream])
	if g.open[stream], err = os.Create(g.at(segmentPath(stream, n))); err != nil {
		return err
	}
	_, err = g.open[stream].Write(g.content(stream, n)[:g.size/2])
	return err
}

// whole ends the segment.
func (g *generator) whole(stream int) error {
	if g.open[stream] == nil {
		if err := g.half(stream); err != nil {
			return err
		}
	}
	f := g.open[stream]
	g.open[stream] = nil
	_, err := f.Write(g.content(stream, len(g.times[stream]))[g.size/2:])
	return errors.Join(err, f.Close())
}

// goOn writes so many segments of each stream in real time. Their segments end one after the other, at the
// same distance, as those of independent encoders do.
func (g *generator) goOn(ctx context.Context, segments int) error {
	errs := make([]error, g.streams)
	var streams sync.WaitGroup
	start := time.Now()
	for stream := range g.streams {
		streams.Go(func() {
			first := start.Add(g.period * time.Duration(stream) / time.Duration(g.streams))
			for n := range segments {
				if err := until(ctx, first.Add(time.Duration(n)*g.period)); err != nil {
					errs[stream] = err
					return
				}
				if err := g.tick(stream); err != nil {
					errs[stream] = err
					return
				}
			}
		})
	}
	streams.Wait()
	return errors.Join(errs...)
}

func until(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tick ends the segment of a stream, writes the playlist that names it, and begins the next segment.
func (g *generator) tick(stream int) error {
	n := len(g.times[stream])
	if err := g.whole(stream); err != nil {
		return err
	}
	// The viewer looks at no segment's bytes, so that those which it is told need not be the true ones.
	g.viewer.Finished(segmentPath(stream, n), []byte(stamp(stream, n)))
	list := []byte(g.playlist(n))
	final := g.at(listPath(stream))
	if err := os.WriteFile(final+".tmp", list, 0o644); err != nil {
		return err
	}
	listed := time.Now() // not afterwards, when others may have been at work already
	if err := os.Rename(final+".tmp", final); err != nil {
		return err
	}
	g.times[stream] = append(g.times[stream], listed)
	if g.listed != nil {
		g.listed(order{stream, n, string(list)})
	}
	g.viewer.Listed(listPath(stream), list)
	return g.half(stream)
}

// playlist returns the one whose newest segment is n.
func (g *generator) playlist(n int) string {
	var b strings.Builder
	first := max(0, n-g.window+1)
	seconds := g.period.Seconds()
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n", int(seconds+1), first)
	for i := first; i <= n; i++ {
		fmt.Fprintf(&b, "#EXTINF:%.6f,\n%s\n", seconds, segmentName(i))
	}
	return b.String()
}

// latencies returns, for every playlist from the one with segment from on, how long after it was
// listed it or a newer one was in the store.
func (g *generator) latencies(from int) []time.Duration {
	numbers := make(map[string]int, g.streams)
	for stream := range g.streams {
		numbers[listPath(stream)] = stream
	}
	var all []time.Duration
	for _, l := range g.viewer.Listings() {
		if l.Number > from && !l.Passed.IsZero() {
			all = append(all, l.Passed.Sub(g.times[numbers[l.Path]][l.Number-1]))
		}
	}
	return all
}

// current reports whether the store shows the newest playlist of every stream.
func (g *generator) current() bool {
	for stream := range g.streams {
		if n, ok := g.viewer.Published(listPath(stream)); !ok || n != len(g.times[stream]) {
			return false
		}
	}
	return true
}

// missing counts the files that the store, a folder, does not hold byte for byte.
func (g *generator) missing(store string) (int, error) {
	count := 0
	for stream, times := range g.times {
		for n := range times {
			same, err := holds(filepath.Join(store, filepath.FromSlash(segmentPath(stream, n))), g.content(stream, n))
			if err != nil {
				return 0, err
			}
			if !same {
				count++
			}
		}
		same, err := holds(filepath.Join(store, filepath.FromSlash(listPath(stream))), []byte(g.playlist(len(times)-1)))
		if err != nil {
			return 0, err
		}
		if !same {
			count++
		}
	}
	return count, nil
}

func holds(path string, want []byte) (bool, error) {
	got, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return bytes.Equal(got, want), err
}
