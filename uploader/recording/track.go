package recording

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hlsship/hlsship/uploader/plan/edition"
)

const (
	settles    = time.Minute // behind the newest segment an entry is settled, though it is listed
	maxOpen    = 1024        // entries that are not settled
	maxDates   = 1024        // EXT-X-DATERANGE that are remembered
	perEntry   = 512         // the memory of one, about, beside its lines
	perSettled = 48
)

// Facts are what the caller knows of a version. The zero value says that all segments are bound, under the packager's own URIs.
type Facts struct {
	// Binding says what a segment is to this session, with all that it needs: its keys and its map. nil says Bound of all. A segment with
	// EXT-X-GAP is Bound, if it is of this session.
	Binding func(segment int) Binding
	// Folder returns what is inserted before that reference of the Playlist, if it is edition.Insertable, so that it leads to a variant from where the list
	// stands: "../.2/v0/" of v0/index.m3u8. nil, and an empty text, keep the packager's URI.
	Folder func(reference int) string
	// Came reports whether what that reference of the Playlist, to a key or a map, names is there. nil says it of all. As long as it is not, what was said
	// before of the keys and the map of a segment counts.
	Came func(reference int) bool
	// Done returns when the bytes of a segment were complete; zero if nobody knows. nil knows none.
	Done func(segment int) time.Time
}

// Track is the recording of one media playlist in one session, while it runs. The zero value has recorded nothing. Its memory is bounded by the
// versions that it is given, as long as the caller calls Chunk once a minute.
type Track struct {
	open    []*entry // those that are not settled, by their numbers, which ascend
	listed  []*entry // those that are settled although they may be listed still, likewise
	next    uint64   // entries below it are settled
	shift   uint64   // what is added to the packager's numbers, modulo 2^64: see align
	sums    map[uint64]uint64
	dates   map[uint64]bool // sums of the lines of EXT-X-DATERANGE that entries have
	now     builder
	ready   [][]byte // chunks that are full
	number  int      // of the chunk given out next
	refused int
}

// Observe takes in a version that is settled, or one that was taken in before and of which more is known. Versions come in the order in which
// the packager wrote them.
func (t *Track) Observe(v *edition.Version, f Facts) {
	listed, sum, ours := v.Lister(f.Folder), v.Summer(f.place()), false
	from, is := (*edition.Way)(nil), (*way)(nil)
	segment := func(i int) *entry {
		l := listed(i)
		e := newEntry(&l, Bound, sum(i))
		if l.Way != from {
			from, is = l.Way, &way{Way: *l.Way}
		}
		e.Way = is
		if f.Binding != nil {
			e.state = f.Binding(i)
		}
		if e.state != Bound {
			e.sum = ^e.sum
		} else if f.Folder != nil && !l.Gap {
			e.folder = f.Folder(l.Reference)
		}
		e.lacks = f.lacks(l.Way)
		return e
	}
	if v.Len() > 0 {
		t.align(v, segment)
	}
	limit := limitOf(v) + t.shift
	for i := range v.Len() {
		state, number := Bound, t.Number(v, i)
		if f.Binding != nil {
			state = f.Binding(i)
		}
		if state == Elsewhere || number >= 1<<63 {
			continue
		}
		if !ours {
			ours = true
			t.turn(v.Whole())
		}
		if t.knows(sum(i), state, number) {
			continue
		}
		now := segment(i)
		now.Number, now.head = number, i == 0
		if f.Done != nil {
			now.done = milliseconds(f.Done(i))
		}
		t.take(now)
		t.settle(limit)
	}
	if v.Len() > 0 && !ours {
		return // it is a version of another session alone
	}
	t.settle(limit)
	t.listed = slices.DeleteFunc(t.listed, func(e *entry) bool { return e.Number < t.Number(v, 0) })
	if len(t.sums) > v.Len() {
		maps.DeleteFunc(t.sums, func(n, _ uint64) bool { return n < t.Number(v, 0) })
	}
}

// place is Folder, which is another one for what did not come.
func (f *Facts) place() func(reference int) string {
	if f.Came == nil {
		return f.Folder
	}
	return func(ref int) (folder string) {
		if f.Folder != nil {
			folder = f.Folder(ref)
		}
		if !f.Came(ref) {
			folder = "\x00" + folder
		}
		return folder
	}
}

