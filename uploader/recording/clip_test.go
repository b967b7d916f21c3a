package recording

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// film is a rendition that was recorded from begins on, whose segments have these lengths; some are not stored.
type film struct {
	begins  time.Time
	lengths []time.Duration
	lost    map[int]bool
	number  int
}

func newFilm(r *rand.Rand, begins time.Time, length time.Duration, n int) *film {
	f := &film{begins: begins, lost: make(map[int]bool), number: r.IntN(100)}
	for i := range n {
		f.lengths = append(f.lengths, length+time.Duration(r.IntN(5))*100*time.Millisecond)
		f.lost[i] = r.IntN(40) == 0
	}
	return f
}

// versions writes what its packager does: windows of five segments, a chunk every 30.
func (f *film) record(t testing.TB, key string, dated bool) (chunks [][]byte) {
	t.Helper()
	var track Track
	begins := make([]time.Time, len(f.lengths)+1)
	begins[0] = f.begins
	for i, d := range f.lengths {
		begins[i+1] = begins[i].Add(d)
	}
	for i := range f.lengths {
		from := max(0, i-4)
		var lines []string
		for k := from; k <= i; k++ {
			var tags []string
			if k == from && key != "" {
				tags = append(tags, key)
			}
			if dated {
				tags = append(tags, "#EXT-X-PROGRAM-DATE-TIME:"+begins[k].Format("2006-01-02T15:04:05.000Z07:00"))
			}
			lines = append(lines, strings.Join(append(tags, fmt.Sprintf("#EXTINF:%.3f,\n%d.ts", f.lengths[k].Seconds(), k)), "\n"))
		}
		v := version(t, text(f.number+from, lines...))
		track.Observe(v, Facts{Done: func(k int) time.Time { return begins[from+k+1] }})
		if i%30 == 29 {
			chunks = append(chunks, chunksOf(&track)...)
		}
	}
	track.End()
	return append(chunks, chunksOf(&track)...)
}

// within lists the stored segments of which something is between two moments.
func (f *film) within(from, to time.Time) (all []string, begins time.Time) {
	at := f.begins
	for i, d := range f.lengths {
		if at.Before(to) && at.Add(d).After(from) && !f.lost[i] {
			if len(all) == 0 {
				begins = at
			}
			all = append(all, fmt.Sprintf("%d.ts", i))
		}
		at = at.Add(d)
	}
	return all, begins
}

func (f *film) length() (sum time.Duration) {
	for _, d := range f.lengths {
		sum += d
	}
	return sum
}

// segmentsOf returns what a clip lists.
func segmentsOf(t testing.TB, text []byte) (all []string) {
	t.Helper()
	list, err := hls.Parse(text)
	if err != nil || !list.Ended {
		t.Fatalf("%v in\n%s", err, text)
	}
	for _, r := range list.References {
		if r.Kind == hls.Media {
			all = append(all, r.URI)
		}
	}
	return all
}

