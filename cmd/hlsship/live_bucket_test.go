//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// pathOf returns the path of a key below the watched directory.
func pathOf(key string) (path string, ours bool) {
	return strings.CutPrefix(strings.TrimPrefix(key, "/"), livePrefix)
}

// compare reads the bucket past the proxy: it must hold what playlists named and the playlists, byte for
// byte with the right headers, and nothing else.
func (l *live) compare(t *testing.T) {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client, err := minio.New(strings.TrimPrefix(l.gateway.Endpoint, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(l.gateway.AccessKey, l.gateway.SecretKey, ""), Region: l.gateway.Region,
		BucketLookup: minio.BucketLookupPath, Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	stored := map[string]bool{} // what has the bytes meant last
	for object := range client.ListObjects(t.Context(), l.gateway.Bucket, minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			t.Fatalf("list: %v", object.Err)
		}
		at, ours := pathOf(object.Key)
		folder, at, _ := storetest.Split(at)
		if folder != "" && l.how == recorded && isOfRecording(at) {
			continue
		}
		if folder != "" || l.history != nil && l.mentions[at] == hls.MediaPlaylist {
			stored[at] = l.compareRemembered(t, client, object.Key, at) || stored[at]
			continue
		}
		if _, mentioned := l.mentions[at]; !ours || !mentioned && !l.viewer.AllowUnnamed {
			l.accuse(l.unsure(at), "%s is stored, and no playlist ever named it", object.Key)
			continue
		}
		stored[at] = true
		l.compareObject(t, client, at)
	}
	for at := range l.mentions {
		content, finished := l.finished[at]
		if empty := len(content) == 0 && hls.Classify(at) == hls.Media; finished && !empty && !stored[at] && !l.excused[at] {
			l.accuse(false, "%s is not stored", at)
		}
	}
}

// compareRemembered looks at an object that the audience judges, but for its headers, and reports whether it has the bytes that the path
// means last.
func (l *live) compareRemembered(t *testing.T, client *minio.Client, key, at string) bool {
	t.Helper()
	object, err := client.GetObject(t.Context(), l.gateway.Bucket, key, minio.GetObjectOptions{})
	if err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	defer func() { _ = object.Close() }() // it was only read
	content, err := io.ReadAll(object)
	if err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	info, err := object.Stat()
	if err != nil {
		t.Fatalf("stat %s: %v", key, err)
	}
	if l.mentions[at] == hls.MediaPlaylist {
		return true
	}
	kind, _, _ := strings.Cut(l.headersOf(at)[0], ";")
	want := []string{kind + "; public, max-age=31536000, immutable"}
	if l.mentions[at] == hls.Key {
		want[0] = kind + "; private, no-store"
	} else if l.ranged[at] { // as long as it may grow
		want = append(want, kind+"; public, max-age=1")
	}
	if got := info.ContentType + "; " + info.Metadata.Get("Cache-Control"); !slices.Contains(want, got) {
		l.accuse(l.unsure(at), "headers of %s: got %q, want one of %q", key, got, want)
	}
	return slices.ContainsFunc(append(l.meant[at], l.finished[at]), func(m []byte) bool {
		return bytes.Equal(m, content) || l.ranged[at] && bytes.HasPrefix(m, content)
	})
}

func (l *live) compareObject(t *testing.T, client *minio.Client, at string) {
	t.Helper()
	object, err := client.GetObject(t.Context(), l.gateway.Bucket, livePrefix+at, minio.GetObjectOptions{})
	if err != nil {
		t.Fatalf("get %s: %v", at, err)
	}
	defer func() { _ = object.Close() }() // it was only read
	content, err := io.ReadAll(object)
	if err != nil {
		t.Fatalf("get %s: %v", at, err)
	}
	meant := l.meant[at]
	if len(meant) == 0 {
		meant = [][]byte{l.finished[at]} // nobody names it: --include
	}
	if !slices.ContainsFunc(meant, func(m []byte) bool { return bytes.Equal(m, content) }) {
		l.accuse(l.unsure(at), "%s is stored with %d bytes that are not the %d meant last", at, len(content), len(meant[len(meant)-1]))
	}
	info, err := object.Stat()
	if err != nil {
		t.Fatalf("stat %s: %v", at, err)
	}
	got, want := windowed(info.ContentType+"; "+info.Metadata.Get("Cache-Control")), l.headersOf(at)
	if l.ranged[at] { // it may have grown, and need not be sent again when it is closed
		want = append(want, info.ContentType+"; public, max-age=1")
	} else if got != want[len(want)-1] {
		l.accuse(l.unsure(at), "headers of %s: got %q, want %q", at, got, want[len(want)-1])
	}
	// Those of all its PUTs: the playlist was a live one before it ended.
	for _, line := range l.headers[at] {
		if !slices.Contains(want, windowed(line)) {
			l.accuse(l.unsure(at), "%s was sent with the headers %q, want %q", at, line, want)
		}
	}
}

// windowed has a word in place of the seconds that a file of one of these windows may be cached for, or one whose name has a time
// and does not come back.
func windowed(line string) string {
	kind, age, ok := strings.Cut(line, "; public, max-age=")
	n, err := strconv.Atoi(age)
	if !ok || err != nil || n < 3 || n > 120 && n != 86400 || strings.HasSuffix(kind, "mpegurl") || strings.HasSuffix(kind, "xml") {
		return line
	}
	return kind + "; public, max-age=WINDOW"
}

// headersOf returns what a file may be sent with, what it is stored with in the end last.
func (l *live) headersOf(at string) []string {
	const window = "; public, max-age=WINDOW"
	switch path.Ext(at) {
	case ".ts":
		return []string{"video/mp2t" + window}
	case ".mpd":
		const manifest = "application/dash+xml; public, max-age="
		if !bytes.Contains(l.finished[at], []byte(`type="static"`)) {
			return []string{manifest + "1"}
		}
		return []string{manifest + "1", manifest + "10"}
	case ".m4s":
		return []string{"video/iso.segment" + window}
	case ".mp4":
		return []string{"video/mp4" + window}
	case ".m4a":
		return []string{"audio/mp4" + window}
	case ".aac":
		return []string{"audio/aac" + window}
	case ".mp3":
		return []string{"audio/mpeg" + window}
	case ".vtt":
		return []string{"text/vtt" + window}
	case ".m3u8":
	default:
		if l.mentions[at] == hls.Key {
			return []string{"application/octet-stream; private, no-store"}
		}
	}
	const list = "application/vnd.apple.mpegurl; "
	if l.mentions[at] == hls.MultivariantPlaylist {
		return []string{list + "public, max-age=60"}
	}
	if !bytes.Contains(l.finished[at], []byte("#EXT-X-ENDLIST")) {
		return []string{list + "public, max-age=1"} // nor had it ever, unless the packager went on
	}
	lines := []string{list + "public, max-age=1"}
	for n := 2; l.stretched && n <= stormSeconds; n++ {
		lines = append(lines, fmt.Sprintf("%spublic, max-age=%d", list, n))
	}
	return append(lines, list+"public, max-age=10")
}

// holds checks that a playlist was shipped to its end. That the bucket holds it is checked by compare.
func (l *live) holds(t *testing.T, list string) {
	t.Helper()
	content := l.recorded(list)
	if len(content) == 0 {
		l.accuse(l.unsure(list), "ffmpeg never wrote %s", list)
		return
	}
	if l.mentions[list] == hls.MediaPlaylist && !bytes.Contains(content, []byte("#EXT-X-ENDLIST")) {
		l.accuse(l.unsure(list), "%s did not end", list)
	}
}

// holdsSegments checks that segments 0 to count-1, by the pattern, were written and named.
func (l *live) holdsSegments(t *testing.T, pattern string, count int) {
	t.Helper()
	for n := range count {
		at := fmt.Sprintf(pattern, n)
		if _, named := l.mentions[at]; !named || len(l.recorded(at)) == 0 {
			l.accuse(l.unsure(at), "ffmpeg never wrote or never named %s", at)
		}
	}
}
