package storetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// sloth names what the uploader of a rehearsal forgets; empty for an honest one.
type sloth string

const (
	publishesBlindly   sloth = "publishes without looking"
	overwritesBlindly  sloth = "overwrites without looking"
	publishesAnything  sloth = "publishes versions in any order"
	shipsHalves        sloth = "ships half of some files"
	takesOldForNext    sloth = "takes old bytes for those to come"
	losesSegments      sloth = "loses segments"
	forgetsThePlaylist sloth = "stops publishing"
)

// rehearsal is a packager with two renditions that starts anew now and then, and an uploader that knows
// all that the viewer knows. Their steps follow a random number.
type rehearsal struct {
	v       *Viewer
	rng     *rand.Rand
	sloth   sloth
	disk    map[string]string // finished last
	target  map[string]string // meant last
	entries map[string][]*draft
	stored  map[string]string
	shown   map[string]*draft
	under   map[string]job // by path
	next    map[string]string
	number  map[string]int
	run     int
	ended   bool
}

// draft is a listed version of a playlist, as the uploader understands it.
type draft struct {
	index int
	text  string
	needs map[string]string // path to bytes; "" while they are to come
}

type job struct {
	content string
	draft   *draft
}

func (r *rehearsal) finish(path, content string) {
	r.v.Finished(path, []byte(content))
	r.disk[path] = content
	for _, list := range r.entries {
		for _, d := range list {
			if needed, names := d.needs[path]; names && needed == "" {
				d.needs[path], r.target[path] = content, content
			}
		}
	}
}

func (r *rehearsal) list(path, text string, refs []string, next ...string) {
	r.v.Listed(path, []byte(text), next...)
	d := &draft{index: len(r.entries[path]), text: text, needs: make(map[string]string)}
	for _, ref := range refs {
		d.needs[ref] = r.disk[ref]
		if slices.Contains(next, ref) && r.sloth != takesOldForNext {
			d.needs[ref] = ""
		}
		if d.needs[ref] != "" {
			r.target[ref] = d.needs[ref]
		}
	}
	r.entries[path] = append(r.entries[path], d)
}

// pack lets the rendition's packager do its next step.
func (r *rehearsal) pack(dir string) {
	if late, ok := r.next[dir]; ok { // named already
		delete(r.next, dir)
		r.finish(late, fmt.Sprintf("%s of run %d", late, r.run))
		return
	}
	if r.number[dir] == 0 || r.rng.IntN(12) == 0 {
		r.run++
		r.number[dir] = 0
		r.finish(dir+"/init.mp4", fmt.Sprintf("init%d", r.run/2)) // sometimes the same again
	}
	n := r.number[dir]
	r.number[dir]++
	seg := func(n int) string { return fmt.Sprintf("seg%d.m4s", n) }
	lines, refs := []string{seq(max(0, n-2)), initMap}, []string{dir + "/init.mp4"}
	for i := max(0, n-2); i <= n; i++ {
		lines, refs = append(lines, seg(i)), append(refs, dir+"/"+seg(i))
	}
	newest := dir + "/" + seg(n)
	if r.rng.IntN(3) == 0 && !r.ended { // hlssink2: named first
		r.next[dir] = newest
		r.list(dir+"/index.m3u8", media(lines...), refs, newest)
		return
	}
	r.finish(newest, fmt.Sprintf("%s of run %d", newest, r.run))
	r.list(dir+"/index.m3u8", media(lines...), refs)
}

// protected reports whether a playlist that is shown, or on its way, needs what is stored under path.
func (r *rehearsal) protected(path string) bool {
	for list := range r.entries {
		if d := r.shown[list]; d != nil && d.needs[path] != "" {
			return true
		}
		if j, ok := r.under[list]; ok && j.draft.needs[path] != "" {
			return true
		}
	}
	return false
}

// onlyOverwrites reports whether a pending version of the playlist that names path waits for nothing else.
func (r *rehearsal) onlyOverwrites(path string) bool {
	for list, drafts := range r.entries {
		if _, busy := r.under[list]; busy {
			continue
		}
		for _, d := range drafts {
			if (r.shown[list] != nil && d.index <= r.shown[list].index) || d.needs[path] != r.target[path] {
				continue
			}
			only := true
			for name, content := range d.needs {
				overwrite := r.stored[name] != "" && r.protected(name)
				if content == "" || r.stored[name] != content && !overwrite {
					only = false
				}
			}
			if only {
				return true
			}
		}
	}
	return false
}

// begin starts the uploads that may start, in random order, and reports whether there were any.
func (r *rehearsal) begin() bool {
	began := false
	names := slices.Sorted(maps.Keys(r.target))
	r.rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		content := r.target[name]
		if _, busy := r.under[name]; busy || r.stored[name] == content || len(r.under) >= 4 {
			continue
		}
		if r.stored[name] != "" && r.protected(name) && !r.onlyOverwrites(name) && r.sloth != overwritesBlindly {
			continue
		}
		if r.sloth == losesSegments && r.rng.IntN(3) == 0 {
			r.target[name] = r.stored[name]
			delete(r.target, name)
			continue
		}
		r.under[name], began = job{content: content}, true
	}
	for _, list := range slices.Sorted(maps.Keys(r.entries)) {
		if _, busy := r.under[list]; busy || r.sloth == forgetsThePlaylist && r.rng.IntN(4) > 0 {
			continue
		}
		if d := r.publishable(list); d != nil {
			r.under[list], began = job{content: d.text, draft: d}, true
		}
	}
	return began
}

