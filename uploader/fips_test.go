package uploader_test

import (
	"context"
	"crypto/fips140"
	"iter"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// alreadyThere is a store that holds, so its listing and every HEAD say, an object of the file's size with an ETag like an MD5.
type alreadyThere struct{ puts []string }

func (s *alreadyThere) Put(_ context.Context, o store.Object) (string, error) {
	s.puts = append(s.puts, o.Key)
	return "new", nil
}

func (s *alreadyThere) info(key string) store.Info {
	return store.Info{Key: key, Size: int64(len("media")), ETag: strings.Repeat("0a", 16)}
}

func (s *alreadyThere) Stat(_ context.Context, key string) (store.Info, error) {
	return s.info(key), nil
}

func (s *alreadyThere) Get(_ context.Context, key string, _ int64) ([]byte, store.Info, error) {
	return nil, store.Info{}, &store.Error{Op: "get", Key: key, Kind: store.NotFound, Err: os.ErrNotExist}
}

func (s *alreadyThere) List(context.Context, string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) { yield(s.info("live/a.ts"), nil) }
}

// TestFIPS runs itself again as a process that may use no MD5, and has it meet at the start what can only be compared by one: that
// is stored again.
func TestFIPS(t *testing.T) {
	t.Parallel()
	if !fips140.Enforced() {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFIPS$", "-test.v")
		again.Env = append(os.Environ(), "GODEBUG=fips140=only")
		if out, err := again.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestFIPS") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	synctest.Test(t, func(t *testing.T) {
		s := &alreadyThere{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := run(t, ctx, s, nil, func(facts chan<- hls.File) {
			at := fact("a.ts", "media")
			at.Found = true
			facts <- at
			facts <- fact("a.m3u8", oneSegment)
		})
		if got := strings.Join(s.puts, " "); err != nil || got != "live/a.ts live/a.m3u8" {
			t.Errorf("stored %q, %v", got, err)
		}
	})
}
