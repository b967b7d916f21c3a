package plan

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// packing is a packager whose segments all succeed at once.
type packing struct {
	plan  *Plan
	now   time.Time
	inode uint64
}

// fact is that of a file which was finished now.
func (p *packing) fact(path string, size int64) hls.File {
	p.inode++
	return hls.File{
		Path: path, State: hls.Settled, Kind: hls.Classify(path), Seen: p.now, Source: paper{},
		Version: hls.Version{Inode: p.inode, Size: size, ModTime: p.now.UnixNano()},
	}
}

// answer has all jobs done that are allowed now and those that follow, and returns how many there were.
func (p *packing) answer() (jobs int) {
	for {
		e := p.plan.Advance(p.now, Requests)
		if len(e.Jobs) == 0 {
			return jobs
		}
		jobs += len(e.Jobs)
		for _, j := range e.Jobs {
			out := Outcome{Result: Done, At: p.now, ETag: "x"}
			if j.Op == Fetch {
				out.Result = Absent
			}
			p.plan.Report(j.ID, out)
		}
	}
}

// batch is how many rounds of a benchmark are made ready at once, for which its clock stands still.
const batch = 16

// round is what the Plan is told of a segment and the version of the playlist that names it.
type round struct {
	now   time.Time
	facts []hls.File
}

// air is streams whose windows have so many segments.
type air struct {
	packing
	window int
	next   []int      // the number of the next segment of each stream
	lines  [][]string // those of its playlist
}

// newAir has all of them on the air. Whatever prepares the Plan does so before it knows anything.
func newAir(tb testing.TB, streams, window int, prepare ...func(*Plan)) *air {
	a := &air{
		packing: packing{plan: New(Config{Memory: hls.NewAccount(1 << 30)}), now: time.Unix(1e9, 0)},
		window:  window, next: make([]int, streams), lines: make([][]string, streams),
	}
	for _, f := range prepare {
		f(a.plan)
	}
	for i := range streams {
		for range window {
			for _, f := range a.segment(i) {
				a.plan.Observe(f)
			}
		}
		a.plan.Observe(a.listed(tb, i))
		a.answer()
	}
	return a
}

// segment is the facts of the next segment of stream i, and of the one that leaves the directory.
func (a *air) segment(i int) []hls.File {
	a.now = a.now.Add(time.Millisecond)
	name := fmt.Sprintf("seg%d.ts", a.next[i])
	facts := []hls.File{a.fact(fmt.Sprintf("%d/%s", i, name), 1000)}
	a.next[i]++
	a.lines[i] = append(a.lines[i], "#EXTINF:2,\n"+name+"\n")
	if old := len(a.lines[i]) - a.window; old > 0 {
		a.lines[i] = a.lines[i][old:]
		facts = append(facts, hls.File{Path: fmt.Sprintf("%d/seg%d.ts", i, a.next[i]-a.window-1), State: hls.Gone, Seen: a.now})
	}
	return facts
}

// listed is the fact of the version of the playlist of stream i that names it.
func (a *air) listed(tb testing.TB, i int) hls.File {
	text := fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", a.next[i]-len(a.lines[i])) + strings.Join(a.lines[i], "")
	pl, err := hls.Parse([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	f := a.fact(fmt.Sprintf("%d/index.m3u8", i), int64(len(text)))
	f.Kind, f.Playlist, f.Content = pl.Kind, pl, []byte(text)
	return f
}

// round makes the facts of the next round of stream i.
func (a *air) round(tb testing.TB, i int) round {
	facts := append(a.segment(i), a.listed(tb, i))
	return round{a.now, facts}
}

// play tells the Plan of r, and has it done.
func (a *air) play(tb testing.TB, r round) {
	for _, f := range r.facts {
		a.plan.Observe(f)
	}
	a.now = r.now
	if jobs := a.answer(); jobs != 2 {
		tb.Fatalf("%d jobs", jobs)
	}
}

// BenchmarkPlan is what the Plan takes for a segment and the version of the playlist that names it: three facts, two jobs and their
// outcomes, beside so many streams with so many segments in their windows. The time of the processor says more than that of the clock
// where others use the machine.
func BenchmarkPlan(b *testing.B) {
	for _, streams := range []int{1, 100, 1000} {
		for _, window := range []int{5, 10_000} {
			if streams*window > 1_000_000 {
				continue
			}
			b.Run(fmt.Sprintf("streams=%d/window=%d", streams, window), func(b *testing.B) {
				a := newAir(b, streams, window)
				var took time.Duration
				b.ResetTimer()
				for n := 0; n < b.N; {
					b.StopTimer()
					var rounds []round
					for ; n < b.N && len(rounds) < batch; n++ {
						rounds = append(rounds, a.round(b, n%streams))
					}
					b.StartTimer()
					began := used(b)
					for _, r := range rounds {
						a.play(b, r)
					}
					took += used(b) - began
				}
				b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// used is how much time of the processor this process took.
func used(tb testing.TB) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
