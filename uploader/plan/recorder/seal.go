package recorder

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/recording"
)

// Found is what was read of a session.
type Found struct {
	// Chunks are those of each list by their numbers, nil for what is not there: as they are gone through more than once, those of a day are best packed
	// until then (recording.Index, recording.Packed).
	Chunks map[string]iter.Seq2[int, []byte]
	// Index is how many chunks the store has of each list, for an Order that is Unsure.
	Index map[string]int
	// Stored are the files that the store has in the folder of the session, and their bytes, for an Order that is Unsure.
	Stored map[string]int64
	// Closed are the closing lists that the store has, of lists of an Order that is Unsure: what they list stays listed.
	Closed map[string][]byte
}

// Seal makes the files that close the session. It takes a while for a long one.
func (o *Order) Seal(f Found) Answer {
	named := make(map[string]bool)
	s := recording.Session{Name: o.Session, Lists: make(map[string]recording.Reel), Masters: make(map[string][]byte), Why: o.Why, At: o.At, Bytes: o.Bytes, Index: maps.Clone(o.Index)}
	for list, n := range f.Index {
		s.Index[list] = max(s.Index[list], n)
	}
	s.Stored = func(path string, end int64) bool {
		has, coming := o.has(&f, path, end)
		if coming {
			named[path] = true
		}
		return has
	}
	for path, chunks := range f.Chunks {
		if last := newest(chunks); isMaster(last) {
			s.Masters[path] = last
		} else {
			s.Lists[path] = o.reel(path, &f)
		}
	}
	for path := range o.Published { // of which the index may have nothing
		if o.Unsure && s.Lists[path] == nil && s.Masters[path] == nil {
			s.Lists[path] = o.reel(path, &f)
		}
	}
	for _, m := range o.Masters {
		s.Masters[m.Path] = m.Text
	}
	if o.Unsure {
		s.Bytes = 0
		for path, size := range f.Stored {
			if _, _, chunk := recording.ParseChunkName(path); !chunk && s.Lists[path] == nil && s.Masters[path] == nil && path != recording.SessionSummary {
				s.Bytes += size
			}
		}
	}
	seal, err := s.Close()
	if err != nil { // recording.ErrEmpty
		return Answer{Result: Empty}
	}
	return Answer{Result: Done, Seal: seal, Named: slices.Sorted(maps.Keys(named))}
}

// has reports whether the store has the bytes of a path up to end, or all of them if end is 0, or is about to get them: then they are coming. For a
// session that an earlier process opened, what the store said counts more than what this process knows.
func (o *Order) has(f *Found, path string, end int64) (has, coming bool) {
	grown, grows := o.Grown[path]
	switch lost, gone := o.Missing[path]; {
	case o.Coming[path]:
		has = !grows || end <= grown
		return has, has
	case strings.HasPrefix(path, "../"): // of another session
		return !gone || end > 0 && end <= lost, false
	case o.Unsure:
		n, ok := f.Stored[path]
		return ok && end <= n, false
	case gone:
		return end > 0 && end <= lost, false
	}
	return !grows || end <= grown, false
}

// knows reports whether anything is known of the bytes of a path.
func (o *Order) knows(path string) bool {
	_, grows := o.Grown[path]
	_, gone := o.Missing[path]
	return o.Unsure || o.Coming[path] || grows || gone
}

// newest returns the last chunk that was read.
func newest(chunks iter.Seq2[int, []byte]) (last []byte) {
	for _, text := range chunks {
		if text != nil {
			last = text
		}
	}
	return last
}

// isMaster reports whether a text of an index is a multivariant playlist.
func isMaster(text []byte) bool {
	list, err := hls.Parse(text)
	return err == nil && list.Kind == hls.MultivariantPlaylist
}

// reel has the chunks of a list read, if there are any, whenever it is called.
func (o *Order) reel(path string, f *Found) recording.Reel {
	return func() *recording.Recording { return o.read(path, f) }
}

// read reads the chunks of a list. What cannot be read is left out.
func (o *Order) read(path string, f *Found) *recording.Recording {
	r := recording.New(path)
	if chunks := f.Chunks[path]; chunks != nil {
		for _, text := range chunks {
			_ = r.Add(text) // the others count nevertheless
		}
	}
	if text := f.Closed[path]; text != nil {
		_ = r.Keep(text) // what is no playlist says nothing
	}
	r.Recall(func(path string, end int64) bool {
		has, _ := o.has(f, path, end)
		return has
	})
	r.Claim(func(path string, end int64) bool {
		has, _ := o.has(f, path, end)
		return has && o.knows(path)
	})
	if !o.Unsure {
		return r
	}
	if text := o.Published[path]; text != nil {
		_, _ = r.Join(text, o.Session)
	}
	r.Fill(slices.Collect(maps.Keys(f.Stored)))
	return r
}
