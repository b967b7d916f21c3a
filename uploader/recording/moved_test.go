package recording

import (
	"strings"
	"testing"
)

// TestMovedToAVariant: a file that was said to be bound stands in a variant after all, as the store has other bytes under its name: each segment is listed
// where it is, whether or not its entry was settled or its process died meanwhile.
func TestMovedToAVariant(t *testing.T) {
	t.Parallel()
	const variant, init, key = "../.2/v0/", `#EXT-X-MAP:URI="init.mp4"`, `#EXT-X-KEY:METHOD=AES-128,URI="a.key"`
	one := text(0, seg("a.m4s", key, init), seg("b.m4s"), seg("c.m4s"))
	for name, test := range map[string]struct {
		move    string // what is moved
		settled bool   // before
		dies    bool
		next    string // the version that says so
		want    string
	}{
		"one that is listed":                {move: "b.m4s", next: one, want: "a.m4s ../.2/v0/b.m4s c.m4s"},
		"one that is settled":               {move: "b.m4s", settled: true, next: one, want: "a.m4s ../.2/v0/b.m4s c.m4s"},
		"the head, settled":                 {move: "b.m4s", settled: true, next: text(1, seg("b.m4s", key, init), seg("c.m4s")), want: "a.m4s ../.2/v0/b.m4s c.m4s"},
		"settled by a process before":       {move: "c.m4s", settled: true, dies: true, next: one, want: "a.m4s b.m4s ../.2/v0/c.m4s"},
		"a map":                             {move: "init.mp4", settled: true, next: one, want: "a.m4s b.m4s c.m4s"},
		"a map, listed":                     {move: "init.mp4", next: one, want: "a.m4s b.m4s c.m4s"},
		"a key":                             {move: "a.key", settled: true, next: one, want: "a.m4s b.m4s c.m4s"},
		"a map, of what the next head says": {move: "init.mp4", next: text(1, seg("b.m4s", key, init), seg("c.m4s")), want: "a.m4s b.m4s c.m4s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			track := &Track{}
			v := version(t, one)
			track.Observe(v, Facts{Folder: func(int) string { return "" }})
			r := New("v0/index.m3u8")
			if test.settled {
				track.Begin()
			}
			chunks := chunksOf(track)
			if test.dies {
				track = &Track{}
				for i, c := range chunks {
					if err := track.Resume(i, c); err != nil {
						t.Fatal(err)
					}
				}
			}
			uris := urisOf(t, test.next)
			track.Observe(version(t, test.next), Facts{Folder: func(ref int) string {
				if uris[ref] == test.move {
					return variant
				}
				return ""
			}})
			track.End()
			for _, c := range append(chunks, chunksOf(track)...) {
				add(t, r, c)
			}
			out := string(closed(t, r, Choices{}).Text)
			var got []string
			for line := range strings.Lines(out) {
				if line[0] != '#' {
					got = append(got, strings.TrimSpace(line))
				}
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got %s, want %s:\n%s", got, test.want, out)
			}
			for _, name := range []string{"init.mp4", "a.key"} {
				want := `"` + name + `"`
				if name == test.move {
					want = `"` + variant + name + `"`
				}
				if _, rest, _ := strings.Cut(out, "b.m4s"); !strings.Contains(out, want) || name == test.move && strings.Contains(rest, `"`+name+`"`) {
					t.Errorf("want %s:\n%s", want, out)
				}
			}
			if track.Observe(version(t, test.next), Facts{Folder: func(ref int) string {
				if uris[ref] == test.move {
					return variant
				}
				return ""
			}}); len(chunksOf(track)) > 0 {
				t.Error("the same version says something new")
			}
		})
	}
}