// lacks reports whether a key or a map that segments need did not come.
func (f *Facts) lacks(w *edition.Way) bool {
	if f.Came == nil {
		return false
	}
	for _, all := range [][]edition.Stated{w.Keys, w.MapKeys, {w.Map}} {
		for _, s := range all {
			for ref := s.From; ref < s.To; ref++ {
				if !f.Came(ref) {
					return true
				}
			}
		}
	}
	return false
}

// limitOf returns below which number entries are settled.
func limitOf(v *edition.Version) uint64 {
	behind := time.Duration(0)
	for i := v.Len() - 1; i >= 0; i-- {
		if behind > settles {
			return v.Number(i) + 1
		}
		behind += v.Duration(i)
	}
	return v.Number(0)
}

// turn takes in what a version says of all segments. A chunk has the variables of one version.
func (t *Track) turn(w edition.Whole) {
	if !isShort(w.Defines) {
		t.refused++
		w.Defines = nil
	}
	if w.Target = max(w.Target, t.now.whole.Target); t.now.entries+len(t.open) > 0 {
		w.Version = max(w.Version, t.now.whole.Version)
		w.Independent = w.Independent && t.now.whole.Independent
		w.IFrames = w.IFrames || t.now.whole.IFrames
		if !sameDefines(w, t.now.whole) {
			t.settleAll()
			t.seal()
		}
	}
	t.now.whole = w
}

// isShort reports whether lines may be stated in each chunk.
func isShort(lines []string) bool {
	n := 0
	for _, l := range lines {
		n += len(l)
	}
	return n <= maxEntry
}

// knows reports whether all that a version says of a segment was said before.
func (t *Track) knows(sum uint64, state Binding, number uint64) bool {
	if t.settled(number) {
		was, ok := t.sums[number]
		return ok && (was == sum || state != Bound)
	}
	if state != Bound {
		sum = ^sum
	}
	at, ok := search(t.open, number)
	return ok && t.open[at].sum == sum
}

func (t *Track) settled(number uint64) bool { return number < t.next }

// take takes in what is said of a segment.
func (t *Track) take(now *entry) {
	now.Ranges = slices.DeleteFunc(now.Ranges, t.told)
	if now.size() > maxEntry {
		t.refused++
		return
	}
	if t.settled(now.Number) {
		if !now.lacks {
			t.now.restate()
			t.end(now)
		}
		return
	}
	at, ok := search(t.open, now.Number)
	if now.loose && at > 0 {
		now.continues(t.open[at-1])
	}
	if now.head = now.head && (ok || at > 0); ok {
		was := t.open[at]
		if was.turns(now) && !now.lacks { // should that be lost, this is known
			t.write(was)
			t.now.restate()
		}
		was.take(now)
		return
	}
	t.open = slices.Insert(t.open, at, now)
}

// continues says where a byte range begins that states no offset: where that of the segment before it ends.
func (e *entry) continues(before *entry) {
	if e.follows(before) && before.URI == e.URI && before.Size > 0 && before.Offset+before.Size+e.Size > 0 {
		e.Offset, e.loose = before.Offset+before.Size, false
	}
}

// told reports whether an entry has that line of EXT-X-DATERANGE.
func (t *Track) told(line string) bool {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(line)) // which never fails
	n := sum.Sum64()
	if t.dates[n] {
		return true
	}
	if t.dates == nil || len(t.dates) >= maxDates {
		t.dates = make(map[uint64]bool)
	}
	t.dates[n] = true
	return false
}

// settle writes the entries below limit, as far as none waits.
func (t *Track) settle(limit uint64) {
	n := 0
	for n < len(t.open) && (t.open[n].Number < limit && t.open[n].state != Waiting || len(t.open)-n > maxOpen) {
		t.end(t.open[n])
		n++
	}
	t.open = slices.Delete(t.open, 0, n)
}

// Begin settles all entries from the first to one that waits, though they are listed: a first chunk says where the run began.
func (t *Track) Begin() {
	all := slices.Clone(t.open)
	t.settle(1 << 63)
	t.listed = append(t.listed, all[:len(all)-len(t.open)]...)
}

// settleAll writes all entries.
func (t *Track) settleAll() {
	for _, e := range t.open {
		t.end(e)
	}
	t.open = nil
}

// end settles an entry.
func (t *Track) end(e *entry) {
	if e.state == Waiting {
		e.state = Hole
	}
	t.pass(e)
	t.write(e)
}

