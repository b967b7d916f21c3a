package recorder

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/hlsship/hlsship/uploader/plan/session"
	"github.com/hlsship/hlsship/uploader/recording"
)

// chunkTime is how often a chunk of an index is stored.
const chunkTime = time.Minute

// track is the recording of a list in a session. This file alone writes it.
type track struct {
	list *list
	recording.Track
	next   int       // the number of the oldest chunk that is not stored
	chunks [][]byte  // those that are not stored, the oldest first
	since  time.Time // of the oldest listing that no chunk has; zero if there is none
	begun  bool      // there was a chunk
	rest   uint64    // a sum of what no chunk had when that was told last
	made   int       // how many chunks there were, each of which is kept; -1 if nobody knows
	lacked bool      // it was told that nobody knows
}

// observe takes a listing in, of a list in s.
func (t *track) observe(l *session.Listing, s *taping) {
	place := func(i int) *session.Place { return &l.Places[l.Text.Reference(i)] }
	segments := make(map[int]bool, l.Text.Len())
	for i := range l.Text.Len() {
		segments[l.Text.Reference(i)] = true
	}
	t.Observe(l.Text, recording.Facts{
		Binding: func(i int) recording.Binding {
			switch p := place(i); {
			case p.Session != s.name:
				return recording.Elsewhere
			case p.Fate == session.Known:
				return recording.Bound
			case p.Fate == session.Missing:
				return recording.Hole
			}
			return recording.Waiting
		},
		Folder: func(ref int) string { return insertion(t.list.path, s.name, &l.Places[ref]) },
		Came: func(ref int) bool {
			p := &l.Places[ref]
			return segments[ref] || p.Session != s.name || p.Fate == session.Known
		},
		Done: func(i int) time.Time { return place(i).Done },
	})
	for i := range l.Text.Len() {
		if p := place(i); p.Session == s.name && p.Path != "" && p.Fate != session.Known {
			s.media.await(pathOf(p), awaited{t, t.Number(l.Text, i), p.End})
		}
	}
	for r := range l.Places {
		switch p := &l.Places[r]; {
		case segments[r]:
		case p.Session == s.name:
			s.media.need(pathOf(p), p.Fate == session.Known)
		case p.Session != "":
			s.media.borrow(p.Session + "/" + pathOf(p))
		}
	}
	if t.since.IsZero() {
		t.since = l.Seen
	}
}

// insertion returns what stands before a URI of a list in the folder of that session, so that it leads to where a file is.
func insertion(list, name string, p *session.Place) string {
	if p.Session == "" || p.Session == name {
		return recording.VariantFolder(list, p.Variant)
	}
	own := list[:strings.LastIndexByte(list, '/')+1]
	variant := ""
	if p.Variant > 0 {
		variant = fmt.Sprintf(".%d/", p.Variant)
	}
	return strings.Repeat("../", strings.Count(own, "/")+1) + p.Session + "/" + variant + own
}

// pathOf returns the path of a file in the folder of its session.
func pathOf(p *session.Place) string {
	if p.Variant > 0 {
		return fmt.Sprintf(".%d/%s", p.Variant, p.Path)
	}
	return p.Path
}

// variantOf returns the variant of a path in the folder of a session; 0 for none.
func variantOf(path string) int {
	folder, _, _ := strings.Cut(path, "/")
	n, _ := strconv.Atoi(strings.TrimPrefix(folder, "."))
	if !strings.HasPrefix(folder, ".") {
		return 0
	}
	return n
}

// cutAt returns when the next chunk is to be cut; zero if there is nothing. The first one is at once, and has what is listed: whoever finds
// the index alone knows then where the run began.
func (t *track) cutAt() time.Time {
	if t.since.IsZero() || !t.begun {
		return t.since
	}
	return t.since.Add(chunkTime)
}

// cut cuts chunks of what is settled, and returns them.
func (t *track) cut() (texts [][]byte) {
	t.since = time.Time{}
	if !t.begun {
		t.Begin()
	}
	for _, text := t.Chunk(); text != nil; _, text = t.Chunk() {
		texts = append(texts, text)
		t.begun = true
		if t.made >= 0 {
			t.made++
		}
	}
	t.chunks = append(t.chunks, texts...)
	return texts
}

// differs notes what no chunk has, and reports whether that is another text than before.
func (t *track) differs(rest [][]byte) bool {
	sum := fnv.New64a()
	for _, text := range rest {
		_, _ = sum.Write(text) // which never fails
	}
	was := t.rest
	t.rest = sum.Sum64()
	return was != t.rest
}

// adopt goes on with the chunks that an earlier process kept.
func (t *track) adopt(k *kept) {
	t.chunks, t.made, t.begun = k.chunks[k.stored:], len(k.chunks), len(k.chunks) > 0
	if t.begin(k.next); k.gap {
		t.unkept()
	}
}

// unkept notes that not all of it is kept.
func (t *track) unkept() { t.made, t.lacked = -1, false }

// lacks reports whether that is to be told.
func (t *track) lacks() (news bool) {
	news = t.made < 0 && !t.lacked
	t.lacked = t.lacked || news
	return news
}

// landed notes that the oldest chunk is stored, or that its number is taken by another one. It returns that of the next.
func (t *track) landed(stored bool) (next int) {
	if t.next++; stored {
		t.chunks[0] = nil
		t.chunks = t.chunks[1:]
	}
	return t.next
}

// begin notes which chunk is the next.
func (t *track) begin(next int) { t.next = max(t.next, next) }