// TestClips makes a thousand clips, by dates and by the times of completion, of closed sessions and of open ones.
func TestClips(t *testing.T) {
	t.Parallel()
	const key = `#EXT-X-KEY:METHOD=AES-128,URI="k"`
	for _, tt := range []struct {
		name       string
		key        string
		dated      bool
		open, from bool // from: moments are named from the beginning
	}{
		{"by dates", "", true, false, false},
		{"by the times of completion", key, false, false, false},
		{"from the beginning", "", true, false, true},
		{"of an open session", key, true, true, false},
		{"of an open session without dates", "", false, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(4711, 17))
			f := newFilm(r, at(0), 2*time.Second, 1000)
			f.lost[0], f.lost[len(f.lengths)-1] = false, false // so that the session begins and ends with them
			const list = "v0/i.m3u8"
			stored := func(path string, _ int64) bool {
				var i int
				n, _ := fmt.Sscanf(path, "v0/%d.ts", &i)
				return n == 0 || !f.lost[i]
			}
			chunks := f.record(t, tt.key, tt.dated)
			whole := New(list)
			for _, c := range chunks {
				add(t, whole, c)
			}
			if !tt.open {
				seal := closed(t, whole, Choices{Stored: stored})
				var err error
				if whole, err = ReadClosed(seal.Text, list); err != nil {
					t.Fatal(err)
				}
			}
			for range 200 {
				a, b := time.Duration(r.Int64N(int64(f.length()))).Truncate(time.Millisecond), time.Duration(r.Int64N(int64(f.length()))).Truncate(time.Millisecond)
				if r.IntN(2) == 0 {
					b = a + time.Duration(r.IntN(20))*time.Second
				}
				a, b = min(a, b), max(a, b)
				from, to := Moment{At: f.begins.Add(a)}, Moment{At: f.begins.Add(b)}
				if tt.from {
					from, to = Moment{After: a}, Moment{After: b}
				}
				clip := Clip{Name: "c", From: from, To: to, Lists: map[string]*Recording{list: whole}, Stored: stored}
				if tt.open {
					clip.Lists = map[string]*Recording{list: sought(t, chunks, list, from, to)}
				}
				want, begins := f.within(f.begins.Add(a), f.begins.Add(b))
				made, err := clip.Make()
				if len(want) == 0 {
					if !errors.Is(err, ErrEmpty) {
						t.Fatalf("%v to %v: %v", a, b, err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := segmentsOf(t, made.Files[0].Text); !slices.Equal(got, want) {
					t.Fatalf("%v to %v: got %q, want %q", a, b, got, want)
				}
				start := ""
				if d := f.begins.Add(a).Sub(begins); d > 0 {
					start = fmt.Sprintf("#EXT-X-START:TIME-OFFSET=%.3f,PRECISE=YES\n", d.Seconds())
				}
				if got := string(made.Files[0].Text); made.Files[0].Path != "v0/c.i.m3u8" || start != "" && !strings.Contains(got, start) || start == "" && strings.Contains(got, "EXT-X-START") {
					t.Fatalf("%v to %v, %s: want %q in\n%s", a, b, made.Files[0].Path, start, got)
				}
			}
		})
	}
}

// sought reads of an index what a clip needs, and the beginning.
func sought(t testing.TB, chunks [][]byte, list string, from, to Moment) *Recording {
	t.Helper()
	stored := make([]time.Time, len(chunks))
	for i := range stored {
		stored[i] = at(0).Add(time.Duration(i+1)*time.Minute + 7*time.Second)
	}
	s, reads := NewSeek(stored, from, to), 0
	for n, ok := s.Next(); ok; n, ok = s.Next() {
		one := New(list)
		add(t, one, chunks[n])
		s.Saw(n, one)
		reads++
	}
	first, last := s.Needed()
	if reads > 1+2*8 {
		t.Fatalf("%d chunks are read to find %d", reads, last-first)
	}
	r := New(list)
	add(t, r, chunks[0])
	for _, c := range chunks[first:last] {
		add(t, r, c)
	}
	return r
}

// TestClipOfRenditions: all are cut alike, and the multivariant playlist of the clip names them.
func TestClipOfRenditions(t *testing.T) {
	t.Parallel()
	const audio = `AUDIO="a"`
	r := rand.New(rand.NewPCG(1, 2))
	video, sound := newFilm(r, at(0), 2*time.Second, 60), newFilm(r, at(0), 1900*time.Millisecond, 60)
	all := map[string]*Recording{"v0/i.m3u8": New("v0/i.m3u8"), "v1/i.m3u8": New("v1/i.m3u8"), "a/i.m3u8": New("a/i.m3u8")}
	for path, f := range map[string]*film{"v0/i.m3u8": video, "v1/i.m3u8": video, "a/i.m3u8": sound} {
		f.lost = map[int]bool{}
		for _, c := range f.record(t, "", true) {
			add(t, all[path], c)
		}
	}
	master := "#EXTM3U\n" + group("AUDIO", "a", "a/i.m3u8") + variant("v0/i.m3u8?x=/y", audio) + variant("./v1/i.m3u8", audio) + variant("v2/i.m3u8")
	clip := Clip{Name: "goal", From: Moment{After: 21 * time.Second}, To: Moment{After: 40 * time.Second}, Lists: all, Masters: map[string][]byte{"master.m3u8": []byte(master)}}
	made, err := clip.Make()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range made.Files {
		names = append(names, f.Path)
	}
	if !slices.Equal(names, []string{"a/goal.i.m3u8", "v0/goal.i.m3u8", "v1/goal.i.m3u8", "goal.master.m3u8"}) {
		t.Fatalf("got %q", names)
	}
	want := "#EXTM3U\n" + group("AUDIO", "a", "a/goal.i.m3u8") + variant("v0/goal.i.m3u8?x=/y", audio) + variant("./v1/goal.i.m3u8", audio)
	if want = strings.Replace(want, `NAME="a/goal.i.m3u8"`, `NAME="a/i.m3u8"`, 1); string(made.Files[3].Text) != want {
		t.Errorf("got\n%s\nwant\n%s", made.Files[3].Text, want)
	}
	if string(made.Files[1].Text) != string(made.Files[2].Text) {
		t.Errorf("two renditions of one encoder:\n%s\n%s", made.Files[1].Text, made.Files[2].Text)
	}
	for i, p := range made.Lists[1:] {
		a := made.Lists[0]
		if apart := a.Begins.Sub(p.Begins).Abs(); apart > 1200*time.Millisecond || (a.Duration-p.Duration).Abs() > 2400*time.Millisecond {
			t.Errorf("%d: %+v beside %+v", i, p, a)
		}
		if got := p.Begins.Add(p.Start); !got.Equal(at(21)) {
			t.Errorf("%s begins at %v", p.Path, got)
		}
	}
	if _, err := (&Clip{Name: "goal", To: Moment{After: time.Minute}, Lists: map[string]*Recording{"i.m3u8": all["v0/i.m3u8"], "goal.i.m3u8": all["v1/i.m3u8"]}}).Make(); !errors.Is(err, ErrTaken) {
		t.Errorf("got %v", err)
	}
}

// TestClipWithoutTimes: where nobody knows when a session was, it has a beginning.
func TestClipWithoutTimes(t *testing.T) {
	t.Parallel()
	r := recorded(t, "i.m3u8", Facts{}, text(0, seg("0.ts"), seg("1.ts"), seg("2.ts"), seg("3.ts")))
	clip := Clip{Name: "c", From: Moment{After: 3 * time.Second}, To: Moment{After: 6 * time.Second}, Lists: map[string]*Recording{"i.m3u8": r}}
	made, err := clip.Make()
	if err != nil || !slices.Equal(segmentsOf(t, made.Files[0].Text), []string{"1.ts", "2.ts"}) || !strings.Contains(string(made.Files[0].Text), "TIME-OFFSET=1.000") {
		t.Fatalf("%v: %+v", err, made)
	}
	clip.To = Moment{At: at(7)}
	if _, err := clip.Make(); !errors.Is(err, ErrUndated) {
		t.Errorf("got %v", err)
	}
}
