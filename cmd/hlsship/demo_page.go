package main

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"time"
)

//go:embed player/index.html player/page.css player/page.js player/hls.light.min.js player/LICENSE
var playerFiles embed.FS

// page is the demo's HTTP server: the page with its player, the figures, and the bucket, all on one port.
type page struct{ http *http.Server }

func newPage(f *figures, b *bucket, kills chan<- struct{}) *page {
	mux := http.NewServeMux()
	own := http.NewCrossOriginProtection() // no other page presses the button
	mux.Handle("POST /kill", own.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case kills <- struct{}{}:
			w.WriteHeader(http.StatusNoContent)
		case <-time.After(time.Second):
			http.Error(w, "the packager is just being started", http.StatusConflict)
		case <-r.Context().Done():
		}
	})))
	mux.Handle("/", secured(http.FileServerFS(playerRoot())))
	mux.HandleFunc("GET /figures.json", func(w http.ResponseWriter, _ *http.Request) {
		s := f.snapshot(time.Now())
		s.Playlist = b.text(demoPrefix + "/" + demoPlaylist)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		// An error means that the browser left.
		_ = json.NewEncoder(w).Encode(s)
	})
	mux.HandleFunc("GET /"+demoPrefix+"/", b.play)
	mux.Handle("/"+demoBucket, b)
	mux.Handle("/"+demoBucket+"/", b)
	return &page{&http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, WriteTimeout: 30 * time.Second,
	}}
}

// playerRoot is the folder that the page is in.
func playerRoot() fs.FS {
	root, err := fs.Sub(playerFiles, "player")
	if err != nil {
		panic(err) // the name is a constant and valid
	}
	return root
}

// secured lets the page load nothing from elsewhere.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; img-src 'self' data:; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}

// serve answers until ctx ends and returns nil once nothing of it runs any more.
func (p *page) serve(ctx context.Context, l net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- p.http.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve the page: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := p.http.Shutdown(stop); err != nil {
		if err := p.http.Close(); err != nil {
			return fmt.Errorf("close the page: %w", err)
		}
	}
	<-failed
	return nil
}
