package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/hedge"
	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

var (
	hedgeSegments = flag.Int("hedge.segments", 12, "how many segments each stream of TestHedging has")
	hedgeRounds   = flag.Int("hedge.rounds", 1, "how often TestHedging ships them, with second attempts and without by turns")
)

// slowness is a store that is slow now and then.
type slowness struct {
	name string
	// before is how long it takes until it stores what a PUT brings, after how long the answer takes then.
	before, after func(rng *rand.Rand) time.Duration
}

func slownesses() []slowness {
	usual := func(rng *rand.Rand) time.Duration { return time.Duration(20e6 * math.Exp(0.3*rng.NormFloat64())) }
	stall := func(rng *rand.Rand) time.Duration {
		if rng.IntN(50) == 0 {
			return 3 * time.Second
		}
		return 0
	}
	tail := func(rng *rand.Rand) time.Duration {
		if rng.IntN(40) == 0 {
			return time.Duration(200e6 * math.Exp(1.1*math.Abs(rng.NormFloat64())))
		}
		return 0
	}
	sum := func(a, b func(*rand.Rand) time.Duration) func(*rand.Rand) time.Duration {
		return func(rng *rand.Rand) time.Duration { return a(rng) + b(rng) }
	}
	never := func(*rand.Rand) time.Duration { return 0 }
	return []slowness{
		{"2 % stall for 3 s", sum(usual, stall), never},
		{"a tail like S3's", sum(usual, tail), never},
		{"that tail, behind the commit", usual, tail},
	}
}

// play is a slowness as a quirk of a Server.
func (s slowness) play() storetest.Play {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(1, 2))
	return func(w http.ResponseWriter, r *storetest.Request, next storetest.Next) {
		if r.Op != "put" {
			next(w, r)
			return
		}
		mu.Lock()
		before, after := s.before(rng), s.after(rng)
		mu.Unlock()
		body, _ := io.ReadAll(r.Body) //nolint:errcheck // who gave up is not answered
		r.Body = io.NopCloser(bytes.NewReader(body))
		<-time.After(before)
		said := httptest.NewRecorder()
		next(said, r)
		<-time.After(after)
		maps.Copy(w.Header(), said.Header())
		w.WriteHeader(said.Code)
		_, _ = w.Write(said.Body.Bytes()) //nolint:errcheck // who gave up is not answered
	}
}

// hedgeCount is a hedge.Observer.
type hedgeCount struct{ sent, won atomic.Int64 }

func (c *hedgeCount) Hedged(won bool, _ int64) {
	c.sent.Add(1)
	if won {
		c.won.Add(1)
	}
}

func (c *hedgeCount) Waited(time.Duration) {}

// TestHedging ships streams to a store that is slow now and then, over its real client and the wire, with second attempts and without:
//
//	go test ./cmd/hlsship -run TestHedging -hedge.segments=200 -hedge.rounds=3 -v
//
// says how long a segment and its playlist take. Load of the machine changes that, so that no figure is believed.
func TestHedging(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("ships in real time")
	}
	for _, slow := range slownesses() {
		t.Run(slow.name, func(t *testing.T) {
			if *hedgeSegments < 50 {
				t.Parallel()
			}
			var took [2][]time.Duration
			var puts [2]int
			var count hedgeCount
			for range *hedgeRounds {
				for mode := range 2 {
					server := storetest.Serve(t, storetest.Quirk{Play: slow.play})
					var h *hedge.Hedger
					if mode == 1 {
						h = hedge.New(hedge.Config{Observer: &count})
					}
					took[mode] = append(took[mode], shipHedged(t, server, h)...)
					puts[mode] += server.Requests()["put"]
				}
			}
			for mode, name := range []string{"once", "twice"} {
				slices.Sort(took[mode])
				at := func(q float64) time.Duration { return took[mode][int(q*float64(len(took[mode])-1))] }
				t.Logf("%-5s p50 %v p95 %.1fx p99 %.1fx p99.9 %v, %d PUTs", name, at(0.5), float64(at(0.95))/float64(at(0.5)),
					float64(at(0.99))/float64(at(0.5)), at(0.999), puts[mode])
			}
			t.Logf("%d second attempts, %d won", count.sent.Load(), count.won.Load())
			if most := puts[0]*3/100 + 12**hedgeRounds; puts[1] > puts[0]+most {
				t.Errorf("%d PUTs more than %d, want %d at most", puts[1]-puts[0], puts[0], most)
			}
		})
	}
}

