package hls

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
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
	f.Add([]byte("#EXTM3U\n#EXT-X-MAP:BYTERANGE=\"00000000000000000000000000000000000000000000000000000000000000001@7\",URI=\"a\",URI=b,URI=c,=,,=,\n"))
	f.Add([]byte("#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"{$a}{$b}\"\n#EXT-X-DEFINE:NAME=b,VALUE=xxxxxxxx,IMPORT=c,QUERYPARAM=d\n{$b}{$b}{$c\n{$b}{$d}?{$b}\n"))
	f.Add([]byte("#EXTM3U\n#EXT-X-DEFINE:NAME=v,VALUE=0123456789\n#EXT-X-DEFINE:NAME=w,VALUE={$v}{$v}{$v}\n#EXT-X-DEFINE:NAME=x,VALUE={$w}{$w}{$w}\n{$x}{$x}\n"))
	f.Add([]byte("#EXTM3U\n#EXT-X-BYTERANGE:1\na\n#EXT-X-BYTERANGE:1\nb\n#EXT-X-BYTERANGE:1\na\n \t\r\r#EXT-X-RENDITION-REPORT:URI=a.m3u8\nb.m3u8\nc.mpd\n"))
	f.Add([]byte("\ufeff#EXTM3U\r\n#EXT-X-KEY:METHOD=AES-128,URI=  k.key ,IV=1\r\n \ta.ts \r#EXT-X-PREFETCH: p.ts\r\r\n#EXT-X-X:URI=\v\"q\" ,URI=\"b.ts\n#EXT-X-MAP:URI=\"\",URI=\n"))
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
			checkSpans(t, p, text)
			checkBudget(t, "a.m3u8", data, p)
		}
		counted := parser{budget: newBudget(data, maxReferences)}
		if _, err := counted.parse(data); counted.budget.steps > int64(len(data)+1) {
			t.Errorf("%d steps for %d bytes, %v", counted.budget.steps, len(data), err)
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
	if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(unplaced(got), unplaced(want)) {
		t.Fatalf("%s: got %+v, %v, want %+v, %v", change, got, err, want, wantErr)
	}
}

// unplaced returns p without saying where its URIs stand.
func unplaced(p *Playlist) *Playlist {
	all := *p
	all.References = slices.Clone(p.References)
	for i := range all.References {
		all.References[i].Span = Span{}
	}
	return &all
}

// checkSpans puts a folder before each URI, where the text has it, and fails unless every URI begins with it then and nothing else
// changed.
func checkSpans(t *testing.T, p *Playlist, text string) {
	t.Helper()
	const folder = "s/"
	var edited strings.Builder
	at := 0
	for i, r := range p.References {
		begin, end := int(r.Span.Offset), int(r.Span.Offset)+int(r.Span.Length)
		if begin < at || end > len(text) {
			t.Fatalf("reference %d stands at %+v, of %d bytes, behind %d", i, r.Span, len(text), at)
		}
		if written := text[begin:end]; written != r.URI && !strings.Contains(written, "{$") {
			t.Fatalf("reference %d is %q, and %q stands at its place", i, r.URI, written)
		}
		edited.WriteString(text[at:begin])
		edited.WriteString(folder)
		at = begin
		edited.WriteString(text[at:end])
		at = end
	}
	edited.WriteString(text[at:])
	again, err := Parse([]byte(edited.String()))
	if errors.Is(err, ErrTooLarge) {
		return
	}
	if err != nil || len(again.References) != len(p.References) {
		t.Fatalf("with folders: %v, %+v", err, again)
	}
	for i, r := range again.References {
		if r.URI != folder+p.References[i].URI {
			t.Errorf("reference %d: got %q, want a folder before %q", i, r.URI, p.References[i].URI)
		}
	}
	if again.Segments != p.Segments || again.MediaSequence != p.MediaSequence || again.Duration != p.Duration {
		t.Errorf("with folders: got %+v, want %+v", again, p)
	}
}

// checkBudget has the text, of which p was read, parsed within what it needs and less.
func checkBudget(t *testing.T, path string, text []byte, p *Playlist) {
	t.Helper()
	size, n := int64(len(text)), len(p.References)
	if limit := n + n/4 + 64; cap(p.References) > limit && cap(p.References) > 2*n {
		t.Errorf("room for %d references, of which %d are used", cap(p.References), n)
	}
	if n > 0 {
		if _, err := parseWithin(path, text, n-1, nil); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d references within %d: %v", n, n-1, err)
		}
	}
	within, err := parseWithin(path, text, n, nil)
	switch {
	case err == nil && (!reflect.DeepEqual(within, p) || within.Cost(size) > Cost(size, n)):
		t.Errorf("got %+v, want %+v, for %d bytes", within, p, within.Cost(size))
	case err != nil && !errors.Is(err, ErrTooLarge), err != nil && p.Cost(size) == Cost(size, n) && size < smallTree/perElement:
		t.Errorf("within as many references as it has: %v", err)
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
