package edition

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// TestPackagers has what real packagers write published. Taking the folders out yields their very bytes, but for the
// line that counts discontinuities and what only a server can do.
func TestPackagers(t *testing.T) {
	t.Parallel()
	var names []string
	for _, folder := range []string{"*.m3u8", "playlists/*.m3u8"} {
		found, err := filepath.Glob("../../../hls/testdata/" + folder)
		if err != nil || len(found) < 10 {
			t.Fatal(found, err)
		}
		names = append(names, found...)
	}
	for _, name := range names {
		t.Run(strings.TrimPrefix(name, "../../../hls/testdata/"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			list, err := hls.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			c := in("20261130T010203Z")
			v, err := Read(text, list)
			if list.Kind == hls.MultivariantPlaylist {
				if !errors.Is(err, ErrNoMedia) {
					t.Errorf("read as a media playlist: %v", err)
				}
				return
			}
			if strings.Contains(string(text), "#EXT-X-SKIP") {
				if !errors.Is(err, ErrDelta) {
					t.Errorf("a delta update is read: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			e := publish(t, nil, string(text), c)
			published, err := hls.Parse(e.Text())
			if err != nil {
				t.Fatal(err)
			}
			got := string(TakeOut(e.Text(), published.References, func(uri string) int {
				if !strings.HasPrefix(uri, "20261130T010203Z/") {
					t.Errorf("%s has no folder", uri)
				}
				return len("20261130T010203Z/")
			}))
			if !v.states(discontinuitySequence) {
				before, after, _ := strings.Cut(got, "#EXT-X-DISCONTINUITY-SEQUENCE:0")
				got = before + strings.TrimPrefix(strings.TrimPrefix(after, "\r"), "\n")
			}
			if len(v.parts) > 0 || v.states(control) {
				if strings.Contains(got, "EXT-X-PART") || strings.Contains(got, "PRELOAD-HINT") || strings.Contains(got, "CAN-BLOCK") {
					t.Errorf("promises what only a server keeps:\n%s", got)
				}
				return
			}
			if got != string(text) {
				t.Errorf("got\n%q\nof\n%q", got, text)
			}
		})
	}
}

// TestInsertable has the folder stand before what it moves, and only there.
func TestInsertable(t *testing.T) {
	t.Parallel()
	const text = `#EXTM3U
#EXT-X-DEFINE:NAME="here",VALUE="sub"
#EXT-X-DEFINE:NAME="there",VALUE="https://host"
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:1
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://key",KEYFORMAT="com.apple.streamingkeydelivery"
#EXT-X-KEY:METHOD=AES-128,IV=0x1,URI=" k.key?a=b"
#EXT-X-MAP:URI="data:video/mp4,x"
#EXT-X-DATERANGE:ID="1",START-DATE="2026-11-30T00:00:00Z",X-ASSET-URI="ad.m3u8"
#EXTINF:2,
{$here}/1.ts
#EXTINF:2,
{$there}/2.ts
#EXTINF:2,
{$nowhere}/3.ts
#EXTINF:2,
../up/4.ts#x
#EXTINF:2,
/5.ts
#EXT-X-GAP
#EXTINF:2,
6.ts
#EXTINF:2,
  7 8.ts  
#EXTINF:2,
list.m3u8
#EXTINF:2,
a\9.ts
#EXT-X-RENDITION-REPORT:URI="../other.m3u8",LAST-MSN=9
`
	want := text
	for _, uri := range []string{"k.key", "{$here}/1.ts", "../up/4.ts", "7 8.ts", `a\9.ts`} {
		want = strings.Replace(want, uri, "../s/"+uri, 1)
	}
	c := in("../s")
	e := publish(t, nil, text, c)
	if string(e.Text()) != want {
		t.Errorf("got\n%s\nwant\n%s", e.Text(), want)
	}
	list, err := hls.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(Insert([]byte(text), list.References, c.Folder)); got != want {
		t.Errorf("inserted:\n%s", got)
	}
	omitted := 0
	for i, r := range list.References {
		if !Insertable(r) {
			if omitted == len(e.Omitted()) || e.Omitted()[omitted] != i {
				t.Errorf("omitted are %v, and not %s", e.Omitted(), r.URI)
			}
			omitted++
		}
	}
	if omitted != len(e.Omitted()) {
		t.Errorf("omitted are %v", e.Omitted())
	}
}
