package uploader_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// crowded is a bucket with very many objects of others. A page of its listing takes a tenth of a second.
type crowded struct {
	*storetest.Memory
	foreign int
	halfway func()       // called in the middle of the listing; nil for nothing
	fails   atomic.Int32 // how many listings break off in the middle
	keyless atomic.Bool  // nobody can sign a request yet
	lists   atomic.Int32
	stats   atomic.Int32
}

func (s *crowded) Stat(ctx context.Context, key string) (store.Info, error) {
	if s.keyless.Load() {
		return store.Info{}, unsent("stat", key)
	}
	s.stats.Add(1)
	return s.Memory.Stat(ctx, key)
}

func (s *crowded) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if s.keyless.Load() {
			yield(store.Info{}, unsent("list", prefix))
			return
		}
		s.lists.Add(1)
		for i := range s.foreign {
			if i%1000 == 0 {
				select {
				case <-time.After(100 * time.Millisecond):
				case <-ctx.Done():
					yield(store.Info{}, &store.Error{Op: "list", Key: prefix, Err: ctx.Err()})
					return
				}
			}
			if i == s.foreign/2 {
				if s.halfway != nil {
					s.halfway()
				}
				if s.fails.Add(-1) >= 0 {
					yield(store.Info{}, &store.Error{Op: "list", Key: prefix, Err: errors.New("503")})
					return
				}
			}
			if !yield(store.Info{Key: fmt.Sprintf("%sa/%09d.ts", prefix, i), Size: 1000, ETag: strings.Repeat("0a", 16)}, nil) {
				return
			}
		}
		for info, err := range s.Memory.List(ctx, prefix) {
			if !yield(info, err) {
				return
			}
		}
	}
}

func unsent(op, key string) error {
	return &store.Error{Op: op, Key: key, Kind: store.Alarm, Unsent: true, Err: errors.New("no keys yet")}
}

// archive writes a playlist of the last segment of count, all of one size, and returns what a scan tells of them.
func archive(t *testing.T, count int) (d *disk, facts []hls.File) {
	d = newDisk()
	name := ""
	for i := range count {
		name = fmt.Sprintf("s%d.ts", i)
		d.write(name, fmt.Appendf(nil, "segment %6d", i), false)
		f, _ := d.fact(t.Context(), name, true)
		facts = append(facts, f)
		time.Sleep(time.Millisecond)
	}
	d.write("x.m3u8", fmt.Appendf(nil, "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXTINF:6,\n%s\n", count-1, name), false)
	f, _ := d.fact(t.Context(), "x.m3u8", true)
	return d, append(facts, f)
}

// put stores what the facts tell of, but for those at the numbers.
func (s *crowded) put(t *testing.T, d *disk, facts []hls.File, but ...int) {
	t.Helper()
	for i, f := range facts {
		if len(but) > 0 && i == but[0] {
			but = but[1:]
			continue
		}
		content := d.names[f.Path].content
		_, err := s.Memory.Put(t.Context(), store.Object{Key: "live/" + f.Path, Body: strings.NewReader(string(content)), Size: int64(len(content))})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// heap is how many bytes live.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestRunAmongAMillion starts on a directory of some segments and a bucket of a million objects of others. It is not
// parallel, as it looks at the memory of the process.
func TestRunAmongAMillion(t *testing.T) { //nolint:paralleltest // see above
	for name, fails := range map[string]int32{"at once": 0, "at the second try": 1} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const count, foreign = 500, 1_000_000
				d, facts := archive(t, count)
				store := &crowded{Memory: storetest.NewMemory(), foreign: foreign}
				store.fails.Store(fails)
				store.put(t, d, facts, 7, 300)
				puts := 0
				store.OnChange = func(string, []byte) { puts++ }
				var before, during int64
				store.halfway = func() { during = max(during, heap()) }
				scanned := make(chan struct{})
				var fresh time.Duration
				logged, err := run(t, t.Context(), store, func(c *uploader.Config) { c.Scanned = scanned }, func(send chan<- hls.File) {
					for _, f := range facts {
						send <- f
					}
					close(scanned)
					before = heap()
					time.Sleep(10 * time.Second) // the listing is under way
					if store.lists.Load() == 0 {
						t.Error("the store is not listed")
					}
					began := time.Now()
					d.write("new.ts", []byte("a new segment"), false)
					d.write("x.m3u8", fmt.Appendf(nil, "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXTINF:6,\nnew.ts\n", count), false)
					for _, name := range []string{"new.ts", "x.m3u8"} {
						f, _ := d.fact(t.Context(), name, false)
						send <- f
					}
					for len(store.Contents()["live/new.ts"]) == 0 {
						time.Sleep(time.Millisecond)
					}
					fresh = time.Since(began)
				})
				if err != nil {
					t.Fatal(err)
				}
				if fresh > 100*time.Millisecond {
					t.Errorf("a new segment was stored after %v", fresh)
				}
				if grown := during - before; grown > 4<<20 {
					t.Errorf("the listing of a million objects takes %d kB", grown>>10)
				}
				if want := 2 + 2; puts != want { // what was missing, and what is new
					t.Errorf("%d objects were stored, want %d", puts, want)
				}
				if n := store.stats.Load(); n > 10 {
					t.Errorf("%d objects were asked for one by one", n)
				}
				if want := fmt.Sprintf("objects=%d recognised=%d", foreign+count-2+2, count-1-2); !strings.Contains(logged, want) {
					t.Errorf("the log does not say %s: %s", want, logged)
				}
			})
		})
	}
}

