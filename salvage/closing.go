package salvage

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hlsship/hlsship/uploader/recording"
)

// ErrUnlisted is returned by Session.Close if files are stored and no list names them: nobody knows in which order they are to be played.
var ErrUnlisted = errors.New("it has no index, and no published list names its files")

// Closing is what closes a session. Before the Files of the Seal stand the copies of multivariant playlists that its index has not.
type Closing struct {
	*recording.Seal
	// Joined is how many segments the published lists alone named, Filled how many nobody saw listed, and Unlisted how many files
	// are stored that no list names.
	Joined, Filled, Unlisted int
	// Unread are the chunks that say nothing, and the published lists, whose paths begin with "../".
	Unread []Unread

	objects map[string]object
}

// Close says what closes the session at that time. The error wraps ErrUnlisted or recording.ErrVersion, or is that of recording.Session.Close.
//
// A process that was killed while it closed the session stored some of its closing lists, and may have known more than is known now that other runs
// are published. What these lists say is taken in where they do not agree with what is known, or where session.json is still missing, which then
// speaks of them.
func (s *Session) Close(now time.Time) (*Closing, error) {
	c, err := s.close(now, func(string) bool { return false })
	if err != nil && !errors.Is(err, ErrUnlisted) && !errors.Is(err, recording.ErrEmpty) {
		return nil, err
	}
	other := maps.Clone(s.closed) // those of which nothing else is known, or something else
	if err == nil {
		for _, f := range c.Files {
			if is := s.closed[f.Path]; recording.Extends(f.Text, is) {
				delete(other, f.Path)
			}
		}
	}
	named := s.named()
	maps.DeleteFunc(other, func(path string, _ []byte) bool { return !named[path] })
	if len(other) == 0 {
		return c, err
	}
	return s.close(now, func(path string) bool { return other[path] != nil })
}

// close is Close, with what those closing lists say that are kept.
func (s *Session) close(now time.Time, kept func(path string) bool) (*Closing, error) {
	c := &Closing{objects: s.objects}
	if err := s.index(); err != nil {
		return nil, err
	}
	lists := s.joined(c, kept)
	if c.Unread = s.unread; len(lists) == 0 {
		return nil, ErrUnlisted
	}
	stored := make([]string, 0, len(s.objects))
	whole := recording.Session{Name: s.name, Lists: recording.Reels(lists), Masters: s.copies(lists), Stored: s.has, Why: recording.Recovered, At: now, Index: maps.Clone(s.next)}
	copies := s.kept(whole.Masters)
	for _, f := range copies {
		list, n, _ := recording.ParseChunkName(f.Path)
		whole.Index[list] = n + 1
	}
	unnamed := make(map[string]bool)
	for path, o := range s.objects {
		if isMedia(path) {
			stored, unnamed[path] = append(stored, path), true
			whole.Bytes += o.size
		}
	}
	for _, path := range slices.Sorted(maps.Keys(lists)) {
		lists[path].Recall(s.has)
		lists[path].Claim(s.has)
		c.Filled += lists[path].Fill(stored)
	}
	seal, err := whole.Close()
	if err != nil {
		return nil, err
	}
	c.Seal = &recording.Seal{Files: append(copies, seal.Files...), Summary: seal.Summary}
	for _, r := range lists {
		for _, e := range r.Entries() {
			delete(unnamed, e.Path)
			for _, path := range e.Needs {
				delete(unnamed, path)
			}
		}
	}
	c.Unlisted = len(unnamed)
	return c, nil
}

// joined returns the recordings, with what those closing lists say that are kept, and what the published lists name.
func (s *Session) joined(c *Closing, kept func(path string) bool) map[string]*recording.Recording {
	lists := make(map[string]*recording.Recording)
	for _, path := range slices.Sorted(maps.Keys(s.named())) {
		r, ok := s.lists[path]
		if !ok {
			r = recording.New(path)
		}
		if kept(path) {
			_ = r.Keep(s.closed[path]) // what is no playlist says nothing
		}
		if p := s.heard[path]; p != nil && !p.multivariant {
			added, err := r.Join(p.Text, s.name)
			if err != nil {
				s.miss("../"+path, err)
			}
			c.Joined += added
		}
		if r.Len() > 0 {
			lists[path] = r
		}
	}
	return lists
}