// write puts an entry into the chunk that is being made.
func (t *Track) write(e *entry) {
	t.now.add(e)
	if len(t.now.out) >= largeChunk {
		t.seal()
	}
}

// pass notes that an entry is settled.
func (t *Track) pass(e *entry) {
	if !t.settled(e.Number) {
		t.next = e.Number + 1
	}
	if t.sums == nil {
		t.sums = make(map[uint64]uint64)
	}
	t.sums[e.Number] = e.sum
}

// seal ends the chunk that is being made.
func (t *Track) seal() {
	if t.now.empty() {
		return
	}
	t.ready = append(t.ready, t.now.text())
	t.now = builder{whole: t.now.whole}
}

// Bind says what became of a segment that was listed: Bound under folder, which stands before its URI, with the time at which its bytes were
// complete; or Hole. Of one that is settled, or bound, nothing but Bound is news, which may be under another folder than before. A folder with a control
// character is refused, as is what no version listed.
func (t *Track) Bind(number uint64, state Binding, folder string, done time.Time) {
	if strings.ContainsFunc(folder, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return
	}
	if at, ok := search(t.open, number); ok {
		if e := t.open[at]; state == Bound && !e.leads(folder) {
			e.bind(folder, milliseconds(done))
		} else if e.state == Waiting {
			e.state = state
		}
		return
	}
	if state == Bound && t.settled(number) {
		t.now.bind(number, milliseconds(done), folder)
	}
}

// End says that the run is over, or that the process ends: all entries are settled, and those that wait are holes.
func (t *Track) End() { t.settleAll() }

// Chunk returns the next chunk to store and its number, and gives it out; nil if there is none. It is called once a minute until it returns
// nil, and behind End. It must be stored before any that comes later, and never changed.
func (t *Track) Chunk() (number int, text []byte) {
	if len(t.ready) == 0 {
		t.seal()
	}
	if len(t.ready) == 0 {
		return 0, nil
	}
	text, t.ready = t.ready[0], t.ready[1:]
	t.number++
	return t.number - 1, text
}

// Rest returns, as chunks, all that is in no chunk that was given out, for a journal to keep until Restore. It does not change t.
func (t *Track) Rest() (chunks [][]byte) {
	copied := Track{now: t.now, ready: slices.Clip(t.ready)}
	copied.now.out = slices.Clip(t.now.out)
	for _, e := range t.open {
		copied.write(e)
	}
	copied.seal()
	return copied.ready
}

// Resume takes in that a chunk with this number is stored, which a process before gave out. Those that are stored are taken in by their numbers, the last
// one at least. The error is one of Recording.Add.
func (t *Track) Resume(number int, chunk []byte) error {
	part, err := readChunk(chunk, "")
	if err != nil {
		return fmt.Errorf("resume at chunk %d: %w", number, err)
	}
	t.number = max(t.number, number+1)
	t.now.whole = part.whole
	for _, e := range part.entries {
		t.pass(e)
	}
	t.listed = part.entries
	return nil
}

// Restore takes in a chunk of Rest, behind all of Resume. The error is one of Recording.Add.
func (t *Track) Restore(chunk []byte) error {
	part, err := readChunk(chunk, "")
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	t.turn(part.whole)
	for _, e := range part.entries {
		t.take(e)
	}
	for _, r := range part.binds {
		t.Bind(r.number, Bound, r.folder, time.UnixMilli(r.done))
	}
	return nil
}

// Refused returns how many times a segment was passed over because its lines are longer than 16 KiB.
func (t *Track) Refused() int { return t.refused }

// Cost returns about how much memory t takes, in bytes.
func (t *Track) Cost() int64 {
	n := cap(t.now.out) + (len(t.sums)+len(t.dates))*perSettled
	for _, e := range slices.Concat(t.listed, t.open) {
		n += perEntry + e.size()
	}
	for _, text := range t.ready {
		n += len(text)
	}
	return int64(n)
}

// size returns the bytes of an entry's lines.
func (e *entry) size() int {
	n := len(e.URI) + len(e.Lines) + len(e.folder) + len(e.Date) + len(e.Way.Map.Line) + len(e.Way.Rate.Line)
	for _, l := range e.Ranges {
		n += len(l)
	}
	for _, k := range e.Way.Keys {
		n += len(k.Line)
	}
	for _, k := range e.Way.MapKeys {
		n += len(k.Line)
	}
	return n
}
