package plan

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// TestContinuousRunsAlike: a run writes its files again with the very bytes of the run before, as empty subtitles and silence are, so that
// the watcher is asked for them once more, which tells of them as found. They are this run's all the same, at once.
func TestContinuousRunsAlike(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"subtitles": "s%.vtt", "sound": "s%.aac", "a segment in a folder": "a/s%.ts"} {
		for tone, found := range map[string]bool{"told as found": true, "told as seen": false} {
			t.Run(name+", "+tone, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, session.Config{})
				known := map[string]hls.File{}
				write := func(name string) {
					f := s.file(name)
					f.Sum = sha256.Sum256([]byte("the same"))
					known[name] = f
					s.plan.Observe(f)
				}
				serve := func(d time.Duration) {
					for end := s.now.Add(d); s.now.Before(end); {
						s.serve(20 * time.Millisecond)
						for _, name := range slices.Compact(slices.Sorted(slices.Values(s.plan.Looks()))) {
							f := known[name]
							f.Found, f.Seen = found, s.now
							s.plan.Observe(f)
						}
					}
				}
				for run := range 2 {
					var names []string
					for n := range 3 - run {
						names = append(names, strings.ReplaceAll(path, "%", string(rune('0'+n))))
						write(names[n])
						s.playlist("x.m3u8", playlistText(0, false, names...))
						serve(300 * time.Millisecond)
						if listed := strings.Count(s.texts["x.m3u8"], strings.ReplaceAll(path, "%", string(rune('0'+n)))); listed != run+1 {
							t.Errorf("run %d: %s is listed %d times after 300 ms:\n%s", run, names[n], listed, s.texts["x.m3u8"])
						}
					}
				}
			})
		}
	}
}
