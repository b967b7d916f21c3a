//go:build linux

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/hls"
	versions "github.com/hlsship/hlsship/uploader/plan/edition"
	"github.com/hlsship/hlsship/uploader/recording"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// isOfRecording reports whether a path in the folder of a session is none of media.
func isOfRecording(at string) bool {
	return strings.HasPrefix(at, ".index/") || at == recording.SessionSummary || hls.Classify(at).IsPlaylist()
}

// shot is a segment as a playlist names it: the path, and the range if it has one.
type shot struct {
	name   string
	length float64
}

// playbill is what is known of one session, of one of its lists.
type playbill struct {
	numbers map[string]int // by the names of all that its packager listed, in its order
	lengths map[string]float64
	shown   []string // what players were shown, in that order, by its path in the folder
}

// film is one session in the bucket.
type film struct {
	name      string
	folder    string          // on the disk of the gateway
	there     map[string]bool // by path in it
	start     int             // of the packager; 0 if nobody knows
	divided   bool            // another session is of the same start: the program was dead for longer than its packager lists anything
	playbills map[string]*playbill
}

// judgeRecordings looks at all sessions once all that can be closed is: each that has anything that was stored and listed is closed, its lists name
// that in order and nothing else, and play for as long. What was listed is what the packager did if that is known for sure (witnessed), else what
// players were shown.
func (s *scene) judgeRecordings(t *testing.T, witnessed bool) {
	t.Helper()
	s.recovers(t)
	films := s.films(t)
	for _, v := range s.history.Versions() {
		shots := shotsOf(s.viewer.Site, v.Path, v.Text)
		for _, f := range films {
			if v.Shown {
				f.shows(v.Path, shots)
			} else if witnessed && f.start == v.Start {
				f.lists(v.Path, shots)
			}
		}
	}
	count := 0
	for _, f := range films {
		if !witnessed {
			f.believes()
		}
		count += s.judgeFilm(t, f, witnessed)
	}
	t.Logf("%d sessions, %d segments in their lists", len(films), count)
}