// TestRunListsNothing has nothing to ask the store, or little, and asks it for that.
func TestRunListsNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		found, missing, stats int
	}{
		"nothing was there":                {0, 0, 0},
		"little was there, and was stored": {20, 0, 20},
		"little was there":                 {20, 15, 20},
	} {
		for _, scans := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, scanned %v", name, scans), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					d, facts := archive(t, tt.found+1)
					store := &crowded{Memory: storetest.NewMemory(), foreign: 1000}
					store.put(t, d, facts[tt.missing:tt.found+1])
					began := time.Now()
					_, err := run(t, t.Context(), store, func(c *uploader.Config) {
						c.Include = func(name string) bool { return strings.HasSuffix(name, ".jpg") }
						if scans {
							c.Scanned = make(chan struct{}) // a scan that does not end
						}
					}, func(send chan<- hls.File) {
						send <- fact("thumb.jpg", "picture") // is backlog, and nobody has to be asked
						time.Sleep(time.Second)
						if len(store.Contents()["live/thumb.jpg"]) == 0 {
							t.Error("what was seen to be finished waits for a scan")
						}
						for _, f := range facts {
							if tt.found > 0 {
								send <- f
							}
						}
					})
					if err != nil {
						t.Fatal(err)
					}
					if n := store.lists.Load(); n != 0 {
						t.Errorf("the store was listed %d times", n)
					}
					if n := store.stats.Load(); n > int32(tt.stats+1) {
						t.Errorf("%d objects were asked for, want %d", n, tt.stats)
					}
					if took := time.Since(began); took > 10*time.Second {
						t.Errorf("draining took %v", took)
					}
				})
			})
		}
	}
}

// TestRunListsWhenTheScanTakesLong begins without a scan's end, and lists once.
func TestRunListsWhenTheScanTakesLong(t *testing.T) {
	t.Parallel()
	for name, scanned := range map[string]chan struct{}{"never ends": make(chan struct{}), "nobody tells": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d, facts := archive(t, 300)
				store := &crowded{Memory: storetest.NewMemory(), foreign: 10}
				store.put(t, d, facts, 5)
				wait := make(chan struct{}) // of this bubble
				_, err := run(t, t.Context(), store, func(c *uploader.Config) {
					if scanned != nil {
						c.Scanned = wait
					}
				}, func(send chan<- hls.File) {
					for _, f := range facts {
						send <- f
					}
					time.Sleep(29 * time.Second)
					if n := store.lists.Load(); scanned != nil && n != 0 {
						t.Errorf("the store was listed %d times before the scan was over", n)
					}
					time.Sleep(5 * time.Second)
					if len(store.Contents()["live/s5.ts"]) == 0 {
						t.Error("what is missing is not stored, though the scan has had its time")
					}
				})
				if n := store.lists.Load(); err != nil || n != 1 || store.stats.Load() > 10 {
					t.Errorf("listed %d times, asked for %d objects: %v", n, store.stats.Load(), err)
				}
			})
		})
	}
}

// TestRunHearsOfTheScanHoweverLongItTakes: what is known only once the directory was looked through follows a scan that takes longer than
// the listing waits for it, too.
func TestRunHearsOfTheScanHoweverLongItTakes(t *testing.T) {
	t.Parallel()
	spooled := func(name string) hls.File {
		f := fact(name, strings.Repeat("s", 100))
		f.Found, f.Named, f.Spooled = true, true, true
		return f
	}
	for name, tt := range map[string]struct {
		set   func(c *uploader.Config)
		facts func() (facts []hls.File)
		done  func(stored map[string][]byte, log string) bool
	}{
		"segments below those that the playlist names": {
			func(*uploader.Config) {},
			func() (facts []hls.File) {
				d := newDisk()
				for _, name := range []string{"s8.ts", "s9.ts", "x.m3u8"} {
					d.write(name, []byte("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:10\n#EXTINF:6,\ns10.ts\n"), false)
					f, _ := d.fact(context.Background(), name, true)
					facts = append(facts, f)
					time.Sleep(time.Second)
				}
				return facts
			},
			func(stored map[string][]byte, _ string) bool {
				return stored["live/s8.ts"] != nil && stored["live/s9.ts"] != nil
			},
		},
		"segments that the spool alone has, and no room": {
			func(c *uploader.Config) { c.Recovered, c.Budget = []hls.File{spooled("0.ts"), spooled("1.ts")}, 150 },
			func() []hls.File { return nil },
			func(_ map[string][]byte, log string) bool { return strings.Contains(log, `msg="segment lost"`) },
		},
	} {
		for _, scan := range []time.Duration{10 * time.Second, time.Minute} {
			t.Run(fmt.Sprintf("%s, a scan of %v", name, scan), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					m, scanned, log := storetest.NewMemory(), make(chan struct{}), &bytes.Buffer{}
					ctx, stop := context.WithCancel(t.Context())
					_, _ = run(t, ctx, m, func(c *uploader.Config) {
						tt.set(c)
						faults := storetest.NewFaults(m)
						faults.Inject(storetest.Incident{Op: "put", Key: "live/1.ts", Fault: storetest.InternalError()})
						faults.Inject(storetest.Incident{Op: "put", Key: "live/0.ts", Fault: storetest.InternalError()})
						c.Store, c.Scanned, c.Logger = faults, scanned, slog.New(slog.NewTextHandler(log, nil))
					}, func(send chan<- hls.File) {
						for _, f := range tt.facts() {
							send <- f
						}
						time.Sleep(scan)
						synctest.Wait()
						if tt.done(m.Contents(), log.String()) {
							t.Error("it does not wait for the scan")
						}
						close(scanned)
						time.Sleep(time.Minute)
						synctest.Wait()
						stop()
						if !tt.done(m.Contents(), log.String()) {
							t.Errorf("the end of the scan changes nothing:\n%s", log)
						}
					})
				})
			})
		}
	}
}