// named returns the paths of the media playlists of the session: those that are in its index or published, and those that a multivariant playlist names which
// is. Others in its folder are clips, if there is an index, without which nobody can make one.
func (s *Session) named() map[string]bool {
	all := make(map[string]bool)
	for path := range s.lists {
		all[path] = true
	}
	for path, p := range s.heard {
		if !p.multivariant {
			all[path] = true
		}
	}
	if len(s.lists) == 0 {
		for path := range s.closed {
			all[path] = true
		}
	}
	for path, m := range s.masters {
		if m.rank == fromFolder {
			continue
		}
		if p, err := ReadPublished(path, m.text, time.Time{}); err == nil {
			for _, child := range p.children {
				all[child] = true
			}
		}
	}
	return all
}

// copies returns the multivariant playlists that name a list of the session.
func (s *Session) copies(lists map[string]*recording.Recording) map[string][]byte {
	for _, path := range slices.Sorted(maps.Keys(s.heard)) {
		if p := s.heard[path]; p.multivariant {
			s.offer(path, p.Text, fromPrefix)
		}
	}
	out := make(map[string][]byte)
	for path, m := range s.masters {
		p, err := ReadPublished(path, m.text, time.Time{})
		if err == nil && slices.ContainsFunc(p.children, func(child string) bool { return lists[child] != nil }) {
			out[path] = m.text
		}
	}
	return out
}

// kept returns the copies that the index has not yet, so that the next one to close the session finds the packager's text.
func (s *Session) kept(masters map[string][]byte) (files []recording.File) {
	for _, path := range slices.Sorted(maps.Keys(masters)) {
		if s.masters[path].rank < fromIndex {
			files = append(files, recording.File{Path: recording.ChunkName(path, s.next[path]), Text: masters[path]})
		}
	}
	return files
}

// has reports whether the folder has the bytes of a path up to end, or, if that is 0, any. Of other sessions nobody was asked.
func (s *Session) has(path string, end int64) bool {
	return s.objects[path].size >= max(end, 1) || strings.HasPrefix(path, "../")
}

// Act is what becomes of a file that closes a session.
type Act string

const (
	// Put: nothing is stored under its path, and it is to be stored if that is still so (If-None-Match).
	Put Act = "put"
	// Replace: it is to be stored if what is stored there is still the same (If-Match).
	Replace Act = "replace"
	// Keep: what is stored there says the same.
	Keep Act = "keep"
	// Refuse: what is stored there is another playlist, and stays.
	Refuse Act = "refuse"
)

// Stored returns the ETag of what the listing has under the path of a file; ok is false if it has nothing.
func (c *Closing) Stored(path string) (etag string, ok bool) {
	o, ok := c.objects[path]
	return o.etag, ok
}

// Judge says what becomes of the files of a Closing. It is told of each in their order; the zero value has judged none.
type Judge struct {
	changed bool // something is to be stored
	covered bool // a closing list that is there says what is not known now
}

// Act says what becomes of a file, where is is stored under its path; nil for nothing.
func (j *Judge) Act(f recording.File, is []byte) Act {
	act := j.act(f, is)
	j.changed = j.changed || act == Put || act == Replace
	return act
}

func (j *Judge) act(f recording.File, is []byte) Act {
	switch {
	case is == nil:
		return Put
	case bytes.Equal(is, f.Text):
		return Keep
	case f.Path == recording.SessionSummary:
		if j.covered || !j.changed && sameSummary(f.Text, is) {
			return Keep
		}
		return Replace
	case isMaster(f.Text):
		if j.covered {
			return Keep
		}
		return Replace
	case recording.Extends(f.Text, is):
		return Replace
	case recording.Covers(is, f.Text), recording.Akin(is, f.Text): // what was published then is not any more
		j.covered = true
		return Keep
	}
	return Refuse
}

// Changed reports whether something is to be stored.
func (j *Judge) Changed() bool { return j.changed }

// isMaster reports whether a text is a multivariant playlist.
func isMaster(text []byte) bool {
	p, err := ReadPublished("", text, time.Time{})
	return err == nil && p.multivariant
}

// sameSummary reports whether both say the same but for why and when, of less of the index, and of how many durations nobody saw, which no closing list says.
func sameSummary(a, b []byte) bool {
	var x, y recording.Summary
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	x.Why, x.When = y.Why, y.When
	if all, known := y.Includes(x.Index); all || !known {
		x.Index = y.Index
	}
	for i := range min(len(x.Lists), len(y.Lists)) {
		x.Lists[i].Estimated = y.Lists[i].Estimated
	}
	p, err := json.Marshal(x)
	q, wrong := json.Marshal(y)
	return err == nil && wrong == nil && bytes.Equal(p, q)
}
