package session

import (
	"fmt"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// TestSessionsAreBounded: whoever begins a run with every playlist has sessions opened, and not remembered for ever.
func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	m := New(Config{}, Surroundings{
		Settle: time.Second, Include: func(string) bool { return false }, Noted: func(string, hls.Version) string { return "" },
	})
	now := time.Unix(1_000_000_000, 0)
	begun := 0
	for i := range 3 * maxSessions { // numbers that fall
		now = now.Add(time.Second)
		text := fmt.Appendf(nil, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXTINF:2,\ns%d.ts\n", 3*maxSessions-i, i)
		list, err := hls.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		m.Observe(hls.File{Path: "x.m3u8", State: hls.Settled, Kind: list.Kind, Version: hls.Version{Inode: uint64(i)}, Seen: now, Content: text, Playlist: list})
		e := m.Take(now)
		for _, event := range e.Events {
			if event.Kind == "run" {
				begun++
			}
		}
		for _, path := range e.Fetch {
			m.Published(path, nil)
		}
	}
	if begun < 2*maxSessions || len(m.sessions.all) > maxSessions+1 || len(m.sessions.order) != len(m.sessions.all) {
		t.Errorf("%d runs began, and %d sessions are remembered, want %d at most", begun, len(m.sessions.all), maxSessions+1)
	}
	if l := m.lists.all["x.m3u8"]; m.sessions.all[l.session.name] != l.session {
		t.Error("the session of a list is forgotten")
	}
}
