package recording

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/edition"
)

// version reads the text of a packager.
func version(t testing.TB, text string) *edition.Version {
	t.Helper()
	v, err := edition.Read([]byte(text), parsed(t, text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return v
}

// parsed parses the text of a packager.
func parsed(t testing.TB, text string) *hls.Playlist {
	t.Helper()
	list, err := hls.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return list
}

// text makes a playlist: its number, and one line for each space in what is listed.
func text(number int, lines ...string) string {
	return fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n%s\n", number, strings.Join(lines, "\n"))
}

// seg returns the lines of a segment of two seconds.
func seg(name string, tags ...string) string {
	return strings.Join(append(tags, "#EXTINF:2,", name), "\n")
}

// recorded takes in versions, and reads back all chunks.
func recorded(t testing.TB, list string, facts Facts, texts ...string) *Recording {
	t.Helper()
	var track Track
	for _, s := range texts {
		track.Observe(version(t, s), facts)
	}
	return finished(t, list, &track)
}

// finished ends a run and reads its chunks back.
func finished(t testing.TB, list string, track *Track) *Recording {
	t.Helper()
	track.End()
	r := New(list)
	for _, text := range chunksOf(track) {
		add(t, r, text)
	}
	return r
}

func chunksOf(track *Track) (all [][]byte) {
	for _, text := track.Chunk(); text != nil; _, text = track.Chunk() {
		all = append(all, text)
	}
	return all
}

func add(t testing.TB, r *Recording, chunk []byte) {
	t.Helper()
	if err := r.Add(chunk); err != nil {
		t.Fatalf("%v in\n%s", err, chunk)
	}
}

// closed returns the closing list, which any player reads.
func closed(t testing.TB, r *Recording, c Choices) *Closed {
	t.Helper()
	out, err := r.Close(c)
	if err != nil {
		t.Fatal(err)
	}
	list, err := hls.Parse(out.Text)
	if err != nil || !list.Ended || list.Segments != out.Entries {
		t.Fatalf("%v: %+v of\n%s", err, out, out.Text)
	}
	return out
}

// body returns a closing list without the lines that say something of all of it.
func body(text []byte) string {
	var all []string
	for _, l := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		switch name, _, _ := strings.Cut(l, ":"); name {
		case "#EXTM3U", "#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-PLAYLIST-TYPE", "#EXT-X-ENDLIST":
		default:
			all = append(all, l)
		}
	}
	return strings.Join(all, "\n")
}

func at(second int) time.Time { return time.Date(2026, 11, 30, 1, 2, second, 0, time.UTC) }
