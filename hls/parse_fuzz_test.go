package hls

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	names, err := filepath.Glob("testdata/*.m3u8")
	if err != nil {
		f.Fatal(err)
	}
	collected, err := filepath.Glob("testdata/playlists/*.m3u8")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range append(names, collected...) {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("#EXTM3U\r\r\n#EXT-X-MAP:URI=\"a\r\n#EXT-X-BYTERANGE:9223372036854775807@1\r\na\r"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text := string(data)
		p, err := Parse(data)
		if string(data) != text {
			t.Fatal("Parse changed the text")
		}
		if err != nil {
			if p != nil || !errors.Is(err, ErrNotPlaylist) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrMalformed) {
				t.Fatalf("got %v, %v", p, err)
			}
		} else {
			checkPlaylist(t, p, text)
		}
		same(t, "CRLF", p, err, strings.ReplaceAll(text, "\n", "\r\n"))
		same(t, "final newline", p, err, text+"\n")
		same(t, "final blank line", p, err, text+"\r\n \r\n")
		same(t, "comment", p, err, text+"\n## URI=\"x\"")
	})
}

// same fails unless Parse says of a text what it said of another.
func same(t *testing.T, change string, want *Playlist, wantErr error, text string) {
	t.Helper()
	got, err := Parse([]byte(text))
	if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: got %+v, %v, want %+v, %v", change, got, err, want, wantErr)
	}
}

func checkPlaylist(t *testing.T, p *Playlist, text string) {
	t.Helper()
	if !p.Kind.IsPlaylist() || p.TargetDuration < 0 || p.Segments < 0 || p.Segments > len(p.References) && !strings.Contains(text, "#EXT-X-SKIP") {
		t.Errorf("got %+v", p)
	}
	if last, ok := p.LastSequence(); ok && last < p.MediaSequence {
		t.Errorf("last sequence %d below the first, %d", last, p.MediaSequence)
	}
	defines := strings.Contains(text, "#EXT-X-DEFINE")
	for _, r := range p.References {
		if !defines && !strings.Contains(text, r.URI) {
			t.Errorf("%q stands nowhere", r.URI)
		}
		if r.Offset < 0 || r.Length < 0 || r.Offset+r.Length < 0 || r.Length == 0 && r.Offset != 0 {
			t.Errorf("range %d@%d", r.Length, r.Offset)
		}
		if r.Kind == MultivariantPlaylist || r.Kind > Temporary || strings.ContainsAny(r.URI, "\r\n\x00") {
			t.Errorf("got %+v", r)
		}
	}
}
