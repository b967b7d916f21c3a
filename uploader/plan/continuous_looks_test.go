package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// TestContinuousLooksAreAnswered: what waits in the directory alone is asked for when there is room. If the watcher then tells of something of which
// the sessions make nothing, the bytes are gone, and nobody waits for them.
func TestContinuousLooksAreAnswered(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(o *outage, path string){
		"lost": func(o *outage, path string) { o.plan.Observe(hls.File{Path: path, State: hls.Lost, Seen: o.now}) },
		"gone": func(o *outage, path string) { o.gone(path) },
		"other bytes": func(o *outage, path string) {
			f := o.stage.file(path)
			f.Source = &held{}
			o.plan.Observe(f)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &outage{stage: newStage(t, session.Config{}), sources: map[string]*held{}}
			o.plan = &auditor{Plan: New(Config{Continuous: &o.config, Budget: 300}), t: t}
			o.plan.tick(o.now.Add(-time.Minute))
			o.serve(time.Second)
			o.encodes(0, 0)
			o.serve(time.Second)
			o.encodes(1, 5) // two of them do not fit
			asked := map[string]bool{}
			for range 600 {
				e := o.plan.Advance(o.now, Requests)
				o.take(e)
				for _, path := range e.Looks {
					if !asked[path] {
						asked[path] = true
						answer(o, path)
					}
				}
				for _, j := range e.Jobs {
					o.report(j, o.do(j))
				}
				o.tick(100 * time.Millisecond)
			}
			if w := o.plan.Advance(o.now, Nothing).Waiting; len(asked) == 0 || w.Unpinned > 0 {
				t.Errorf("asked for %v, and %d files still wait in the directory alone", asked, w.Unpinned)
			}
			if name != "other bytes" && len(o.lost) != len(asked) {
				t.Errorf("lost: %s, asked for %s", strings.Join(o.lost, ", "), fmt.Sprint(asked))
			}
		})
	}
}
