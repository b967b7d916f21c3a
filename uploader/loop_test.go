package uploader

import (
	"slices"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/journal"
	"github.com/hlsship/hlsship/uploader/plan"
)

// kept is a source that tells whether it was released.
type kept struct{ released bool }

func (*kept) Open() (hls.Reader, error) { return nil, nil } //nolint:nilnil // nobody reads it
func (k *kept) Release()                { k.released = true }

// TestRunLetsTheDirectoryGoFirst has a playlist in the spool, and a newer version of it in the directory that is deleted
// as soon as it is published: what was left must not come back after it.
func TestRunLetsTheDirectoryGoFirst(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	p := plan.New(plan.Config{})
	l := &loop{Uploader: &Uploader{plan: p, log: journal.New(journal.Config{})}, survey: newSurvey(nil)}
	list := func(name, text string, inode uint64, spooled bool) (hls.File, *kept) {
		pl, err := hls.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		source := &kept{}
		return hls.File{
			Path: name, State: hls.Settled, Kind: pl.Kind, Version: hls.Version{Inode: inode, Size: 1}, Seen: now, Found: true, Spooled: spooled,
			Content: []byte(text), Playlist: pl, Source: source,
		}, source
	}
	wants := func(names ...string) {
		t.Helper()
		var fetched []string
		for _, j := range p.Advance(now, plan.Requests).Jobs {
			if j.Op != plan.Fetch {
				t.Errorf("%s %s", j.Op, j.Path)
			}
			fetched = append(fetched, j.Path)
		}
		if slices.Sort(fetched); !slices.Equal(fetched, names) {
			t.Errorf("read back: %q, want %q", fetched, names)
		}
	}
	const text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n#EXTINF:2,\na.ts\n"
	older, spool := list("x.m3u8", text+"#1\n", 1, true)
	other, _ := list("y.m3u8", text+"#1\n", 2, true)
	l.recover([]hls.File{older, other})
	wants() // nothing of them is known yet
	newer, own := list("x.m3u8", text+"#2\n", 3, false)
	l.observe(newer)
	if !spool.released {
		t.Error("what the directory has a newer version of is still kept")
	}
	l.observeLeft()
	wants("x.m3u8", "y.m3u8")
	if own.released {
		t.Error("what was left counts as the newest version")
	}
}
