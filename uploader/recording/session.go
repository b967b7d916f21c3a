package recording

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// SessionSummary is the name of the Summary in the folder of a session.
const SessionSummary = "session.json"

// Reason is why a session is closed, as session.json says it.
type Reason string

const (
	// Ended: all its playlists have EXT-X-ENDLIST.
	Ended Reason = "end"
	// NewRun: its packager began another run.
	NewRun Reason = "run"
	// Silent: its directory was silent.
	Silent Reason = "silence"
	// Drained: hlsship was stopped.
	Drained Reason = "drain"
	// Started: it was open when hlsship started.
	Started Reason = "start"
	// Recovered: an operator had it closed from what the bucket holds.
	Recovered Reason = "recover"
)

// Session is all that is known of one when it is closed. The zero value has nothing to close. It is not changed, and may be closed again.
type Session struct {
	// Name is that of its folder.
	Name string
	// Lists read its recordings, by the path of their media playlist in the folder: each is read twice, so that one of them at a time is in memory.
	Lists map[string]Reel
	// Masters are the texts of its multivariant playlists, by their paths in the folder, as their packager wrote them.
	Masters map[string][]byte
	// Stored is that of Choices.
	Stored func(path string, end int64) bool
	// Why is why it is closed, At when, Bytes how many its media have, and Index how many chunks each list has. Nothing but the Summary says so.
	Why   Reason
	At    time.Time
	Bytes int64
	Index map[string]int
}

// Reel reads a Recording. Whenever it is called it returns the same, which the caller owns.
type Reel func() *Recording

// Reels has Recordings that are in memory anyway be those of a Session.
func Reels(all map[string]*Recording) map[string]Reel {
	out := make(map[string]Reel, len(all))
	for path, r := range all {
		out[path] = func() *Recording { return r }
	}
	return out
}

// File is one that closes a session.
type File struct {
	// Path is where its Text stands in the folder of the session.
	Path string
	Text []byte
}

// Seal is what closes a session.
type Seal struct {
	// Files are to be stored in this order: media playlists, then multivariant ones, each by their paths, and at last the Summary.
	Files   []File
	Summary Summary
}

// Close closes a session. The same session makes the same files, but for the Summary, which says when.
//
// Each media playlist of which something is stored gets a closing list. Those that a multivariant playlist names together are cut to what all of them have
// in common, and all of the session have one target duration; but what a closing list has that is stored (Recording.Keep) stays in it. A rendition with less than half of the longest one's duration would take the rest
// along: it is closed by itself, and the multivariant playlist does without it, if there is a variant without it. The same
// becomes of a rendition of which nothing is stored, and of one that is outside the folder (ErrOutside). A multivariant playlist
// without a variant is left out. The Summary names all that is left out.
//
// The error is ErrEmpty if nothing can be listed.
func (s *Session) Close() (*Seal, error) {
	c := sealing{Session: s, outlines: make(map[string]*outline, len(s.Lists)), length: make(map[string]time.Duration), refused: make(map[string]string)}
	for path, read := range s.Lists {
		o := read().outline(s.Stored)
		if c.outlines[path] = o; o.span != (Span{}) {
			c.length[path] = o.stored
			c.target = max(c.target, o.target)
		}
	}
	for {
		if len(c.length) == 0 {
			return nil, ErrEmpty
		}
		c.connect()
		path, err := c.write()
		if err == nil {
			return c.out, nil
		}
		c.refused[path] = err.Error() // and what names it is written again without it
		delete(c.length, path)
	}
}

// sealing is the closing of one session.
type sealing struct {
	*Session
	outlines map[string]*outline      // of all lists
	length   map[string]time.Duration // of what is stored of the lists that are closed
	target   time.Duration
	refused  map[string]string  // why others are not
	masters  map[string]*pruned // those that can be played
	without  map[string]string  // why others cannot
	out      *Seal
}

// connect decides what the multivariant playlists name.
func (c *sealing) connect() {
	c.masters, c.without = make(map[string]*pruned), make(map[string]string)
	has := func(path string) bool { _, ok := c.length[path]; return ok }
	for path, text := range c.Masters {
		if p, err := prune(text, path, has); err != nil {
			c.without[path] = err.Error()
		} else if has(path) {
			c.without[path] = "a media playlist has its path"
		} else {
			c.masters[path] = p
		}
	}
	for _, lists := range c.streams() {
		c.setAside(lists)
	}
}

