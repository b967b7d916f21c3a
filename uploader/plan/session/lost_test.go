package session

import (
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// TestLostKeys: what is lost of an older run is known by its key, be there a newer variant, and nothing of the run that goes on is.
func TestLostKeys(t *testing.T) {
	t.Parallel()
	const older = "20261130T010203Z/"
	for key, c := range map[string]struct {
		use  func(s *session)
		lost bool
	}{
		older + "init.mp4":             {func(s *session) { s.use("init.mp4", 0) }, true},
		older + "k.key":                {func(s *session) { s.use("k.key", 0); s.use("k.key", 2) }, true},
		older + ".2/k.key":             {func(s *session) { s.use("k.key", 0); s.use("k.key", 2) }, true},
		"20261130T010304Z/init.mp4":    {func(s *session) { s.use("init.mp4", 0) }, false},
		"20261130T010000Z/other.mp4":   {func(*session) {}, false},
		"master/that/is/in/no/session": {func(*session) {}, false},
		older + "seg0.ts":              {func(s *session) { s.use("seg0.ts", 0) }, true},
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			m := New(Config{}, Surroundings{
				Settle: time.Second, Include: func(string) bool { return false }, Noted: func(string, hls.Version) string { return "" },
			})
			c.use(m.sessions.get(nameOf(older)))
			l := m.list("x.m3u8")
			l.session = m.sessions.get("20261130T010304Z")
			c.use(l.session)
			for _, s := range m.sessions.all {
				for _, u := range s.uses {
					u.give(&hls.File{Version: hls.Version{Inode: 1}})
				}
			}
			if m.isLost(l, key) {
				t.Error("it is lost before it was")
			}
			if m.Lost(key); m.isLost(l, key) != c.lost {
				t.Errorf("lost: %t, want %t", !c.lost, c.lost)
			}
			if u := m.sessions.find(key); u != nil {
				u.session.use(u.path, u.variant+2)
				if m.isLost(l, key) != c.lost {
					t.Error("it is lost no more as there is a newer variant")
				}
				if u.give(&hls.File{Version: hls.Version{Inode: 2}}); m.isLost(l, key) {
					t.Error("it is lost, and has bytes again")
				}
			}
		})
	}
}