// shipHedged ships twelve streams, looks that all is stored, and returns how long each segment took with its playlist.
func shipHedged(t *testing.T, server *storetest.Server, h *hedge.Hedger) (took []time.Duration) {
	t.Helper()
	bucket, err := s3.Open(t.Context(), s3.Config{
		Endpoint: server.URL, Bucket: server.Bucket, Credentials: s3.Credentials{AccessKey: "key", SecretKey: "secret"}, Workers: 64 + hedge.Spare,
	})
	if err != nil {
		t.Fatal(err)
	}
	behind := h.Hedge(bucket)
	ctx, end := context.WithCancel(t.Context())
	var ran, all sync.WaitGroup
	ran.Go(func() { _ = h.Run(ctx) })
	segment := bytes.Repeat([]byte("x"), 200_000)
	var mu sync.Mutex
	for s := range 12 {
		all.Go(func() {
			etag := ""
			for i := range *hedgeSegments {
				start := time.Now()
				media := store.Object{Key: fmt.Sprintf("%d/%d.ts", s, i), Body: bytes.NewReader(segment), Size: int64(len(segment))}
				if _, err := behind.Put(t.Context(), media); err != nil {
					t.Error(err)
				}
				text := strings.Repeat("segment\n", i+1)
				list := store.Object{Key: fmt.Sprintf("%d/live.m3u8", s), Body: strings.NewReader(text), Size: int64(len(text)),
					Priority: store.First, IfMatch: etag, IfAbsent: etag == ""}
				next, err := behind.Put(t.Context(), list)
				if err != nil {
					t.Error(err)
				}
				etag = next
				mu.Lock()
				took = append(took, time.Since(start))
				mu.Unlock()
				<-time.After(time.Until(start.Add(150 * time.Millisecond)))
			}
		})
	}
	all.Wait()
	end()
	ran.Wait()
	stored := server.Memory.Contents()
	for s := range 12 {
		if got, want := stored[fmt.Sprintf("%d/live.m3u8", s)], strings.Repeat("segment\n", *hedgeSegments); string(got) != want {
			t.Errorf("playlist %d has %d bytes, want %d", s, len(got), len(want))
		}
		for i := range *hedgeSegments {
			if got := stored[fmt.Sprintf("%d/%d.ts", s, i)]; !bytes.Equal(got, segment) {
				t.Errorf("segment %d of %d has %d bytes, want %d", i, s, len(got), len(segment))
			}
		}
	}
	return took
}

// rivals is a store that holds one PUT back until another one for the same key has come.
type rivals struct {
	suffix string // of the key

	mu    sync.Mutex
	armed bool
	key   string        // that of the PUT that is held back
	came  chan struct{} // closed when the other one came
	met   chan bool     // whether the first was still under way then
}

// play is the store as a quirk of a Server.
func (s *rivals) play() storetest.Play {
	return func(w http.ResponseWriter, r *storetest.Request, next storetest.Next) {
		body, _ := io.ReadAll(r.Body) //nolint:errcheck // who gave up is not answered
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.mu.Lock()
		first := s.armed && r.Op == "put" && strings.HasSuffix(r.Key, s.suffix)
		switch {
		case first:
			s.armed, s.key = false, r.Key
		case r.Op == "put" && r.Key == s.key:
			s.key = ""
			close(s.came)
		}
		s.mu.Unlock()
		if first {
			select {
			case <-s.came:
				s.met <- true
			case <-r.Context().Done():
				s.met <- false
				return
			}
		}
		next(w, r)
	}
}

// TestHedgingShips: a segment, or a playlist, that the store keeps waiting for an answer the program sends again, without giving up the
// first attempt.
func TestHedgingShips(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("ships in real time")
	}
	for _, suffix := range []string{".ts", ".m3u8"} {
		t.Run(suffix, func(t *testing.T) {
			t.Parallel()
			s := &rivals{suffix: suffix, came: make(chan struct{}), met: make(chan bool, 1)}
			server := storetest.Serve(t, storetest.Quirk{Play: s.play})
			q := onQuirks(t, server)
			if !soon(time.Now().Add(deadline), func() bool { return q.viewer.Counts().Publications > 50 }) {
				t.Fatalf("the stream was never well:\n%s", q.log)
			}
			s.mu.Lock()
			s.armed = true
			s.mu.Unlock()
			select {
			case met := <-s.met:
				if !met {
					t.Errorf("the first attempt was broken off:\n%s", q.log)
				}
			case <-time.After(deadline):
				t.Errorf("there was no second attempt:\n%s", q.log)
			}
			q.finish()
		})
	}
}