// setAside has the multivariant playlists of a stream do without what is far shorter than the rest, if each of them can.
func (c *sealing) setAside(lists []string) {
	longest := time.Duration(0)
	for _, path := range lists {
		longest = max(longest, c.length[path])
	}
	enough := func(path string) bool { d, ok := c.length[path]; return ok && d >= longest/2 }
	if !slices.ContainsFunc(lists, func(path string) bool { return !enough(path) }) {
		return
	}
	now := make(map[string]*pruned)
	for path, p := range c.masters {
		if !slices.Contains(lists, p.children[0]) {
			continue
		}
		other, err := prune(c.Masters[path], path, enough)
		if err != nil {
			return
		}
		now[path] = other
	}
	maps.Copy(c.masters, now)
}

// streams returns the media playlists that multivariant playlists connect, and each of the others by itself; all in the order of their paths.
func (c *sealing) streams() (all [][]string) {
	up := make(map[string]string, len(c.length)) // from each path to another of its stream, which is less, or to itself
	for path := range c.length {
		up[path] = path
	}
	first := func(path string) string {
		for up[path] != path {
			up[path] = up[up[path]]
			path = up[path]
		}
		return path
	}
	for _, p := range c.masters {
		for _, child := range p.children[1:] {
			a, b := first(p.children[0]), first(child)
			up[max(a, b)] = min(a, b)
		}
	}
	by := make(map[string][]string)
	for _, path := range slices.Sorted(maps.Keys(up)) {
		by[first(path)] = append(by[first(path)], path)
	}
	for _, path := range slices.Sorted(maps.Keys(by)) {
		all = append(all, by[path])
	}
	return all
}

// write makes all files. An error is about the media playlist with that path.
func (c *sealing) write() (path string, err error) {
	c.out = &Seal{Summary: Summary{Version: summaryVersion, Session: c.Name, Why: c.Why, When: c.At.UTC(), Bytes: c.Bytes, Index: c.Index}}
	for _, lists := range c.streams() {
		outlines := make([]*outline, len(lists))
		for i, path := range lists {
			outlines[i] = c.outlines[path]
		}
		cut := common(outlines)
		for i, path := range lists {
			r, span := c.Lists[path](), cut.spans[i].with(outlines[i].kept)
			closed, err := r.Close(Choices{Stored: c.Stored, Span: span, Target: c.target})
			if err != nil {
				return path, err
			}
			c.out.Files = append(c.out.Files, File{path, closed.Text})
			c.out.Summary.list(path, r, closed, cut, span, c.Stored)
		}
	}
	for path, o := range c.outlines {
		if _, ok := c.length[path]; !ok {
			c.out.Summary.Lists = append(c.out.Summary.Lists, ListSummary{Path: path, Missing: o.entries, Refused: c.reason(path)})
		}
	}
	slices.SortFunc(c.out.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	for _, path := range slices.Sorted(maps.Keys(c.Masters)) {
		m := MultivariantSummary{Path: path, Refused: c.without[path]}
		if p, ok := c.masters[path]; ok {
			m.Without = p.out
			c.out.Files = append(c.out.Files, File{path, p.text})
		}
		c.out.Summary.Multivariants = append(c.out.Summary.Multivariants, m)
	}
	c.out.Summary.sum()
	c.out.Files = append(c.out.Files, File{SessionSummary, c.out.Summary.text()})
	return "", nil
}

// reason says why a media playlist is not closed.
func (c *sealing) reason(path string) string {
	if why, ok := c.refused[path]; ok {
		return why
	}
	return ErrEmpty.Error()
}

// storedDuration returns how long what can be listed of a Span is.
func (r *Recording) storedDuration(s Span, stored func(path string, end int64) bool) (d time.Duration) {
	for _, e := range r.entries[s.From:s.To] {
		if r.isStored(e, stored) {
			d += e.Length
		}
	}
	return d
}
