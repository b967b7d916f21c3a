package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

const (
	// prefix stands before every key.
	prefix = "live/"
	// warmUp bounds the time until the first playlists are published.
	warmUp = 90 * time.Second
	// grace is by how much the viewer may be told late what was listed.
	grace = 3 * time.Second
	// catchUp is how long a tool has for what it has not shipped when the streams end.
	catchUp = 10 * time.Second
)

// measure runs r's tool once, in a directory and a bucket of its own, and adds what it did to r.
func (b *bench) measure(ctx context.Context, r *row) (err error) {
	s := r.scene
	ctx, cancel := context.WithTimeout(ctx, b.length(s)+2*warmUp+catchUp+2*stopPatience)
	defer cancel()
	b.runs++
	dir := filepath.Join(b.room, fmt.Sprintf("dir%d", b.runs))
	behind := *b.gateway
	behind.Bucket = fmt.Sprintf("bucket%d", b.runs)
	bucket := filepath.Join(behind.Root, behind.Bucket)
	for _, folder := range []string{dir, bucket} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	}
	viewer := storetest.NewViewer(prefix)
	viewer.Grace, viewer.AllowUnnamed = grace, true // sync tools copy what nobody names yet
	front, err := newFront(&behind, viewer, s.way, b.room)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, front.close()) }()
	g := newGenerator(s.load, dir, viewer)
	defer g.end()
	if err := g.litter(s.files); err != nil {
		return err
	}
	started := time.Now()
	c, err := b.start(r.tool, dir, front, behind)
	if err != nil {
		return err
	}
	defer c.kill()
	g.listed = c.listed

	ok := false
	for !ok && time.Since(started) < warmUp { // a tool may miss what is written while it starts
		if err := g.begin(); err != nil {
			return err
		}
		if ok, err = front.await(ctx, c, g.current, warmUp/10); err != nil {
			return err
		}
	}
	if !ok {
		_, _ = fmt.Fprintf(b.progress, "not all playlists were published in %s: %s\n", warmUp, c.output())
		r.late++
		return nil
	}
	first := len(g.times[0])
	r.starts = append(r.starts, time.Since(started))
	before := viewer.Counts().Publications
	segments := int(b.length(s) / s.load.period)
	if err := g.goOn(ctx, segments); err != nil {
		return err
	}
	if _, err := front.await(ctx, c, g.current, catchUp); err != nil {
		return err
	}
	if err := c.stop(); err != nil {
		return err
	}
	missing, err := g.missing(filepath.Join(bucket, prefix))
	if err != nil {
		return err
	}
	r.listed += s.load.streams * segments
	r.take(c.used(), s.load.streams*(segments+first))
	r.missing += missing
	r.torn += front.torn(s.load.size)
	r.publications += viewer.Counts().Publications - before
	r.judge(viewer.Violations())
	r.latencies = append(r.latencies, g.latencies(first)...)
	return nil
}

// length is how long the streams of a scene are: two segments at least.
func (b *bench) length(s *scene) time.Duration { return max(b.duration, 2*s.load.period) }
