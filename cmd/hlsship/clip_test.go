package main

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/headers"
	versions "github.com/hlsship/hlsship/uploader/plan/edition"
	"github.com/hlsship/hlsship/uploader/recording"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// countedShelf is a shelf in memory that counts how it is asked.
type countedShelf struct {
	*storetest.Memory

	mu               sync.Mutex
	gets, puts, list int
	got              map[string]int
}

func (c *countedShelf) count(n *int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
}

func (c *countedShelf) Folder(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		seen := map[string]bool{}
		for o, err := range c.Memory.List(ctx, prefix) {
			if name, _, below := strings.Cut(strings.TrimPrefix(o.Key, prefix), "/"); below {
				if o = (store.Info{Key: prefix + name + "/"}); seen[o.Key] {
					continue
				}
				seen[o.Key] = true
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

func (c *countedShelf) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	c.count(&c.list)
	return c.Memory.List(ctx, prefix)
}

func (c *countedShelf) Fetch(ctx context.Context, key string, limit int64) ([]byte, store.Info, http.Header, error) {
	c.count(&c.gets)
	c.mu.Lock()
	c.got[path.Base(path.Dir(key))]++
	c.mu.Unlock()
	text, info, err := c.Memory.Get(ctx, key, limit)
	return text, info, nil, err
}

func (c *countedShelf) Put(ctx context.Context, o store.Object) (string, error) {
	c.count(&c.puts)
	return c.Memory.Put(ctx, o)
}

// day is a session of 24 hours and three renditions, with media of a byte, in memory.
func day(t *testing.T, segments int) *recovery {
	t.Helper()
	c := &countedShelf{Memory: storetest.NewMemory(), got: map[string]int{}}
	put := func(key, text string) {
		if _, err := c.Memory.Put(t.Context(), store.Object{Key: key, Body: strings.NewReader(text), Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
	}
	in, master := "live/"+recordedSession+"/", "#EXTM3U\n"
	for v := range 3 {
		list := fmt.Sprintf("v%d/index.m3u8", v)
		master += fmt.Sprintf("#EXT-X-STREAM-INF:BANDWIDTH=%d\n%s\n", v+1, list)
		var track recording.Track
		window := func(i int, before string) string {
			first := max(0, i-4)
			var b strings.Builder
			fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", first)
			for k := first; k <= i; k++ {
				fmt.Fprintf(&b, "#EXT-X-PROGRAM-DATE-TIME:%s\n#EXTINF:2,\n%s%d.ts\n", segmentBegins(k).Format("2006-01-02T15:04:05.000Z"), before, k)
			}
			return b.String()
		}
		for i := range segments {
			text := []byte(window(i, ""))
			parsed, err := hls.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			version, err := versions.Read(text, parsed)
			if err != nil {
				t.Fatal(err)
			}
			track.Observe(version, recording.Facts{Done: func(k int) time.Time { return segmentBegins(int(version.Number(k)) + 1) }})
			if i%30 == 29 {
				for n, text := track.Chunk(); text != nil; n, text = track.Chunk() {
					b := recording.NewBundling(n, text)
					for before, ok := b.Want(); ok; before, ok = b.Want() {
						stored, _, _ := c.Memory.Get(t.Context(), in+recording.ChunkName(list, before), recording.MaxBundle)
						b.Took(stored)
					}
					put(in+recording.ChunkName(list, n), string(b.Bytes()))
				}
			}
			put(in+fmt.Sprintf("v%d/%d.ts", v, i), "x")
		}
		put("live/"+list, window(segments-1, fmt.Sprintf("../%s/v%d/", recordedSession, v)))
	}
	put(in+recording.ChunkName("master.m3u8", 0), master)
	policy, err := headers.New(headers.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &recovery{sealer: sealer{store: c, policy: policy, conditional: true}, prefix: "live/", workers: 4, silence: -time.Hour}
}

func segmentBegins(n int) time.Time {
	return time.Date(2026, 11, 30, 1, 2, 3, 0, time.UTC).Add(time.Duration(n) * 2 * time.Second)
}

var clipHours = flag.Int("clip.hours", 6, "how long the session is of which TestClipCosts makes clips; 24 is a day")

// TestClipCosts: a clip takes at most four GETs and a PUT a rendition, whether its session is closed or goes on, and wherever the clip is.
func TestClipCosts(t *testing.T) {
	t.Parallel()
	segments := *clipHours*1800 - 30 // a minute less: for 24 hours the index has as many objects then as it can have
	r := day(t, segments)
	c := r.store.(*countedShelf)
	clip := func(name string, from, long time.Duration) *recording.Made {
		t.Helper()
		c.gets, c.puts, c.list = 0, 0, 0
		clear(c.got)
		begins := segmentBegins(0).Add(from)
		cut := cutter{recovery: r, session: recordedSession, clip: recording.Clip{Name: name, From: recording.Moment{At: begins}, To: recording.Moment{At: begins.Add(long)}}}
		made, err := cut.run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		first, last := uint64(from/(2*time.Second)), uint64((from+long-1)/(2*time.Second))
		if l := made.Lists[0]; len(made.Files) != 4 || l.First != first || l.Last != last || l.Segments != int(last-first)+1 || l.Start != from%(2*time.Second) {
			t.Fatalf("%s from %v, %v long: got %+v", name, from, long, made.Lists)
		}
		t.Logf("%s: %d GETs, %d PUTs, %d LISTs", name, c.gets, c.puts, c.list)
		if c.gets > 3*4+2 || c.puts > 3+1 { // beside those of renditions: session.json and the multivariant playlist
			t.Errorf("%s: %d GETs and %d PUTs: %v", name, c.gets, c.puts, c.got)
		}
		return made
	}
	whole := time.Duration(segments) * 2 * time.Second
	early, odd := (whole/4).Truncate(time.Minute)+time.Second, (whole/2).Truncate(time.Minute)+time.Second
	opened := clip("open", early, time.Minute)
	clip("edge", whole-time.Minute-time.Second, time.Minute)
	clip("whole", 0, whole)
	clip("odd", odd, 10*time.Minute)
	if !testing.Short() {
		dice := rand.New(rand.NewPCG(1, 1))
		for i := range 6 {
			from := time.Duration(dice.Int64N(int64(whole - time.Hour))).Truncate(time.Millisecond)
			clip(fmt.Sprint("any", i), from, time.Duration(1+dice.Int64N(int64(time.Hour))).Truncate(time.Millisecond))
		}
	}
	begun := time.Now()
	all, err := r.run(t.Context(), "")
	if err != nil || len(all) != 1 || all[0].State != stateClosed || all[0].Summary.Segments != 3*segments || all[0].Summary.Missing+all[0].Filled+all[0].Unlisted > 0 {
		t.Fatalf("%v: %+v", err, all)
	}
	t.Logf("closed in %v", time.Since(begun))
	closed := clip("closed", early, time.Minute)
	if c.list != 0 {
		t.Errorf("%d LISTs of a closed session", c.list)
	}
	for i, f := range closed.Files[:3] {
		if a, b := strings.ReplaceAll(string(f.Text), "closed.", "open."), string(opened.Files[i].Text); a != b {
			t.Errorf("closed\n%s\nopen\n%s", a, b)
		}
	}
}

// TestRecoverTwiceAtOnce: who comes second finds what he would have stored.
func TestRecoverTwiceAtOnce(t *testing.T) {
	t.Parallel()
	r := day(t, 90)
	var crowd sync.WaitGroup
	for range 8 {
		one := *r
		crowd.Go(func() {
			all, err := one.run(t.Context(), recordedSession)
			if err != nil || len(all) != 1 || all[0].State != stateClosed && all[0].State != stateUnchanged {
				t.Errorf("%v: %+v", err, all)
			}
		})
	}
	crowd.Wait()
}

// TestClipRefuses: a list that exists is not overwritten, unless it is the same.
func TestClipRefuses(t *testing.T) {
	r := newRun(t, packings()["dated"]...)
	r.ship(t, 0, 2)
	r.recovers(t, exitDone)
	bucket := "s3://" + r.gateway.Bucket + "/live/"
	args := []string{"--from", "5s", "--to", "11s", "--name", "goal"}
	first := r.clips(t, args...)
	if again := r.clips(t, args...); again.Play != first.Play || first.Play != bucket+recordedSession+"/goal.live.m3u8" || first.Lists[0].Segments != 4 || first.Lists[0].Start != 1 {
		t.Errorf("got %+v", first)
	}
	if unnamed := r.clips(t, "--from", "5.5s", "--to", "1m"); !strings.HasSuffix(unnamed.Play, "/5_5s-1m0s.live.m3u8") || unnamed.Lists[0].Segments != 18 {
		t.Errorf("got %+v", unnamed)
	}
	for _, tt := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"another clip of that name", []string{"--from", "6s", "--to", "11s", "--name", "goal", bucket + recordedSession}, exitFailed, "something else is stored there, and stays; choose another --name"},
		{"nothing is there", []string{"--from", "1h", "--to", "2h", bucket + recordedSession}, exitFailed, "nothing is recorded between these moments; the session begins at 20"},
		{"no session", []string{"--from", "1s", "--to", "2s", bucket}, exitUsage, "does not end with the name of a session"},
		{"another session", []string{"--from", "1s", "--to", "2s", bucket + "20251130T010203Z"}, exitFailed, "it was not recorded"},
		{"no moment", []string{"--from", "noon", "--to", "2s", bucket + recordedSession}, exitUsage, `--from: "noon" is neither a time`},
		{"the wrong way round", []string{"--from", "3s", "--to", "2s", bucket + recordedSession}, exitUsage, "--to is not after --from"},
		{"a path for a name", []string{"--from", "1s", "--to", "2s", "--name", "a/b", bucket + recordedSession}, exitUsage, "other characters than letters"},
		{"no end", []string{"--from", "1s", bucket + recordedSession}, exitUsage, "--to is missing"},
		{"nothing at all", nil, exitUsage, "name one s3://"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, stderr, code := r.runs(t, append([]string{"clip"}, tt.args...)...); code != tt.code || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit code %d: %s", code, stderr)
			}
		})
	}
}
