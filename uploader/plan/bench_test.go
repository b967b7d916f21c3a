package plan

import (
	"fmt"
	"strings"
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

// BenchmarkPlan is what the Plan takes for a segment and the version of the playlist that names it: two facts, two jobs and their
// outcomes, beside so many streams with so many segments in their windows.
func BenchmarkPlan(b *testing.B) {
	for _, streams := range []int{1, 100, 1000} {
		for _, window := range []int{5, 10_000} {
			if streams*window > 1_000_000 {
				continue
			}
			b.Run(fmt.Sprintf("streams=%d/window=%d", streams, window), func(b *testing.B) { pack(b, streams, window) })
		}
	}
}

func pack(b *testing.B, streams, window int) {
	p := &packing{plan: New(Config{Memory: hls.NewAccount(1 << 30)}), now: time.Unix(1e9, 0)}
	lists, next := make([]string, streams), make([]int, streams)
	lines := make([][]string, streams)
	for i := range streams {
		lists[i] = fmt.Sprintf("%d/index.m3u8", i)
	}
	segment := func(i int) {
		p.now = p.now.Add(time.Millisecond)
		name := fmt.Sprintf("seg%d.ts", next[i])
		p.plan.Observe(p.fact(fmt.Sprintf("%d/%s", i, name), 1000))
		next[i]++
		lines[i] = append(lines[i], "#EXTINF:2,\n"+name+"\n")
		if old := len(lines[i]) - window; old > 0 {
			lines[i] = lines[i][old:]
			p.plan.Observe(hls.File{Path: fmt.Sprintf("%d/seg%d.ts", i, next[i]-window-1), State: hls.Gone, Seen: p.now})
		}
	}
	listed := func(i int) hls.File {
		text := fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", next[i]-len(lines[i])) + strings.Join(lines[i], "")
		pl, err := hls.Parse([]byte(text))
		if err != nil {
			b.Fatal(err)
		}
		f := p.fact(lists[i], int64(len(text)))
		f.Kind, f.Playlist, f.Content = pl.Kind, pl, []byte(text)
		return f
	}
	for i := range streams {
		for range window {
			segment(i)
		}
		p.plan.Observe(listed(i))
		p.answer()
	}
	b.ResetTimer()
	for n := range b.N {
		i := n % streams
		segment(i)
		b.StopTimer()
		f := listed(i)
		b.StartTimer()
		p.plan.Observe(f)
		if jobs := p.answer(); jobs != 2 {
			b.Fatalf("%d jobs", jobs)
		}
	}
}
