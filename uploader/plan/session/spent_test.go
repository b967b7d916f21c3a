package session

import (
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// spent is a Source that tells when it is released.
type spent bool

func (*spent) Open() (hls.Reader, error) { return nil, nil }

func (s *spent) Release() { *s = true }

// TestVersionsAreNotKept: once the Plan has published all of a version nobody has its source, which the spool would link and flush if it
// were kept for longer; as long as its end is held back, somebody has.
func TestVersionsAreNotKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end   string
		after time.Duration // until nobody has it
	}{
		"live": {"", 0}, "its end is held back": {"#EXT-X-ENDLIST\n", 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := New(Config{EndDelay: 10 * time.Second}, Surroundings{
				Settle: time.Second, Include: func(string) bool { return false }, Noted: func(string, hls.Version) string { return "" },
			})
			now := time.Unix(1_000_000_000, 0)
			publish := func(published []byte) {
				for range 3 { // what the store holds is asked for, told and taken in
					e := m.Take(now)
					for _, s := range e.Release {
						s.Release()
					}
					for _, f := range e.Facts {
						if f.Source != nil {
							f.Source.Release() // as the Plan does with what is stored
						}
					}
					for _, path := range e.Fetch {
						m.Published(path, published)
					}
				}
			}
			list := func(inode uint64, text string) *spent {
				p, err := hls.Parse([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				s := new(spent)
				m.Observe(hls.File{Path: "x.m3u8", State: hls.Settled, Kind: p.Kind, Version: hls.Version{Inode: inode}, Seen: now, Content: []byte(text), Playlist: p, Source: s})
				publish(nil)
				return s
			}
			const first = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:2,\na.ts\n"
			m.Observe(hls.File{Path: "a.ts", State: hls.Settled, Kind: hls.Media, Version: hls.Version{Inode: 1, Size: 1}, Seen: now, Source: new(spent)})
			m.Observe(hls.File{Path: "b.ts", State: hls.Settled, Kind: hls.Media, Version: hls.Version{Inode: 2, Size: 1}, Seen: now, Source: new(spent)})
			list(3, first)
			now = now.Add(2 * time.Second)
			s := list(4, first+"#EXTINF:2,\nb.ts\n"+c.end)
			if got := bool(*s); got != (c.after == 0) {
				t.Errorf("released at once: %v", got)
			}
			now = now.Add(c.after)
			if publish(nil); !*s {
				t.Errorf("it is kept %v later", c.after)
			}
		})
	}
}
