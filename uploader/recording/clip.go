package recording

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
)

var (
	// ErrUndated is returned by Clip.Make for a moment by the clock where nobody knows when the session was.
	ErrUndated = errors.New("nobody knows when the session was: name moments from its beginning")
	// ErrTaken is returned by Clip.Make for a name under which a list of the session would be overwritten.
	ErrTaken = errors.New("a playlist of the session has that name")
)

// Moment is a time within a session.
type Moment struct {
	// At is that moment by the packager's dates, else by when segments were complete; zero for After.
	At time.Time
	// After is how long it is after the beginning of the session.
	After time.Duration
}

// Clip is a part of a session that is to be played by itself, over the segments that are stored.
type Clip struct {
	// Name stands before the names of its playlists: that of v0/index.m3u8 in the clip "goal" is v0/goal.index.m3u8.
	Name string
	// From is its first moment, and To the one after its last.
	From, To Moment
	// Lists, Masters and Stored are those of a Session.
	Lists   map[string]*Recording
	Masters map[string][]byte
	Stored  func(path string, end int64) bool
}

// Made is a clip.
type Made struct {
	// Files are to be stored in this order: media playlists, then multivariant ones, each by their paths.
	Files []File
	// Lists say what of each media playlist is in it.
	Lists []Part
}

// Part is what a clip has of one media playlist.
type Part struct {
	// Path is where its playlist stands in the folder of the session, List where the recording does.
	Path, List string
	// First and Last are the numbers of its first and its last segment in the recording, Segments how many are listed.
	First, Last uint64
	Segments    int
	// Begins is when its first segment begins, zero if nobody knows. Start is how long after that the clip begins, and Duration how long its segments
	// are.
	Begins          time.Time
	Start, Duration time.Duration
}

