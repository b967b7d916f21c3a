package uploader_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// opaque is a store whose ETags are no MD5, as with SSE-KMS.
type opaque struct {
	store.Store

	mu    sync.Mutex
	puts  map[string]int // by key
	stats int
}

const veil = "-1"

func newOpaque(s store.Store) *opaque { return &opaque{Store: s, puts: map[string]int{}} }

func (s *opaque) Put(ctx context.Context, o store.Object) (string, error) {
	s.mu.Lock()
	s.puts[o.Key]++
	s.mu.Unlock()
	o.IfMatch = strings.TrimSuffix(o.IfMatch, veil)
	etag, err := s.Store.Put(ctx, o)
	return etag + veil, err
}

func (s *opaque) Append(ctx context.Context, o store.Object, from int64) (string, error) {
	o.IfMatch = strings.TrimSuffix(o.IfMatch, veil)
	etag, err := s.Store.(store.Appender).Append(ctx, o, from)
	return etag + veil, err
}

func (s *opaque) Stat(ctx context.Context, key string) (store.Info, error) {
	s.mu.Lock()
	s.stats++
	s.mu.Unlock()
	info, err := s.Store.Stat(ctx, key)
	info.ETag += veil
	return info, err
}

func (s *opaque) Get(ctx context.Context, key string, limit int64) ([]byte, store.Info, error) {
	content, info, err := s.Store.Get(ctx, key, limit)
	info.ETag += veil
	return content, info, err
}

func (s *opaque) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		for info, err := range s.Store.List(ctx, prefix) {
			info.ETag += veil
			if !yield(info, err) {
				return
			}
		}
	}
}

// clocks are what the times of a store and of files are like.
type clocks struct {
	skew, later        time.Duration // how far the store's clock is ahead in the first run, and in the second
	undated, forgetful bool          // it does not say what it shows, and does not keep when a file was finished
	coarse             bool          // files have whole seconds
	stored             time.Duration // how long after a segment was finished the first run stores it
	stepped            time.Duration // how far our clock was set between the two runs, as files tell
	listed             bool          // there are so many segments that the store is listed
}

// restart ships segments, ends, has the packager begin anew or not, and ships what is there then.
type restart struct {
	t      *testing.T
	disk   *disk
	store  *opaque
	memory *storetest.Memory
	names  []string
}

func newRestart(t *testing.T, c clocks) *restart {
	m := storetest.NewMemory()
	m.Latency = func(string, string, int64) time.Duration { return 30 * time.Millisecond }
	m.Skew, m.Undated, m.Forgetful = c.skew, c.undated, c.forgetful
	r := &restart{t: t, disk: newDisk(), store: newOpaque(m), memory: m, names: []string{"a.ts"}}
	if c.listed {
		for i := range 150 {
			r.names = append(r.names, fmt.Sprintf("old%d.ts", i))
		}
	}
	return r
}

// write has a packager finish every segment, all of one size.
func (r *restart) write(run string, c clocks) {
	time.Sleep(123_456_789 * time.Nanosecond)
	for _, name := range append(r.names, "x.m3u8") {
		text := "segment of run " + run
		if name == "x.m3u8" {
			text = oneSegment + "# run " + run + "\n"
		}
		r.disk.write(name, []byte(text), false)
		n := r.disk.names[name]
		if n.mtime += int64(c.stepped); c.coarse {
			n.mtime -= n.mtime % int64(time.Second)
		}
	}
	time.Sleep(c.stored)
}

// ship ships all that is found.
func (r *restart) ship() {
	r.t.Helper()
	log, err := run(r.t, r.t.Context(), r.store, func(c *uploader.Config) {
		c.Include = func(name string) bool { return strings.HasPrefix(name, "old") }
	}, func(facts chan<- hls.File) {
		for _, name := range append(r.names, "x.m3u8") {
			f, _ := r.disk.fact(r.t.Context(), name, true)
			facts <- f
		}
		time.Sleep(10 * time.Second)
	})
	if err != nil {
		r.t.Errorf("run: %v: %s", err, log)
	}
}

// TestRunOfTwoClocks begins anew on a store that does not tell bytes apart and whose clock is another than ours. What the
// packager wrote since, under the same names and of the same sizes, is stored in every case.
func TestRunOfTwoClocks(t *testing.T) {
	t.Parallel()
	cases := map[string]clocks{
		"stored at once":                        {},
		"stored later":                          {stored: time.Minute},
		"whole seconds":                         {coarse: true},
		"our clock is set forward":              {stepped: -2 * time.Hour},
		"our clock is set back":                 {stepped: 2 * time.Hour},
		"the store's is set":                    {skew: 5 * time.Minute, later: -5 * time.Minute},
		"nothing is kept, stored later":         {forgetful: true, stored: time.Minute},
		"nothing is kept, stored at once":       {forgetful: true},
		"nothing is kept, and our clock is set": {forgetful: true, stored: time.Minute, stepped: -2 * time.Hour},
		"nothing is kept, the store's is set":   {forgetful: true, stored: time.Minute, skew: 5 * time.Minute, later: -5 * time.Minute},
		"nothing is kept nor dated":             {forgetful: true, undated: true, stored: time.Minute},
		"nothing is dated":                      {undated: true},
	}
	for name, c := range cases {
		for _, skew := range []time.Duration{0, 5 * time.Minute, -5 * time.Minute, 2 * time.Hour, -2 * time.Hour} {
			for _, listed := range []bool{false, true} {
				c.listed = listed
				if c.skew == c.later {
					c.skew, c.later = skew, skew
				}
				c := c
				t.Run(fmt.Sprintf("%s, skew %v, listed %v", name, skew, listed), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { c.anew(t) })
					synctest.Test(t, func(t *testing.T) { c.same(t) })
				})
			}
		}
	}
}

