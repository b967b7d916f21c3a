package uploader_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// TestRunNoticesRecovery holds that the live edge is current soon after every kind of outage ends, however the
// requests of that time failed, and that the store is left alone meanwhile.
func TestRunNoticesRecovery(t *testing.T) {
	t.Parallel()
	kinds := map[string]storetest.Fault{
		"refused":             storetest.Outage(),
		"reset":               storetest.Reset(),
		"black hole":          storetest.Stall(),
		"server error":        storetest.InternalError(),
		"asked to slow down":  storetest.SlowDown(time.Second),
		"wrong credentials":   storetest.WrongCredentials(),
		"expired credentials": storetest.ExpiredToken(),
		"bucket missing":      storetest.NoBucket(),
		"clock skew":          storetest.ClockSkew(),
		"captive portal":      storetest.CaptivePortal(),
	}
	for name, fault := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				m.Latency = func(string, string, int64) time.Duration { return 20 * time.Millisecond }
				faults := storetest.NewFaults(m)
				calls := &counting{Store: faults}
				var down, upCalls int
				_, err := run(t, t.Context(), calls, nil, func(facts chan<- hls.File) {
					playlist := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
					var lift func()
					for i := range 90 {
						switch i {
						case 10:
							lift = faults.Inject(storetest.Incident{Fault: fault})
							down = calls.n()
						case 70:
							lift()
							upCalls = calls.n()
							ended := time.Now()
							m.OnChange = func(key string, content []byte) {
								if key == "live/x.m3u8" && strings.Contains(string(content), "seg69.ts") && !ended.IsZero() {
									if took := time.Since(ended); took > 2500*time.Millisecond {
										t.Errorf("the live edge was current %v after the outage, want within 2.5s", took)
									}
									ended = time.Time{}
								}
							}
						}
						name := fmt.Sprintf("seg%d.ts", i)
						facts <- fact(name, name)
						playlist += "#EXTINF:2,\n" + name + "\n"
						facts <- fact("x.m3u8", playlist)
						time.Sleep(2 * time.Second)
					}
				})
				if err != nil {
					t.Error(err)
				}
				if n := upCalls - down; n > 250 {
					t.Errorf("%d requests in two minutes of outage, want about one a second", n)
				}
				if n := len(m.Contents()); n != 91 {
					t.Errorf("%d objects in the end, want 90 segments and a playlist", n)
				}
			})
		})
	}
}

// counting counts the requests to a store.
type counting struct {
	store.Store
	calls atomic.Int64
}

func (s *counting) n() int { return int(s.calls.Load()) }

func (s *counting) Put(ctx context.Context, o store.Object) (string, error) {
	s.calls.Add(1)
	return s.Store.Put(ctx, o)
}

func (s *counting) Stat(ctx context.Context, key string) (store.Info, error) {
	s.calls.Add(1)
	return s.Store.Stat(ctx, key)
}

func (s *counting) Get(ctx context.Context, key string, limit int64) ([]byte, store.Info, error) {
	s.calls.Add(1)
	return s.Store.Get(ctx, key, limit)
}

// TestRunAsksAgain: a question that is never answered is asked again within seconds, from the first request on, while the store
// answers others.
func TestRunAsksAgain(t *testing.T) {
	t.Parallel()
	for op, name := range map[string]string{"get": "x.m3u8", "stat": "a.ts"} {
		for times := range 2 {
			t.Run(fmt.Sprintf("%s, %d times", op, times+1), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					m := storetest.NewMemory()
					m.Latency = func(string, string, int64) time.Duration { return 20 * time.Millisecond }
					faults := storetest.NewFaults(m)
					faults.Inject(storetest.Incident{Op: op, Key: "live/" + name, Times: times + 1, Fault: storetest.Stall()})
					start, published := time.Now(), time.Duration(0)
					m.OnChange = func(key string, _ []byte) {
						if key == "live/x.m3u8" {
							published = time.Since(start)
						}
					}
					_, err := run(t, t.Context(), faults, nil, func(facts chan<- hls.File) {
						found := fact("a.ts", "media")
						found.Found = op == "stat"
						facts <- found
						facts <- fact("x.m3u8", oneSegment)
						time.Sleep(time.Minute)
					})
					if err != nil {
						t.Fatal(err)
					}
					// The probe that tells that the store answers may be the second.
					if most := []time.Duration{4 * time.Second, 10 * time.Second}[times]; published == 0 || published > most {
						t.Errorf("published after %v, want %v at most", published, most)
					}
				})
			})
		}
	}
}

// A slow answer is no outage: a request that is silent for long while the store answers others is left alone.
func TestRunIsPatientWithSlowAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		m.Latency = func(op, _ string, _ int64) time.Duration {
			if op == "put" {
				return 8 * time.Second
			}
			return 10 * time.Millisecond
		}
		calls := &counting{Store: m}
		start := time.Now()
		_, err := run(t, t.Context(), calls, nil, func(facts chan<- hls.File) {
			facts <- fact("a.ts", "media")
			facts <- fact("x.m3u8", oneSegment)
		})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 17*time.Second {
			t.Errorf("took %v, want the two PUTs of eight seconds", took)
		}
		if n := calls.n(); n > 13 {
			t.Errorf("%d requests, want the two PUTs, a GET and a probe every two seconds", n)
		}
	})
}