// TestRunKnowsWhatWasNotSeenOnceAllIsTold: the end of a scan is heard of before all that it met is, as some of that has to be quiet first.
// What is told after it is no loss, though the sequence numbers say that somebody published less.
func TestRunKnowsWhatWasNotSeenOnceAllIsTold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from  int
		lost  bool
		every time.Duration // one is told
	}{{5, false, 0}, {7, true, 0}, {5, false, 900 * time.Millisecond}, {7, true, 900 * time.Millisecond}} {
		synctest.Test(t, func(t *testing.T) {
			m, scanned, log, d := storetest.NewMemory(), make(chan struct{}), &bytes.Buffer{}, newDisk()
			published := "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:4\n#EXTINF:6,\ns4.ts\n"
			if _, err := m.Put(t.Context(), store.Object{Key: "live/x.m3u8", Body: strings.NewReader(published), Size: int64(len(published))}); err != nil {
				t.Fatal(err)
			}
			var facts []hls.File
			for i := tt.from; i <= 10; i++ {
				name := fmt.Sprintf("s%d.ts", i)
				d.write(name, []byte(name), false)
				f, _ := d.fact(t.Context(), name, true)
				facts = append(facts, f)
				time.Sleep(6 * time.Second)
			}
			d.write("x.m3u8", []byte("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:10\n#EXTINF:6,\ns10.ts\n"), false)
			list, _ := d.fact(t.Context(), "x.m3u8", true)
			ctx, stop := context.WithCancel(t.Context())
			_, _ = run(t, ctx, m, func(c *uploader.Config) {
				c.Scanned, c.Logger = scanned, slog.New(slog.NewTextHandler(log, nil))
			}, func(send chan<- hls.File) {
				send <- list
				send <- facts[len(facts)-1]
				time.Sleep(time.Second) // what is published is read
				close(scanned)
				time.Sleep(time.Second)
				for _, f := range facts[:len(facts)-1] {
					time.Sleep(tt.every)
					send <- f
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				stop()
			})
			if said := strings.Contains(log.String(), "segments were never seen"); said != tt.lost {
				t.Errorf("from %d on, one every %v: said to be lost %v, want %v:\n%s", tt.from, tt.every, said, tt.lost, log)
			}
		})
	}
}

// TestRunListsOnceThereAreKeys waits for keys for longer than it would for leave to list.
func TestRunListsOnceThereAreKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, facts := archive(t, 300)
		store := &crowded{Memory: storetest.NewMemory(), foreign: 10}
		store.put(t, d, facts, 5)
		store.keyless.Store(true)
		_, err := run(t, t.Context(), store, nil, func(send chan<- hls.File) {
			for _, f := range facts {
				send <- f
			}
			time.Sleep(time.Minute)
			store.keyless.Store(false)
			time.Sleep(5 * time.Second)
			if len(store.Contents()["live/s5.ts"]) == 0 {
				t.Error("what is missing is not stored, though there are keys")
			}
		})
		if n := store.lists.Load(); err != nil || n != 1 || store.stats.Load() > 10 {
			t.Errorf("listed %d times, asked for %d objects: %v", n, store.stats.Load(), err)
		}
	})
}

// TestRunSurvivesAPanicOfTheListing ends the Run with an error that says where it was.
func TestRunSurvivesAPanicOfTheListing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, facts := archive(t, 300)
		store := &crowded{Memory: storetest.NewMemory(), foreign: 10_000, halfway: func() { panic("no such page") }}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := run(t, ctx, store, nil, func(send chan<- hls.File) {
			for _, f := range facts {
				send <- f
			}
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Second):
			}
		})
		if err == nil || !strings.Contains(err.Error(), "no such page") || !strings.Contains(err.Error(), "crowded") {
			t.Errorf("got %.300v, want where the panic was", err)
		}
	})
}
