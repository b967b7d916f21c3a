package uploader

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/health"
	"github.com/hlsship/hlsship/uploader/journal"
	"github.com/hlsship/hlsship/uploader/plan"
	"github.com/hlsship/hlsship/uploader/store"
)

// kept is a source that tells whether it was released.
type kept struct{ released bool }

func (*kept) Open() (hls.Reader, error) { return nil, nil } //nolint:nilnil // nobody reads it
func (k *kept) Release()                { k.released = true }

// TestRunLetsTheDirectoryGoFirst has a playlist in the spool, and a newer version of it in the directory that is deleted
// as soon as it is published: what was left must not come back after it.
func TestRunLetsTheDirectoryGoFirst(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	p := plan.New(plan.Config{})
	l := &loop{Uploader: &Uploader{plan: p, log: journal.New(journal.Config{})}, survey: newSurvey(nil)}
	list := func(name, text string, inode uint64, spooled bool) (hls.File, *kept) {
		pl, err := hls.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		source := &kept{}
		return hls.File{
			Path: name, State: hls.Settled, Kind: pl.Kind, Version: hls.Version{Inode: inode, Size: 1}, Seen: now, Found: true, Spooled: spooled,
			Content: []byte(text), Playlist: pl, Source: source,
		}, source
	}
	wants := func(names ...string) {
		t.Helper()
		var fetched []string
		for _, j := range p.Advance(now, plan.Requests).Jobs {
			if j.Op != plan.Fetch {
				t.Errorf("%s %s", j.Op, j.Path)
			}
			fetched = append(fetched, j.Path)
		}
		if slices.Sort(fetched); !slices.Equal(fetched, names) {
			t.Errorf("read back: %q, want %q", fetched, names)
		}
	}
	const text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n#EXTINF:2,\na.ts\n"
	older, spool := list("x.m3u8", text+"#1\n", 1, true)
	other, _ := list("y.m3u8", text+"#1\n", 2, true)
	l.recover([]hls.File{older, other})
	wants() // nothing of them is known yet
	newer, own := list("x.m3u8", text+"#2\n", 3, false)
	l.observe(newer)
	if !spool.released {
		t.Error("what the directory has a newer version of is still kept")
	}
	l.observeInherited()
	wants("x.m3u8", "y.m3u8")
	if own.released {
		t.Error("what was left counts as the newest version")
	}
}

// TestLoopTellsThePlan: what a Plan is told of the health of its store.
func TestLoopTellsThePlan(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	const text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n"
	for name, tt := range map[string]struct {
		change health.Change
		want   []plan.Op // what begins a second later
		fails  bool
	}{
		"nothing":                               {health.Change{To: health.Up}, nil, false},
		"it fails":                              {health.Change{From: health.Up, To: health.Failing}, nil, true},
		"it is down":                            {health.Change{From: health.Up, To: health.Down}, nil, true},
		"it did not answer anything yet":        {health.Change{From: health.Down, To: health.Recovering}, nil, false},
		"it failed several names":               {health.Change{From: health.Failing, To: health.Up, Several: true}, []plan.Op{plan.PutMedia}, false},
		"somebody mended it, and what is there": {health.Change{From: health.Failing, To: health.Up, Refused: true}, []plan.Op{plan.Fetch}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plan.New(plan.Config{})
			l := &loop{Uploader: &Uploader{plan: p, log: journal.New(journal.Config{})}, survey: newSurvey(nil)}
			answer := func(o plan.Outcome) {
				t.Helper()
				jobs := p.Advance(now, plan.Requests).Jobs
				if len(jobs) != 1 {
					t.Fatalf("%d jobs, want one: %+v", len(jobs), jobs)
				}
				o.At = now
				p.Report(jobs[0].ID, o)
			}
			show := func(name string, playlist string) {
				f := hls.File{Path: name, State: hls.Settled, Kind: hls.Media, Version: hls.Version{Inode: 1, Size: 1}, Seen: now, Source: &kept{}}
				if playlist != "" {
					f.Playlist, _ = hls.Parse([]byte(playlist))
					f.Kind, f.Content = f.Playlist.Kind, []byte(playlist)
				}
				p.Observe(f)
			}
			show("a.ts", "")
			show("x.m3u8", text)
			answer(plan.Outcome{Result: plan.Absent})
			answer(plan.Outcome{Result: plan.Done, ETag: "a"})
			answer(plan.Outcome{Result: plan.Done, ETag: "x"})
			show("b.ts", "")
			show("x.m3u8", text+"#EXTINF:2,\nb.ts\n")
			answer(plan.Outcome{Result: plan.Failed, Kind: store.Transient, RetryIn: time.Hour})
			l.tell(tt.change, now.Add(time.Millisecond))
			var got []plan.Op
			for _, j := range p.Advance(now.Add(time.Second), plan.Requests).Jobs {
				got = append(got, j.Op)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("begins %v, want %v", got, tt.want)
			}
			if fails := strings.Contains(p.String(), " failing"); fails != tt.fails {
				t.Errorf("the store fails: %v, want %v:\n%s", fails, tt.fails, p)
			}
		})
	}
}
