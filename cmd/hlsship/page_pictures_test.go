package main

import (
	"bytes"
	"context"
	"flag"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/hlsship/hlsship/state"
)

var pictures = flag.Bool("pictures", false, "write the pictures of the status page in docs again")

const (
	// shotWidth is how wide the pictures are, in pixels; shotBytes how large their files may be.
	shotWidth, shotBytes = 1280, 150_000
)

// TestStatusPictures keeps the pictures in docs small, and with -pictures it takes them.
func TestStatusPictures(t *testing.T) {
	all := []struct {
		name, title, open string
		report            *state.Report
	}{
		{name: "status.png", title: "6 live", report: newsAndSport()},
		{name: "status-held.png", title: "⚠ 1 of 6 held", open: "news / hi", report: heldStream()},
	}
	if *pictures {
		server, ctx := newPageServer(t), browser(t)
		for _, p := range all {
			server.says(p.report)
			take(t, ctx, server.URL, p.title, p.open, filepath.Join("..", "..", "docs", p.name))
		}
	}
	for _, p := range all {
		file, err := os.ReadFile(filepath.Join("..", "..", "docs", p.name))
		if err != nil {
			t.Fatal(err)
		}
		size, err := png.DecodeConfig(bytes.NewReader(file))
		if err != nil || size.Width != shotWidth || len(file) > shotBytes {
			t.Errorf("%s is %d pixels wide and has %d bytes (%v), want %d and at most %d", p.name, size.Width, len(file), err, shotWidth, shotBytes)
		}
	}
}

// take writes a picture of the whole page once it has that title, with one stream opened.
func take(t *testing.T, ctx context.Context, url, title, open, path string) {
	t.Helper()
	screen(t, ctx, shotWidth, 400, "light")
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	holdsSoon(t, ctx, `document.title === "`+title+` · hlsship"`)
	if open != "" {
		evaluate(t, ctx, `[...document.querySelectorAll("details")].find((d) => d.querySelector(".name").textContent === "`+open+`").open = true`)
		holdsSoon(t, ctx, `document.querySelectorAll("details[open] .decisions li").length > 0`)
	}
	height, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollHeight`))
	if err != nil {
		t.Fatal(err)
	}
	screen(t, ctx, shotWidth, height, "light")
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	var small bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, fewColours(decoded)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, small.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fewColours returns a picture in its 256 most frequent colours, which nobody tells from all of them, in half the bytes.
func fewColours(all image.Image) image.Image {
	count, box := map[color.Color]int{}, all.Bounds()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			count[all.At(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return count[b] - count[a] })
	few, nearest := image.NewPaletted(box, colours[:min(256, len(colours))]), map[color.Color]uint8{}
	for _, c := range colours {
		nearest[c] = uint8(few.Palette.Index(c))
	}
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			few.SetColorIndex(x, y, nearest[all.At(x, y)])
		}
	}
	return few
}

// newsAndSport is what two healthy channels say.
func newsAndSport() *state.Report {
	r := healthyReport(4)
	sport := healthyReport(2).Channels[0]
	sport.Name, sport.Title = "sport", "/srv/hls/sport to s3://my-bucket/sport"
	r.Channels = append(r.Channels, sport)
	for _, c := range r.Channels {
		before, sum := 0.0, 0.0
		for i, name := range []string{"hi", "mid", "lo", "audio"}[:len(c.Streams)] {
			s := &c.Streams[i]
			before += s.Bitrate
			s.Name, s.Playlist, s.Bitrate = name, name+"/live.m3u8", []float64{5.2e6, 2.6e6, 1.1e6, 128e3}[i]
			sum += s.Bitrate
		}
		for i := range c.BitrateTrace {
			c.BitrateTrace[i] *= sum / before
		}
	}
	return r
}

// heldStream is what they say while one stream waits for a segment.
func heldStream() *state.Report {
	r := newsAndSport()
	s := &r.Channels[0].Streams[0]
	s.State, s.Since, s.WaitingSince, s.Lag = state.Held, r.Now.Add(-48*time.Second), r.Now.Add(-48*time.Second), 48
	s.WaitsFor, s.Reason, s.Versions, s.Published = "hi/seg46807.ts", "missing", 24, s.WaitingSince
	s.Cure = "the playlist names a file that is neither finished in the directory nor in the bucket: see whether the packager writes it"
	s.Decisions = []state.Decision{
		{At: s.Since, What: "version finished", Why: "segments 46802 to 46807"},
		{At: s.Since, What: "declined", Name: "hi/seg46807.ts", Why: "not in the directory", More: 23},
	}
	return r
}
