package recorder

import (
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/edition"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// TestInitSectionOfAnotherSession: a closing list whose init section is in the folder of another session, as both runs have the same one, waits for that as
// for its own, and lists nothing that needs it if it is lost.
func TestInitSectionOfAnotherSession(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		path  string // of the list
		act   func(d *deck, init string)
		lists bool
		waits string // for that path of the bucket
	}{
		{"it is stored", "a.m3u8", func(d *deck, init string) { d.Given(init, 9, false, d.now, d.opened); d.Stored(init, 9) }, true, ""},
		{"nobody knows", "a.m3u8", func(*deck, string) {}, true, ""},
		{"it is on its way", "a.m3u8", func(d *deck, init string) { d.Given(init, 9, false, d.now, d.opened) }, true, one + "/init.mp4"},
		{"it is on its way, below", "v0/a.m3u8", func(d *deck, init string) { d.Given(init, 9, false, d.now, d.opened) }, true, one + "/v0/init.mp4"},
		{"it is lost", "a.m3u8", func(d *deck, init string) { d.Given(init, 9, false, d.now, d.opened); d.Lost(init, 0) }, false, ""},
		{"it is lost, below", "v0/a.m3u8", func(d *deck, init string) { d.Given(init, 9, false, d.now, d.opened); d.Lost(init, 0) }, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newDeck(t)
			folder := tt.path[:strings.LastIndexByte(tt.path, '/')+1]
			tt.act(d, one+"/"+folder+"init.mp4")
			d.borrows(tt.path, folder)
			var chunk []byte
			for range 3 {
				task, ok := d.Next(d.now, func(bool) bool { return true })
				if !ok {
					break
				}
				a := Answer{Result: Done}
				switch task.Op {
				case PutChunk:
					chunk = task.Text
				case SealAll:
					a = task.Order.Seal(Found{Chunks: map[string]iter.Seq2[int, []byte]{tt.path: slices.All([][]byte{chunk})}})
					if lists := a.Result == Done; lists != tt.lists {
						t.Errorf("it lists something: %v, want %v, of\n%s", lists, tt.lists, chunk)
					}
				case PutFile:
					if tt.waits != "" {
						t.Errorf("%s is stored", task.Path)
					}
				}
				d.Report(task, a, d.now)
			}
			if got := strings.Join(d.Holds(), " "); got != tt.waits {
				t.Errorf("waits for %q, want %q", got, tt.waits)
			}
			if tt.lists && tt.waits == "" {
				return
			}
			if !tt.lists { // it comes after all
				d.Given(one+"/"+folder+"init.mp4", 9, false, d.now, d.opened)
			}
			d.Stored(one+"/"+folder+"init.mp4", 9)
			if got := d.does(Answer{Result: Done}); len(got) == 0 {
				t.Error("it is not closed once that is stored")
			}
		})
	}
}

// borrows has a packager list a segment of session two, and end, with an init section of session one.
func (d *deck) borrows(path, folder string) {
	d.Helper()
	const text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:2,\ns0.m4s\n#EXT-X-ENDLIST\n"
	list, err := hls.Parse([]byte(text))
	if err != nil {
		d.Fatal(err)
	}
	version, err := edition.Read([]byte(text), list)
	if err != nil {
		d.Fatal(err)
	}
	d.Heard(&hls.File{Path: path, State: hls.Settled, Kind: list.Kind, Seen: d.now, Playlist: list})
	places := []session.Place{{Session: one, Path: folder + "init.mp4", Fate: session.Known}, {Session: two, Path: folder + "s0.m4s", Fate: session.Known, Done: d.now}}
	d.Listed(session.Listing{Playlist: path, Text: version, Seen: d.now, Ended: true, Session: two, Places: places}, d.opened)
}
