package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/hlsship/hlsship/hls"
)

// listAddress is where the player believes that it found the playlist.
const listAddress = "http://bucket.example/live/list.m3u8"

// said is what hls.js says of a playlist: see testdata/hlsjs/parse.mjs.
type said struct {
	Kind, Error           string
	Uses                  []use
	Segments, First, Last float64
	Ended                 bool
	Target                float64
	// Ours says what the player would ask for the URIs that Parse found, in their order.
	Ours []asked
}

// asked is what a player asks for. Path is that of an object at the playlist's own origin, and empty for
// everything else.
type asked struct{ URL, Path string }

// use is one URL that a playlist names, and what for.
type use struct {
	What           string
	URL            string
	Offset, Length float64
	// Gap is true for what players must not load.
	Gap bool
}

// collected is one playlist of the collection.
type collected struct {
	name string
	text []byte
	ours *hls.Playlist
	err  error
}

// collection returns all playlists in the test data of hls: those of packagers and of the RFC, and what
// the fuzzer kept.
func collection(t *testing.T) []collected {
	t.Helper()
	const root = "../../hls/testdata/"
	var all []collected
	for _, pattern := range []string{"*.m3u8", "playlists/*.m3u8", "fuzz/FuzzParse/*"} {
		names, err := filepath.Glob(root + pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(names), err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(pattern, "fuzz/") {
				text = playable(corpusEntry(t, name, string(text)))
			}
			c := collected{name: strings.TrimPrefix(name, root), text: text}
			c.ours, c.err = hls.Parse(text)
			all = append(all, c)
		}
	}
	return all
}

// corpusEntry returns the bytes of an entry of a fuzz corpus that holds one []byte.
func corpusEntry(t *testing.T, name, text string) []byte {
	t.Helper()
	m := regexp.MustCompile(`^go test fuzz v1\n\[\]byte\((".*")\)\n*$`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("%s is no entry of one []byte", name)
	}
	s, err := strconv.Unquote(m[1])
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return []byte(s)
}

// playable gives a text of the fuzzer what hls.js asks of every media playlist, so that it says something
// of the rest as well.
func playable(text []byte) []byte {
	first, rest, more := bytes.Cut(text, []byte("\n"))
	if !more || bytes.Contains(text, []byte("#EXT-X-TARGETDURATION")) || bytes.Contains(text, []byte("#EXT-X-STREAM-INF")) {
		return text
	}
	return slices.Concat(first, []byte("\n#EXT-X-TARGETDURATION:4\n"), rest)
}

// ask has hls.js read all playlists.
func ask(t *testing.T, ctx context.Context, all []collected) []said {
	t.Helper()
	server := httptest.NewServer(http.FileServer(http.Dir("testdata/hlsjs")))
	t.Cleanup(server.Close)
	type list struct {
		Text []byte   `json:"text"`
		URIs [][]byte `json:"uris"`
	}
	lists := make([]list, len(all))
	for i, c := range all {
		lists[i].Text = c.text
		if c.err == nil {
			for _, ref := range c.ours.References {
				lists[i].URIs = append(lists[i].URIs, []byte(ref.URI))
			}
		}
	}
	input, err := json.Marshal(lists)
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+"/parse.html")); err != nil {
		t.Fatal(err)
	}
	answers, err := chromedp.Run(ctx, chromedp.Evaluate[[]said](
		fmt.Sprintf(`import("/parse.mjs").then(() => window.parse(%s, %q))`, input, listAddress), chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return answers
}

// TestParseAgrees has hls.js's own parser read every playlist that was collected, and what the fuzzer kept.
// Both must find the same files, byte ranges and numbers, apart from the differences that are known.
func TestParseAgrees(t *testing.T) {
	ctx := browser(t)
	all := collection(t)
	answers := ask(t, ctx, all)
	refused, used := 0, map[string]int{}
	for i, c := range all {
		if answers[i].Error != "" {
			refused++
		}
		for _, d := range c.differences(answers[i]) {
			if reason := d.known(c, answers[i]); reason != "" {
				used[reason]++
				continue
			}
			t.Errorf("%s: %s\nhls.js complains: %q\n%q", c.name, d, answers[i].Error, c.text[:min(len(c.text), 500)])
		}
	}
	t.Logf("%d playlists, of which hls.js refuses %d", len(all), refused)
	for _, k := range knownDifferences() {
		if used[k.reason] == 0 {
			t.Errorf("there is no such difference any more: %s", k.reason)
		}
	}
	if refused > len(all)/4 {
		t.Errorf("hls.js refuses %d of %d playlists, so that little was compared", refused, len(all))
	}
}
