package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/recorder"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// TestUnrecorded: a playlist that names its media by URLs of the directory is not recorded, which is told once; others are.
func TestUnrecorded(t *testing.T) {
	t.Parallel()
	const site = "https://cdn.example/live/"
	for _, tt := range []struct {
		name, before, last string // what stands before segments, and before the last one
		want               bool
	}{
		{"relative", "", "", false}, {"by URL", site, site, true}, {"by path from the root", "/live/", "/live/", true},
		{"one by URL", "", site, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			public, err := hls.NewSite(site, "")
			if err != nil {
				t.Fatal(err)
			}
			s := newTaped(t)
			s.desk = newDesk(t, Config{Continuous: &session.Config{}, Scanning: true, Record: &recorder.Config{}, Site: public})
			told := 0
			for i := range 6 {
				s.media(fmt.Sprintf("s%d.ts", i))
				text := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
				for k := range i + 1 {
					before := tt.before
					if k == i && i == 5 {
						before = tt.last
					}
					text += fmt.Sprintf("#EXTINF:2,\n%ss%d.ts\n", before, k)
				}
				s.playlist("x.m3u8", text)
				s.serve(2 * time.Second)
				told = max(told, editsOf(s.plan.out.Edits, EditUnrecorded))
			}
			s.serve(10 * time.Second)
			s.plan.Drain()
			s.serve(0)
			if told != 0 != tt.want || told > 1 {
				t.Errorf("told %d times", told)
			}
			if tt.want && strings.Contains(s.closed(), "s5") || !tt.want && !strings.Contains(s.closed(), "s5") {
				t.Errorf("closed %q", s.closed())
			}
		})
	}
}

func editsOf(all []Edit, kind string) int {
	return len(slices.DeleteFunc(slices.Clone(all), func(e Edit) bool { return e.Kind != kind }))
}