// observing is an Observer of the store.
type observing struct{ store func(s state.Store) }

func (o observing) Store(s state.Store) { o.store(s) }

func (observing) Attempted(_, _, _ string, _ int64, _ time.Duration) {}
func (observing) Stored(_, _ string, _ int64, _ time.Duration)       {}
func (observing) Published(_, _ string, _ time.Duration)             {}
func (observing) Lost(_, _, _ string, _ int)                         {}
func (observing) Stream(state.Stream)                                {}
func (observing) Forgotten(string)                                   {}
func (observing) Recording(state.Recording)                          {}
func (observing) Edited(_, _ string)                                 {}
func (observing) Queue(int, state.Backlog)                           {}
func (observing) Unpinned(_ int, _ int64)                            {}
func (observing) Reserve(state.Reserve)                              {}
func (observing) Started(state.Start)                                {}
func (observing) Failed(state.Failure)                               {}

// TestRunTellsOfASecondOutage: however the first one ended, by a probe or by a request, the next is told, and so is a store that
// answers probes and fails all requests.
func TestRunTellsOfASecondOutage(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		fault  storetest.Incident
		word   string // of the log
		warned int    // how often it stands there
		again  int    // how often the log says that the store answers again
	}{
		{"that is silent", storetest.Incident{Fault: storetest.Stall()}, "will ask every second", 2, 2},
		{"that fails PUTs alone", storetest.Incident{Op: "put", Fault: storetest.SlowDown(0)}, "will try until it does", 1, 2},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				m.Latency = func(string, string, int64) time.Duration { return 20 * time.Millisecond }
				faults := storetest.NewFaults(m)
				var said []state.OfStore
				logged, err := run(t, t.Context(), faults, func(c *uploader.Config) {
					c.Observer = observing{func(s state.Store) {
						if n := len(said); n == 0 || said[n-1] != s.State {
							said = append(said, s.State)
						}
					}}
				}, func(facts chan<- hls.File) {
					facts <- fact("a.ts", "media")
					facts <- fact("x.m3u8", oneSegment)
					time.Sleep(time.Minute)
					// A PUT takes long and is answered; the probes are not.
					slow := faults.Inject(storetest.Incident{Op: "put", Key: "live/b.ts", Fault: storetest.Latency(5 * time.Second)})
					deaf := faults.Inject(storetest.Incident{Op: "stat", Fault: storetest.Outage()})
					facts <- fact("b.ts", "media")
					facts <- fact("x.m3u8", oneSegment+"#EXTINF:6,\nb.ts\n")
					time.Sleep(6 * time.Second)
					slow()
					deaf()
					time.Sleep(2 * time.Minute)
					lift := faults.Inject(tt.fault)
					facts <- fact("c.ts", "media")
					facts <- fact("x.m3u8", oneSegment+"#EXTINF:6,\nb.ts\n#EXTINF:6,\nc.ts\n")
					time.Sleep(30 * time.Second)
					lift()
					time.Sleep(time.Minute)
				})
				if err != nil {
					t.Fatal(err)
				}
				if n := strings.Count(logged, tt.word); n != tt.warned {
					t.Errorf("the log says %d times %q, want %d", n, tt.word, tt.warned)
				}
				if n := strings.Count(logged, "store answers again"); n != tt.again {
					t.Errorf("the log says %d times that the store answers again, want %d", n, tt.again)
				}
				if want := fmt.Sprint([]state.OfStore{state.Up, state.Unreachable, state.Up, state.Unreachable, state.Up}); fmt.Sprint(said) != want {
					t.Errorf("the Observer was told %v, want %s", said, want)
				}
				if t.Failed() {
					t.Log(logged)
				}
			})
		})
	}
}

// TestRunTriesAtOnceWhenBack: nothing waits as long as the store asked for, once that is back.
func TestRunTriesAtOnceWhenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		faults := storetest.NewFaults(m)
		lift := faults.Inject(storetest.Incident{Fault: storetest.SlowDown(time.Minute)}) // three seconds, for the live edge
		start := time.Now()
		var took time.Duration
		m.OnChange = func(string, []byte) { took = time.Since(start) }
		_, err := run(t, t.Context(), faults, nil, func(facts chan<- hls.File) {
			facts <- fact("a.ts", "media")
			facts <- fact("x.m3u8", oneSegment)
			time.Sleep(1100 * time.Millisecond)
			lift()
			time.Sleep(time.Minute)
		})
		if err != nil || took == 0 || took > 2100*time.Millisecond {
			t.Errorf("published after %v (%v), want it at the next probe, after two seconds", took, err)
		}
	})
}
