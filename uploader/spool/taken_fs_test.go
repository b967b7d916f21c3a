package spool

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// TestFolderTakenAgainAndAgain mirrors into the directory what has no spool folder, each second (rsync -a --delete), and moves
// it away as often: that is one line, whether a pin or a round of Run meets it first, and one more with the number of
// further ones an hour later.
func TestFolderTakenAgainAndAgain(t *testing.T) {
	t.Parallel()
	take := map[string]func(folder string, i int) error{
		"removed": func(folder string, _ int) error { return os.RemoveAll(folder) },
		"moved":   func(folder string, i int) error { return os.Rename(folder, fmt.Sprint(folder, i)) },
	}
	for name, take := range take {
		for _, pins := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, met by a pin %v", name, pins), func(t *testing.T) {
				t.Parallel()
				c := &clock{now: time.Now()}
				x := start(t, func(_ *Config, sys *system) { sys.now = c.Now })
				round := func(i int) {
					x.must(take(x.spool.folder, i))
					if pins {
						name := fmt.Sprintf("met_%d.ts", i)
						x.write(name, "bytes")
						if f := x.try(name); f.Source != nil {
							f.Source.Release()
						}
					}
					x.spool.serve(t.Context(), &usage{})
					f := x.pinText(fmt.Sprintf("%d.ts", i), "bytes")
					x.want(f, "bytes")
					f.Source.Release()
					c.add(tick)
				}
				for i := range 20 {
					round(i)
				}
				if x.obs.lines("level=WARN") != 1 || x.obs.lines("works again") != 0 || x.obs.lines("--exclude .hlsship") != 1 {
					t.Errorf("log: %s", x.obs.log.String())
				}
				c.add(takenPause)
				round(20)
				if x.obs.lines("level=WARN") != 2 || x.obs.lines("repeated=19") != 1 {
					t.Errorf("log: %s", x.obs.log.String())
				}
			})
		}
	}
}