// publishable returns the newest version of which all is stored and stays so.
func (r *rehearsal) publishable(list string) *draft {
	drafts := r.entries[list]
	if r.sloth == publishesAnything {
		return drafts[r.rng.IntN(len(drafts))]
	}
	for i := len(drafts) - 1; i >= 0; i-- {
		d := drafts[i]
		if r.shown[list] != nil && d.index <= r.shown[list].index {
			return nil
		}
		good := true
		for name, content := range d.needs {
			j, busy := r.under[name]
			if content == "" || r.stored[name] != content && content != "any" || r.stored[name] == "" || busy && content != "any" && j.content != content {
				good = false
			}
		}
		if good || r.sloth == publishesBlindly && r.rng.IntN(4) == 0 {
			return d
		}
	}
	return nil
}

// complete lets one upload arrive.
func (r *rehearsal) complete() {
	names := slices.Sorted(maps.Keys(r.under))
	if len(names) == 0 {
		return
	}
	name := names[r.rng.IntN(len(names))]
	j := r.under[name]
	delete(r.under, name)
	r.stored[name] = j.content
	if j.draft != nil {
		r.shown[name] = j.draft
	} else if r.sloth == shipsHalves && r.rng.IntN(8) == 0 {
		r.v.Changed(name, []byte(j.content[:len(j.content)/2]))
		return
	}
	r.v.Changed(name, []byte(j.content))
}

func rehearse(seed uint64, s sloth) *Viewer {
	r := &rehearsal{v: NewViewer(""), rng: rand.New(rand.NewPCG(seed, 0)), sloth: s,
		disk: make(map[string]string), target: make(map[string]string), entries: make(map[string][]*draft),
		stored: make(map[string]string), shown: make(map[string]*draft), under: make(map[string]job),
		next: make(map[string]string), number: make(map[string]int)}
	children := []string{"hi/index.m3u8", "lo/index.m3u8"}
	r.v.Listed("main.m3u8", []byte(multivariant(children...)))
	r.entries["main.m3u8"] = []*draft{{text: multivariant(children...), needs: map[string]string{children[0]: "any", children[1]: "any"}}}
	for range 150 + r.rng.IntN(100) {
		time.Sleep(time.Duration(r.rng.IntN(100)) * time.Millisecond)
		switch k := r.rng.IntN(10); {
		case k == 0:
			r.pack("hi")
		case k == 1:
			r.pack("lo")
		case k < 5:
			r.begin()
		default:
			r.complete()
		}
	}
	r.ended = true
	for _, dir := range []string{"hi", "lo"} {
		r.pack(dir)
		r.pack(dir)
	}
	for r.begin() || len(r.under) > 0 {
		r.complete()
		if s == publishesAnything && r.rng.IntN(50) == 0 {
			break
		}
	}
	r.v.Finale()
	r.v.Standing(time.Now().Add(time.Second), time.Second/2)
	return r.v
}

func TestViewerAccusesNoHonestUploader(t *testing.T) {
	t.Parallel()
	runs := uint64(1000)
	if testing.Short() {
		runs = 100
	}
	published := 0
	for seed := range runs {
		synctest.Test(t, func(t *testing.T) {
			v := rehearse(seed, "")
			published += v.Counts().Publications
			for _, b := range v.Violations() {
				t.Errorf("seed %d: %v", seed, b)
			}
		})
		if t.Failed() {
			return
		}
	}
	if published < int(runs)*5 {
		t.Errorf("publications: got %d in %d runs: the uploader was not honest, it was idle", published, runs)
	}
}

func TestViewerFindsDishonestUploaders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sloth sloth
		rule  Rule
	}{
		{publishesBlindly, RulePlaylistFirst},
		{publishesBlindly, RuleWrongVersion},
		{overwritesBlindly, RuleOverwritten},
		{publishesAnything, RuleOlderPlaylist},
		{shipsHalves, RuleHalfSegment},
		{takesOldForNext, RuleWrongVersion},
		{losesSegments, RuleUnstored},
		{forgetsThePlaylist, RuleEdgeStandsStill},
	} {
		t.Run(string(c.sloth)+", "+string(c.rule), func(t *testing.T) {
			t.Parallel()
			found := 0
			for seed := range uint64(100) {
				synctest.Test(t, func(t *testing.T) {
					if slices.Contains(rulesOf(rehearse(seed, c.sloth)), c.rule) {
						found++
					}
				})
			}
			if found < 20 {
				t.Errorf("found in %d of 100 runs, want 20 at least", found)
			}
			t.Logf("found in %d of 100 runs", found)
		})
	}
}