// anew has the packager begin anew while nobody looks.
func (c clocks) anew(t *testing.T) {
	for _, pause := range []time.Duration{200 * time.Millisecond, 3 * time.Second, time.Hour} {
		r := newRestart(t, c)
		first := c
		first.stepped = 0
		r.write("1", first)
		r.ship()
		time.Sleep(pause)
		r.memory.Skew = c.later
		c.stored = pause
		r.write("2", c)
		r.ship()
		for _, name := range r.names {
			if got := string(r.memory.Contents()["live/"+name]); got != "segment of run 2" {
				t.Fatalf("after a pause of %v, %s in the store is the %s", pause, name, got)
			}
		}
	}
}

// same has nobody write anything: nothing is stored again, unless the store keeps nothing that could tell.
func (c clocks) same(t *testing.T) {
	r := newRestart(t, c)
	r.write("1", c)
	r.ship()
	time.Sleep(time.Minute)
	r.memory.Skew = c.later
	r.ship()
	want := 1
	if c.forgetful {
		want = 2
	}
	for _, name := range r.names {
		if got := r.store.puts["live/"+name]; got != want {
			t.Fatalf("%s was put %d times, want %d", name, got, want)
		}
	}
}

// TestRunStoresWhatItSaw has a file that was seen to be finished, whatever its time is.
func TestRunStoresWhatItSaw(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRestart(t, clocks{})
		r.write("1", clocks{stored: time.Minute})
		r.ship()
		_, err := run(t, t.Context(), r.store, nil, func(facts chan<- hls.File) {
			segment, _ := r.disk.fact(t.Context(), "a.ts", false)
			facts <- segment
			facts <- fact("x.m3u8", oneSegment+"# once more\n")
			time.Sleep(10 * time.Second)
		})
		if got := r.store.puts["live/a.ts"]; err != nil || got != 2 {
			t.Errorf("the segment was put %d times (%v), want 2", got, err)
		}
	})
}

// TestRunKnowsWhatItStored has a packager write its init section or key anew with every playlist. Where ETags tell nothing, the process
// knows the bytes that it stored: what is the same is neither stored again nor waited for.
func TestRunKnowsWhatItStored(t *testing.T) {
	t.Parallel()
	for name, tag := range map[string]string{"i.mp4": `#EXT-X-MAP:URI="i.mp4"`, "k.key": `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`} {
		for _, next := range []string{"0123456789abcdef", "fedcba9876543210"} {
			t.Run(name+" with "+next, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					r := newRestart(t, clocks{})
					list := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n" + tag + "\n#EXTINF:2,\na.ts\n"
					send := func(facts chan<- hls.File, name, text string) {
						r.disk.write(name, []byte(text), false)
						f, _ := r.disk.fact(t.Context(), name, false)
						facts <- f
					}
					want := 1
					log, err := run(t, t.Context(), r.store, nil, func(facts chan<- hls.File) {
						send(facts, name, "0123456789abcdef")
						send(facts, "a.ts", "segment")
						send(facts, "x.m3u8", list)
						time.Sleep(time.Second)
						send(facts, name, next)
						if list += "#EXTINF:2,\nb.ts\n"; next != "0123456789abcdef" {
							want = 2
						}
						send(facts, "b.ts", "segment")
						send(facts, "x.m3u8", list)
						time.Sleep(time.Second)
						if got := string(r.memory.Contents()["live/x.m3u8"]); got != list {
							t.Errorf("published a second after it was written: %q, want %q", got, list)
						}
					})
					if got := string(r.memory.Contents()["live/"+name]); got != next {
						t.Errorf("stored %q, want %q", got, next)
					}
					if got := r.store.puts["live/"+name]; got != want || err != nil {
						t.Errorf("put %d times, want %d: %v: %s", got, want, err, log)
					}
				})
			})
		}
	}
}

// TestRunSendsWhatIsWrittenAgain has a packager write its init section again, in place, while it is sent, each time.
func TestRunSendsWhatIsWrittenAgain(t *testing.T) {
	t.Parallel()
	for name, tag := range map[string]string{"i.mp4": `#EXT-X-MAP:URI="i.mp4"`, "k.key": `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRestart(t, clocks{})
				send := func(facts chan<- hls.File, name, text string) {
					r.disk.truncate(name)
					time.Sleep(time.Millisecond)
					r.disk.write(name, []byte(text), true)
					f, _ := r.disk.fact(t.Context(), name, false)
					facts <- f
				}
				log, err := run(t, t.Context(), r.store, nil, func(facts chan<- hls.File) {
					send(facts, name, "0123456789abcdef")
					send(facts, "x.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"+tag+"\n")
					for range 10 {
						time.Sleep(20 * time.Millisecond)
						send(facts, name, "0123456789abcdef")
					}
					if r.memory.Contents()["live/x.m3u8"] == nil {
						t.Error("the playlist is not published")
					}
				})
				if got := r.store.puts["live/"+name]; got != 1 || err != nil {
					t.Errorf("put %d times, want 1: %v: %s", got, err, log)
				}
			})
		})
	}
}