// Make makes a clip: of each stream (Session.Close) the segments that lie at least partly between its moments, with EXT-X-START for the exact
// beginning. The first variant decides; of the others the clip has the segments of which more than half lies within those of the first. The same clip
// makes the same files. The error wraps ErrEmpty if nothing is stored between the moments, ErrUndated or ErrTaken.
func (c *Clip) Make() (*Made, error) {
	m := clipping{Clip: c, at: make(map[string][]moment), sealing: sealing{
		Session: &Session{Masters: c.Masters, Stored: c.Stored}, length: make(map[string]time.Duration),
	}}
	if err := m.resolve(); err != nil {
		return nil, err
	}
	for path, r := range c.Lists {
		if s := r.overlap(m.at[path], m.from, m.to, c.Stored); s != (Span{}) {
			m.length[path] = r.storedDuration(s, c.Stored)
		}
	}
	if len(m.length) == 0 {
		return nil, fmt.Errorf("%w between these moments", ErrEmpty)
	}
	m.connect()
	for _, lists := range m.streams() {
		if err := m.cut(lists); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(m.made.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	slices.SortFunc(m.made.Lists, func(a, b Part) int { return cmp.Compare(a.Path, b.Path) })
	return &m.made, m.multivariants()
}

// clipping is the making of a clip.
type clipping struct {
	*Clip
	sealing
	at       map[string][]moment // when the segments of each list begin
	from, to time.Time
	made     Made
}

// resolve finds out when the clip is. If nobody knows when the session was, it counts as begun at the zero time.
func (m *clipping) resolve() error {
	var begins time.Time
	undated, first := true, true
	for path, r := range m.Clip.Lists {
		at := r.times()
		for _, x := range at {
			if x.known {
				undated = false
				if first || x.begins.Before(begins) {
					begins, first = x.begins, false
				}
				break
			}
		}
		m.at[path] = at
	}
	if undated {
		for path, r := range m.Clip.Lists {
			sum := time.Time{}
			for i, e := range r.entries {
				m.at[path][i] = moment{sum, true, false}
				sum = sum.Add(e.Length)
			}
		}
	}
	for _, x := range []struct {
		Moment
		to *time.Time
	}{{m.From, &m.from}, {m.To, &m.to}} {
		if *x.to = x.At; x.At.IsZero() {
			*x.to = begins.Add(x.After)
		} else if undated {
			return ErrUndated
		}
	}
	return nil
}

// overlap returns the part from the first to the last stored entry that lies at least partly between two moments.
func (r *Recording) overlap(at []moment, from, to time.Time, stored func(path string, end int64) bool) (s Span) {
	for i, e := range r.entries {
		if at[i].known && at[i].begins.Before(to) && at[i].begins.Add(e.Length).After(from) && r.isStored(e, stored) {
			if s.To == 0 {
				s.From = i
			}
			s.To = i + 1
		}
	}
	return s
}

// cut makes the lists of one stream.
func (m *clipping) cut(lists []string) error {
	leading := lists[0]
	for _, path := range slices.Sorted(maps.Keys(m.masters)) {
		if p := m.masters[path]; slices.Contains(lists, p.leading) {
			leading = p.leading
			break
		}
	}
	r := m.Clip.Lists[leading]
	span := r.overlap(m.at[leading], m.from, m.to, m.Clip.Stored)
	from, to := m.at[leading][span.From].begins, m.at[leading][span.To-1].begins.Add(r.entries[span.To-1].Length)
	for _, path := range lists {
		r, at := m.Clip.Lists[path], m.at[path]
		part := r.overlap(at, m.from, m.to, m.Clip.Stored)
		if path != leading {
			if alike := r.within(Span{0, r.Len()}, at, from, to); alike != (Span{}) && r.storedDuration(alike, m.Clip.Stored) > 0 {
				part = alike
			}
		}
		if err := m.list(path, part); err != nil {
			return err
		}
	}
	return nil
}

// list makes one list.
func (m *clipping) list(path string, s Span) error {
	r, at := m.Clip.Lists[path], m.at[path]
	for s.From < s.To-1 && !r.isStored(r.entries[s.From], m.Clip.Stored) {
		s.From++
	}
	p := Part{Path: m.name(path), List: path, First: r.entries[s.From].Number, Last: r.entries[s.To-1].Number}
	if at[s.From].known {
		p.Start = max(m.from.Sub(at[s.From].begins), 0).Truncate(time.Millisecond)
		p.Begins = at[s.From].begins
	}
	closed, err := r.Close(Choices{Stored: m.Clip.Stored, Span: s, Start: p.Start})
	if err != nil {
		return fmt.Errorf("clip %s: %w", path, err)
	}
	if m.Clip.Lists[p.Path] != nil || m.Clip.Masters[p.Path] != nil {
		return fmt.Errorf("%s: %w", p.Path, ErrTaken)
	}
	p.Segments, p.Duration = closed.Entries, closed.Duration
	m.made.Files = append(m.made.Files, File{p.Path, closed.Text})
	m.made.Lists = append(m.made.Lists, p)
	return nil
}

// name returns the path in the clip of the list that has this path in the recording.
func (m *clipping) name(list string) string {
	return path.Join(path.Dir(list), m.Name+"."+path.Base(list))
}

// multivariants makes the multivariant playlists.
func (m *clipping) multivariants() error {
	for _, master := range slices.Sorted(maps.Keys(m.masters)) {
		at := m.name(master)
		text, err := renamed(m.masters[master].text, m.Name+".")
		if err != nil {
			return err
		}
		children, err := Children(text, at)
		if err != nil {
			return err
		}
		for _, child := range children {
			if !slices.ContainsFunc(m.made.Lists, func(p Part) bool { return p.Path == child }) {
				return fmt.Errorf("%s would name %s: %w", at, child, ErrOutside)
			}
		}
		if m.Clip.Lists[at] != nil || m.Clip.Masters[at] != nil {
			return fmt.Errorf("%s: %w", at, ErrTaken)
		}
		m.made.Files = append(m.made.Files, File{at, text})
	}
	return nil
}

// renamed returns a multivariant playlist that names other lists of the same folders, whose names begin with prefix.
func renamed(text []byte, prefix string) (out []byte, err error) {
	p, err := hls.Parse(text)
	if err != nil {
		return nil, err
	}
	at := uint32(0)
	for _, r := range p.References {
		if !r.Kind.IsPlaylist() || r.Hint {
			continue
		}
		uri := string(text[r.Span.Offset:][:r.Span.Length])
		if end := strings.IndexAny(uri, "?#"); end >= 0 {
			uri = uri[:end]
		}
		from := r.Span.Offset + uint32(strings.LastIndexAny(uri, `/\`)+1)
		out = append(append(out, text[at:from]...), prefix...)
		at = from
	}
	return append(out, text[at:]...), nil
}
