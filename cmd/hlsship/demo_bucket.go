package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/hlsship/hlsship/hls"
)

const (
	// sweepEvery is the time between two looks for old objects.
	sweepEvery = 5 * time.Second
	// sweepAge is how long an object stays at least: longer than any player lags behind.
	sweepAge = time.Minute
)

// bucket is an S3 server with one bucket in memory.
type bucket struct {
	backend *s3mem.Backend
	s3      http.Handler
	// access is the key that requests must be signed with. The server does not check signatures; this
	// keeps other pages of a browser on this machine from writing into the bucket.
	access string
}

func newBucket(access string) (*bucket, error) {
	b := &bucket{backend: s3mem.New(), access: access}
	if err := b.backend.CreateBucket(demoBucket); err != nil {
		return nil, fmt.Errorf("make the bucket: %w", err)
	}
	b.s3 = gofakes3.New(b.backend).Server()
	return b, nil
}

// ServeHTTP answers S3 requests that bear the access key.
func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.Header.Get("Authorization"), "Credential="+b.access+"/") {
		http.Error(w, "not signed with the key of this demo", http.StatusForbidden)
		return
	}
	b.s3.ServeHTTP(w, r)
}

// play answers the player: GET /live/x is the object live/x.
func (b *bucket) play(w http.ResponseWriter, r *http.Request) {
	object := r.Clone(r.Context())
	object.URL.Path, object.URL.RawPath, object.URL.RawQuery = "/"+demoBucket+r.URL.Path, "", ""
	if strings.HasSuffix(r.URL.Path, ".m3u8") {
		w.Header().Set("Cache-Control", "no-cache")
	}
	b.s3.ServeHTTP(w, object)
}

// text returns an object's text; empty if there is none.
func (b *bucket) text(key string) string {
	object, err := b.backend.GetObject(demoBucket, key, nil)
	if err != nil {
		return ""
	}
	defer func() { _ = object.Contents.Close() }()
	text, err := io.ReadAll(object.Contents)
	if err != nil {
		return ""
	}
	return string(text)
}

// sweep removes old objects until ctx ends, so that the demo may run for days.
func (b *bucket) sweep(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			if err := b.remove(now.Add(-sweepAge)); err != nil {
				return fmt.Errorf("sweep the bucket: %w", err)
			}
		}
	}
}

// remove removes the objects that are older than before, but for the playlist and what it names.
func (b *bucket) remove(before time.Time) error {
	const playlist = demoPrefix + "/" + demoPlaylist
	needed := map[string]bool{playlist: true}
	if p, err := hls.Parse([]byte(b.text(playlist))); err == nil {
		for _, r := range p.References {
			needed[demoPrefix+"/"+r.URI] = true
		}
	}
	list, err := b.backend.ListBucket(demoBucket, nil, gofakes3.ListBucketPage{})
	if err != nil {
		return err
	}
	for _, object := range list.Contents {
		if needed[object.Key] || object.LastModified.After(before) {
			continue
		}
		if _, err := b.backend.DeleteObject(demoBucket, object.Key); err != nil {
			return err
		}
	}
	return nil
}