// films finds the sessions, and of which start of the packager each is.
func (s *scene) films(t *testing.T) (all []*film) {
	t.Helper()
	root := filepath.Join(s.gateway.Root, s.gateway.Bucket, livePrefix)
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if folder, _, _ := storetest.Split(e.Name() + "/x"); folder == "" {
			continue
		}
		f := &film{name: e.Name(), folder: filepath.Join(root, e.Name()), there: map[string]bool{}, playbills: map[string]*playbill{}}
		votes := map[int]int{}
		err := fs.WalkDir(os.DirFS(f.folder), ".", func(at string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			f.there[at] = true
			if isOfRecording(at) {
				return nil
			}
			content, err := os.ReadFile(filepath.Join(f.folder, at))
			if starts := s.prints[sha256.Sum256(content)]; len(starts) == 1 { // those of init sections have more
				votes[starts[0]]++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for start, n := range votes {
			if n > votes[f.start] {
				f.start = start
			}
		}
		for _, other := range all {
			if f.divided = f.divided || other.start == f.start; other.start == f.start {
				other.divided = true
			}
		}
		all = append(all, f)
	}
	return all
}

// shotsOf returns the segments of a playlist, by their paths.
func shotsOf(site hls.Site, at string, text []byte) (all []shot) {
	list, err := hls.Parse(text)
	if err != nil {
		return nil
	}
	v, err := versions.Read(text, list)
	if err != nil {
		return nil
	}
	for i := range v.Len() {
		ref := list.References[v.Reference(i)]
		name, target := site.Resolve(at, ref.URI)
		if ref.Gap || target != hls.Local {
			continue
		}
		if ref.Length > 0 {
			name += fmt.Sprintf("@%d+%d", ref.Offset, ref.Length)
		}
		all = append(all, shot{name, v.Duration(i).Seconds()})
	}
	return all
}

func (f *film) playbill(list string) *playbill {
	if f.playbills[list] == nil {
		f.playbills[list] = &playbill{map[string]int{}, map[string]float64{}, nil}
	}
	return f.playbills[list]
}

// shows takes in what players were shown.
func (f *film) shows(list string, shots []shot) {
	for _, x := range shots {
		in, ours := strings.CutPrefix(x.name, f.name+"/")
		if ours && !slices.Contains(f.playbill(list).shown, in) {
			f.playbill(list).shown = append(f.playbill(list).shown, in)
		}
	}
}

// lists takes in what the packager listed.
func (f *film) lists(list string, shots []shot) {
	k := f.playbill(list)
	for _, x := range shots {
		if _, known := k.numbers[x.name]; !known {
			k.numbers[x.name] = len(k.numbers)
		}
		k.lengths[x.name] = x.length
	}
}

// believes takes what players were shown for what was listed.
func (f *film) believes() {
	for _, k := range f.playbills {
		for i, name := range k.shown {
			k.numbers[name] = i
		}
	}
}

// has reports whether the media of a segment is stored, up to the end of its range: ffmpeg with -hls_segment_size names a last range that ends behind its
// file.
func (f *film) has(name string) bool {
	file, at, ranged := strings.Cut(name, "@")
	if !ranged || !f.there[file] {
		return f.there[file]
	}
	offset, length, _ := strings.Cut(at, "+")
	from, err := strconv.ParseInt(offset, 10, 64)
	long, wrong := strconv.ParseInt(length, 10, 64)
	info, missing := os.Stat(filepath.Join(f.folder, file))
	return err == nil && wrong == nil && missing == nil && from+long <= info.Size()
}

// wanted returns what a list has to have: all that was listed and is stored, in order. Of a run whose disk was thrown away that ends with what players were shown.
func (f *film) wanted(list string, discarded bool) (want []string) {
	k := f.playbills[list]
	first, last := math.MaxInt, -1
	for _, name := range k.shown {
		if n, known := k.numbers[name]; known {
			first, last = min(first, n), max(last, n)
		}
	}
	for name, n := range k.numbers {
		if f.has(name) && (!discarded && !f.divided || n <= last) && (!f.divided || n >= first) {
			want = append(want, name)
		}
	}
	slices.SortFunc(want, func(a, b string) int { return k.numbers[a] - k.numbers[b] })
	return want
}

// behind reports whether a segment that was listed and is stored comes behind all of these.
func (f *film) behind(list, name string, all []string) bool {
	numbers := f.playbills[list].numbers
	n, listed := numbers[name]
	return listed && f.has(name) && !slices.ContainsFunc(all, func(other string) bool { return numbers[other] >= n })
}

// judgeFilm returns how many segments the lists of a session have.
func (s *scene) judgeFilm(t *testing.T, f *film, witnessed bool) (count int) {
	t.Helper()
	wanted := map[string][]string{}
	for list := range f.playbills {
		if want := f.wanted(list, s.discarded); len(want) > 0 {
			wanted[list] = want
		}
	}
	if len(wanted) == 0 {
		return 0
	}
	var sum recording.Summary
	text, err := os.ReadFile(filepath.Join(f.folder, recording.SessionSummary))
	if err == nil {
		err = json.Unmarshal(text, &sum)
	}
	if err != nil {
		s.accuse(false, "%s of start %d is not closed: %v; it should have %v; recover says %s", f.name, f.start, err, wanted, s.recovery)
		return 0
	}
	whole := maps.Clone(wanted)
	if witnessed {
		f.cut(wanted, sum)
	}
	for _, list := range slices.Sorted(maps.Keys(wanted)) {
		i := slices.IndexFunc(sum.Lists, func(l recording.ListSummary) bool { return l.Path == list })
		if i < 0 || sum.Lists[i].Refused != "" {
			s.accuse(false, "%s has no list %s: %s", f.name, list, f.about())
			continue
		}
		closed := s.judgeList(t, f, list)
		got, want := closed.shown, wanted[list]
		if count += len(got); !witnessed {
			got, want = trimmed(got, want, sum.Lists[i])
		} else if s.discarded { // what is stored behind that was listed, too
			got = slices.DeleteFunc(got, func(name string) bool { return f.behind(list, name, want) })
		}
		if f.divided && witnessed { // what is listed and was not shown may be in either of them
			got = slices.DeleteFunc(got, func(name string) bool { return !slices.Contains(want, name) })
		}
		if !slices.Equal(got, want) && !(witnessed && cutAlike(got, want, whole[list])) {
			s.accuse(s.unsure(list), "%s/%s of start %d has\n\t%v, and these were listed and are stored:\n\t%v\n\tshown %v\n\t%s", f.name, list, f.start, got, want, f.playbills[list].shown, f.about())
		}
		length, longer := 0.0, 0.0
		for _, name := range got {
			length += closed.lengths[name]
		}
		for _, name := range want {
			longer += f.playbills[list].lengths[name]
		}
		if witnessed && math.Abs(length-longer) > 1.2 {
			s.accuse(s.unsure(list), "%s/%s is %g s long, and what was listed is %g s", f.name, list, length, longer)
		}
	}
	for _, m := range sum.Multivariants {
		if m.Refused == "" && len(m.Without) == 0 && witnessed {
			s.reads(t, f, m.Path, math.NaN(), spread(sum))
		}
	}
	return count
}

// cutAlike reports whether a list has a part of what it could have that is cut by one segment more or less than it should be: without dates renditions are
// compared by when their segments were complete.
func cutAlike(got, want, whole []string) bool {
	if len(got) == 0 || len(want) == 0 || len(want) == len(whole) && len(got) < len(want)-1 {
		return false
	}
	from, to := slices.Index(whole, got[0]), slices.Index(whole, want[0])
	return from >= 0 && from-to <= 1 && to-from <= 1 && len(got)-len(want) <= 1 && len(want)-len(got) <= 1 && from+len(got) <= len(whole) && slices.Equal(got, whole[from:from+len(got)])
}

// trimmed returns what a list has and should have without what comes more than once, or is cut at its ends, as its summary says.
func trimmed(got, want []string, sum recording.ListSummary) (is, should []string) {
	count := map[string]int{}
	for _, name := range got {
		count[name]++
	}
	again := func(name string) bool { return count[name] > 1 } // an advertisement
	want = slices.DeleteFunc(want, again)
	got = slices.DeleteFunc(got, func(name string) bool { return again(name) || !slices.Contains(want, name) })
	if sum.Head > 0 && len(got) > 0 {
		want = want[max(0, slices.Index(want, got[0])):]
	}
	if sum.Tail > 0 && len(got) > 0 {
		want = want[:slices.Index(want, got[len(got)-1])+1]
	}
	return got, want
}

// cut takes from what renditions should have what not all of them have at both ends, if they all are in the multivariant playlist.
func (f *film) cut(wanted map[string][]string, sum recording.Summary) {
	if len(sum.Multivariants) == 0 {
		return
	}
	from, to, most := 0, math.MaxInt, 0
	for _, want := range wanted {
		most = max(most, len(want))
	}
	together := maps.Clone(wanted)
	maps.DeleteFunc(together, func(_ string, want []string) bool { return 2*len(want) < most })
	for list, want := range together {
		numbers := f.playbills[list].numbers
		from, to = max(from, numbers[want[0]]), min(to, numbers[want[len(want)-1]])
	}
	for list, want := range together {
		wanted[list] = slices.DeleteFunc(slices.Clone(want), func(name string) bool {
			n := f.playbills[list].numbers[name]
			return n < from || n > to
		})
	}
}

// judgeList looks at the closing list of a playlist, and returns what it has.
func (s *scene) judgeList(t *testing.T, f *film, list string) (closed playbill) {
	t.Helper()
	closed.lengths = map[string]float64{}
	text, err := os.ReadFile(filepath.Join(f.folder, list))
	if err != nil {
		s.accuse(false, "%s has no list %s: %v", f.name, list, err)
		return closed
	}
	parsed, err := hls.Parse(text)
	if err != nil || !parsed.Ended {
		s.accuse(false, "%s/%s: %v\n%s", f.name, list, err, text)
		return closed
	}
	mute := false // players have no key of it
	for _, ref := range parsed.References {
		at, target := s.viewer.Site.Resolve(list, ref.URI)
		if mute = mute || target != hls.Local; target == hls.Local && !ref.Gap && !f.there[at] {
			s.accuse(false, "%s/%s names %s, which is not stored", f.name, list, ref.URI)
		}
	}
	length := 0.0
	for _, x := range shotsOf(s.viewer.Site, list, text) {
		closed.shown, closed.lengths[x.name] = append(closed.shown, x.name), x.length
		length += x.length
	}
	if !mute && s.mode.public == "" && !bytes.Contains(text, []byte("#EXT-X-I-FRAMES-ONLY")) {
		s.reads(t, f, list, length, 0)
	}
	return closed
}

// about is what the session says of itself.
func (f *film) about() string {
	text, _ := os.ReadFile(filepath.Join(f.folder, recording.SessionSummary)) // what was read before
	return string(text)
}

// spread returns by how many seconds the lists of a session differ in length: holes are where their packager deleted what was not stored, be it of one of
// them alone.
func spread(sum recording.Summary) (seconds float64) {
	shortest, longest := math.Inf(1), 0.0
	for _, l := range sum.Lists {
		if l.Refused == "" {
			shortest, longest = min(shortest, l.Duration), max(longest, l.Duration)
		}
	}
	if sum.Holes == 0 {
		return 0
	}
	return longest - shortest
}

// reads has ffprobe read a playlist from end to end, which is to be so many seconds long. What it shows may be that much longer or shorter than it says.
func (s *scene) reads(t *testing.T, f *film, list string, length, slack float64) {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-allowed_extensions", "ALL", "-count_packets", "-of", "json",
		"-show_entries", "format=duration:stream=codec_type,nb_read_packets", filepath.Join(f.folder, list)).CombinedOutput()
	var probe struct {
		Streams []struct {
			Type    string `json:"codec_type"`
			Packets string `json:"nb_read_packets"`
		} `json:"streams"`
		Format struct {
			Duration string `json:"duration"`
		} `json:"format"`
	}
	if err == nil {
		err = json.Unmarshal(text, &probe)
	}
	if err != nil || len(probe.Streams) == 0 {
		s.accuse(false, "ffprobe of %s/%s: %v: %s", f.name, list, err, text)
		return
	}
	told, err := strconv.ParseFloat(probe.Format.Duration, 64)
	if err != nil || !math.IsNaN(length) && math.Abs(told-length) > 0.1 {
		s.accuse(false, "ffprobe says that %s/%s is %s s long, and the list says %g s", f.name, list, probe.Format.Duration, length)
	}
	for _, x := range probe.Streams {
		const rate = 10 // pictures a second
		if n, err := strconv.Atoi(x.Packets); x.Type == "video" && (err != nil || math.Abs(float64(n)/rate-told) > 1.1+slack) {
			s.accuse(false, "%s/%s is %g s long, and has %s pictures", f.name, list, told, x.Packets)
		}
	}
}