// TestBoundElsewhere: bytes that come late for a segment that was bound already have it listed where they are.
func TestBoundElsewhere(t *testing.T) {
	t.Parallel()
	const second, third = "../.2/v0/", "../.3/v0/"
	waits := Facts{Binding: func(i int) Binding { return []Binding{Bound, Waiting, Bound}[i] }}
	one := text(4, seg("a.m4s"), seg("b.m4s"), seg("c.m4s"))
	for name, test := range map[string]struct {
		first   string // under which folder it is bound at first
		settled bool
		dies    bool
		then    []string
		want    string
	}{
		"listed":                          {then: []string{second}, want: "../.2/v0/b.m4s"},
		"settled":                         {settled: true, then: []string{second}, want: "../.2/v0/b.m4s"},
		"by a process before":             {settled: true, dies: true, then: []string{second}, want: "../.2/v0/b.m4s"},
		"from a variant to the next":      {first: second, then: []string{third}, want: "../.3/v0/b.m4s"},
		"settled in a variant":            {first: second, settled: true, then: []string{third}, want: "../.3/v0/b.m4s"},
		"kept in a variant, and from it":  {first: second, dies: true, then: []string{third}, want: "../.3/v0/b.m4s"},
		"twice":                           {settled: true, then: []string{second, third}, want: "../.3/v0/b.m4s"},
		"the same place is not news":      {first: second, then: []string{second}, want: "../.2/v0/b.m4s"},
		"in the place where it is anyway": {then: []string{""}, want: "b.m4s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			track, chunks := &Track{}, [][]byte(nil)
			track.Observe(version(t, one), Facts{Folder: func(ref int) string {
				if ref == 1 {
					return test.first
				}
				return ""
			}})
			if test.settled {
				track.Begin()
				chunks = chunksOf(track)
			}
			if test.dies {
				rest := track.Rest()
				track = &Track{}
				for i, c := range chunks {
					if err := track.Resume(i, c); err != nil {
						t.Fatal(err)
					}
				}
				for _, c := range rest {
					if err := track.Restore(c); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, folder := range test.then {
				track.Observe(version(t, one), waits)
				track.Bind(5, Bound, folder, at(7))
			}
			track.End()
			r := New("v0/index.m3u8")
			for _, c := range append(chunks, chunksOf(track)...) {
				add(t, r, c)
				add(t, r, c)
			}
			if got, want := body(closed(t, r, Choices{}).Text), "\na.m4s\n#EXTINF:2,\n"+test.want+"\n#EXTINF:2,\nc.m4s"; !strings.HasSuffix(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if e := r.Entries()[1]; e.Path != strings.ReplaceAll("v0/"+test.want, "v0/../", "") {
				t.Errorf("its path is %s", e.Path)
			}
		})
	}
}

// TestMovedToWhatIsLost: where a map or a key that moved to a variant never came, or was lost, those that were said before count.
func TestMovedToWhatIsLost(t *testing.T) {
	t.Parallel()
	const variant = "../.2/v0/"
	one := text(0, seg("a.m4s", `#EXT-X-KEY:METHOD=AES-128,URI="a.key"`, `#EXT-X-MAP:URI="init.mp4"`), seg("b.m4s"))
	for _, move := range []string{"init.mp4", "a.key"} {
		for name, test := range map[string]struct {
			settled, came, stored bool
			want                  string
		}{
			"it never came":                {want: move},
			"it never came, settled":       {settled: true, want: move},
			"it came, and was lost":        {came: true, want: move},
			"it came, and was lost, later": {settled: true, came: true, want: move},
			"it is stored":                 {came: true, stored: true, want: variant + move},
			"it is stored, later":          {settled: true, came: true, stored: true, want: variant + move},
		} {
			t.Run(move+", "+name, func(t *testing.T) {
				t.Parallel()
				var track Track
				uris := urisOf(t, one)
				track.Observe(version(t, one), Facts{Folder: func(int) string { return "" }, Came: func(int) bool { return true }})
				r := New("v0/index.m3u8")
				if test.settled {
					track.Begin()
				}
				for _, came := range []bool{false, test.came} {
					track.Observe(version(t, one), Facts{Came: func(ref int) bool { return uris[ref] != move || came }, Folder: func(ref int) string {
						if uris[ref] == move {
							return variant
						}
						return ""
					}})
				}
				track.End()
				for _, c := range chunksOf(&track) {
					add(t, r, c)
				}
				stored := func(path string, _ int64) bool { return test.stored || !strings.HasPrefix(path, ".2/") }
				r.Recall(stored)
				out := closed(t, r, Choices{Stored: stored})
				if out.Entries != 2 || strings.Count(string(out.Text), `"`+test.want+`"`) != 1 || strings.Count(string(out.Text), move) != 1 {
					t.Errorf("want %s in\n%s", test.want, out.Text)
				}
			})
		}
	}
}

// urisOf returns the URIs of a text, by the numbers of its references.
func urisOf(t *testing.T, text string) (all []string) {
	t.Helper()
	for _, ref := range parsed(t, text).References {
		all = append(all, ref.URI)
	}
	return all
}
