package uploader

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan"
	"github.com/hlsship/hlsship/uploader/plan/recorder"
	"github.com/hlsship/hlsship/uploader/recording"
	"github.com/hlsship/hlsship/uploader/store"
)

// putRecord stores a part of a recording. Nothing is replaced but a closing list by one that goes on from it, or that has something else where the session
// was not closed with it, and what says something of all of them: two processes may have closed the same session.
func (w *worker) putRecord(ctx context.Context, j plan.Job, moved *atomic.Int64) (plan.Outcome, error) {
	t := j.Record
	h, text := w.headers.Record(t.Path, j.Kind, t.Op == recorder.PutChunk, t.Final), t.Text
	if t.Op == recorder.PutChunk && !t.Master {
		text = w.bundled(ctx, t, moved)
	}
	o := store.Object{
		Key: w.key(j.Key), Size: int64(len(text)), ContentType: h.ContentType, CacheControl: h.CacheControl, Headers: h.Further,
		IfAbsent: j.IfAbsent, Priority: store.First, Waits: waits(moved),
	}
	if !t.Prompt {
		o.Priority = store.Backlog
	}
	put := func() (plan.Outcome, error) {
		o.Body = bytes.NewReader(text)
		etag, err := w.store.Put(ctx, o)
		return plan.Outcome{Result: plan.Done, ETag: etag, Record: recorder.Answer{Size: o.Size}}, err
	}
	if j.IfAbsent {
		if out, err := put(); err == nil || store.KindOf(err) != store.Precondition {
			return out, err
		}
	}
	share, ok := w.memory.Take(hls.Cost(smallPlaylist, 0))
	if !ok {
		return plan.Outcome{}, hls.ErrMemory
	}
	defer share.Release()
	was, info, err := w.get(ctx, o.Key, share)
	switch kind := store.KindOf(err); {
	case err != nil && kind == store.NotFound:
		return put()
	case err != nil && kind != store.Permanent: // which is something larger
		return plan.Outcome{}, err
	}
	if _, number, ok := recording.ParseChunkName(strings.TrimPrefix(t.Path, t.Session+"/")); ok && err == nil {
		was = recording.Newest(was, number)
	}
	switch same := err == nil && bytes.Equal(was, t.Text); {
	case same && !t.Final:
		return plan.Outcome{Result: plan.Done, ETag: info.ETag}, nil
	case same:
	case err != nil, t.Op == recorder.PutChunk:
		return plan.Outcome{Result: plan.Different, ETag: info.ETag}, nil
	case t.List != "" && !recording.Extends(t.Text, was):
		switch closed, err := w.isClosed(ctx, t.Session); {
		case closed, err != nil:
			return plan.Outcome{Result: plan.Different, ETag: info.ETag}, err
		case recording.Covers(was, t.Text): // who began to close it knew more
			return plan.Outcome{Result: plan.Done, ETag: info.ETag}, nil
		}
	}
	if o.IfAbsent = false; j.IfAbsent {
		o.IfMatch = info.ETag
	}
	out, err := put()
	if store.KindOf(err) == store.Precondition {
		err = &store.Error{Op: "put", Key: o.Key, Kind: store.Transient, Err: err} // somebody else closes it as well: look again
	}
	return out, err
}

// bundled returns what is stored under the path of a chunk: others before it as well, as far as they can be read.
func (w *worker) bundled(ctx context.Context, t *recorder.Task, moved *atomic.Int64) []byte {
	list, number, _ := recording.ParseChunkName(strings.TrimPrefix(t.Path, t.Session+"/"))
	b := recording.NewBundling(number, t.Text)
	for n, ok := b.Want(); ok; n, ok = b.Want() {
		text, _, err := w.store.Get(ctx, w.prefix+t.Session+"/"+recording.ChunkName(list, n), recording.MaxBundle)
		if err != nil {
			text = nil // then readers read that one as well
		}
		moved.Store(time.Now().UnixNano())
		b.Took(text)
	}
	return b.Bytes()
}

// readRecord reads what there is of a recording.
func (w *worker) readRecord(ctx context.Context, j plan.Job, moved *atomic.Int64) (plan.Outcome, error) {
	t, out := j.Record, plan.Outcome{Result: plan.Done}
	if t.Op == recorder.Look {
		info, err := w.store.Stat(ctx, w.key(j.Key))
		out.Record.Size = info.Size
		if err != nil && store.KindOf(err) == store.NotFound {
			return plan.Outcome{Result: plan.Absent}, nil
		}
		return out, err
	}
	if t.Op == recorder.Find {
		s, err := w.survey(ctx, t.Session, recording.IndexFolder, moved)
		if isRefused(err) {
			return out, nil // numbers that are taken are found out one by one
		}
		out.Record.Chunks = s.next
		return out, err
	}
	s := surveyedSession{next: maps.Clone(t.Order.Chunks)}
	found := recorder.Found{}
	if t.Order.Unsure {
		var err error
		if s, err = w.survey(ctx, t.Session, "", moved); isRefused(err) {
			return plan.Outcome{Result: plan.Absent}, nil // nobody could say what is stored of it
		} else if err != nil {
			return out, err
		}
		if closed, before, err := w.closed(ctx, t.Order, &s); closed || err != nil {
			out.Record.Before = before
			return out, err
		}
		found.Stored, found.Index = s.stored, maps.Clone(s.next)
		if err := w.stillPublished(ctx, t.Order, &s); err != nil {
			return out, err
		}
		if found.Closed, err = w.closings(ctx, t.Session, t.Order, &s); err != nil {
			return out, err
		}
	}
	kept := map[string]iter.Seq2[int, []byte]{}
	if w.tapes != nil {
		kept = t.Order.Kept(w.tapes.Kept(t.Session))
	}
	for list := range kept {
		delete(s.next, list)
	}
	var err error
	if found.Chunks, err = w.chunks(ctx, t.Session, s.next, moved); err != nil {
		return out, err
	}
	maps.Copy(found.Chunks, kept)
	moved.Store(0) // from here on the store is asked nothing
	if out.Record = t.Order.Seal(found); out.Record.Result == recorder.Empty {
		out.Result = plan.Absent
	}
	return out, nil
}

// isClosed reports whether a session has the summary that closes it.
func (w *worker) isClosed(ctx context.Context, session string) (bool, error) {
	_, err := w.store.Stat(ctx, w.prefix+session+"/"+recording.SessionSummary)
	if err != nil && store.KindOf(err) == store.NotFound {
		return false, nil
	}
	return err == nil, err //nolint:wrapcheck // that is what the outcome is
}

// summary reads what was said of a session when it was closed; nil if nobody can read it.
func (w *worker) summary(ctx context.Context, session string) (*recording.Summary, error) {
	text, _, err := w.store.Get(ctx, w.prefix+session+"/"+recording.SessionSummary, smallPlaylist)
	if kind := store.KindOf(err); err != nil && kind != store.NotFound && kind != store.Permanent {
		return nil, fmt.Errorf("read what closed %s: %w", session, err)
	}
	var s recording.Summary
	if json.Unmarshal(text, &s) != nil {
		return nil, nil //nolint:nilnil // it says nothing
	}
	return &s, nil
}

// isRefused reports whether the store may not be listed, which is no fault: it does without otherwise.
func isRefused(err error) bool {
	kind := store.KindOf(err)
	return err != nil && (kind == store.Alarm && !unsent(err) || kind == store.Permanent)
}

// surveyedSession is what the store has of a session.
type surveyedSession struct {
	next            map[string]int   // how many chunks each list has
	stored          map[string]int64 // the size of each file, by its path in the folder
	indexed, sealed time.Time        // when the newest chunk and the summary were stored
}

// closed reports whether a session of which this process recorded nothing was closed with all that is in its index, and with all lists that are published,
// and what was said of it then. The clock of the store tells it where nobody said with how many chunks.
func (w *worker) closed(ctx context.Context, o *recorder.Order, s *surveyedSession) (closed bool, before *recording.Summary, err error) {
	_, sealed := s.stored[recording.SessionSummary]
	for list := range o.Published {
		_, stored := s.stored[list]
		sealed = sealed && stored
	}
	if !o.Idle || !sealed {
		return false, nil, nil
	}
	before, err = w.summary(ctx, o.Session)
	if err != nil {
		return false, nil, err
	}
	closed = !s.sealed.IsZero() && !s.indexed.After(s.sealed)
	if before != nil {
		if all, known := before.Includes(s.next); known {
			closed = all
		}
	}
	return closed, before, nil
}

// survey lists the folder of a session, or a part of it.
func (w *worker) survey(ctx context.Context, session, under string, moved *atomic.Int64) (surveyedSession, error) {
	s := surveyedSession{next: make(map[string]int), stored: make(map[string]int64)}
	folder := w.prefix + session + "/"
	for info, err := range w.store.List(ctx, folder+under) {
		moved.Store(time.Now().UnixNano())
		if err != nil {
			return s, fmt.Errorf("list %s: %w", folder+under, err)
		}
		path := strings.TrimPrefix(info.Key, folder)
		if list, n, ok := recording.ParseChunkName(path); ok {
			s.next[list] = max(s.next[list], n+1)
			if info.Modified.After(s.indexed) {
				s.indexed = info.Modified
			}
			continue
		}
		if s.stored[path] = info.Size; path == recording.SessionSummary {
			s.sealed = info.Modified
		}
	}
	return s, nil
}

// stillPublished reads what is published of the lists of a session that nobody read back so far: their packager has written no version since this
// process began.
func (w *worker) stillPublished(ctx context.Context, o *recorder.Order, s *surveyedSession) error {
	for list := range s.next {
		if o.Published[list] != nil {
			continue
		}
		text, _, err := w.store.Get(ctx, w.prefix+list, hls.MaxPlaylistSize)
		switch kind := store.KindOf(err); {
		case err == nil:
			o.Published[list] = text
		case kind != store.NotFound && kind != store.Permanent: // the latter is larger than any playlist
			return fmt.Errorf("read what is published of %s: %w", list, err)
		}
	}
	return nil
}

// closings reads the closing lists that the store has of a session: whoever closed it, or was killed as he did, knew of what is published no more.
func (w *worker) closings(ctx context.Context, session string, o *recorder.Order, s *surveyedSession) (map[string][]byte, error) {
	all := make(map[string][]byte)
	for list := range s.stored {
		if _, indexed := s.next[list]; !indexed && o.Published[list] == nil || hls.Classify(list) != hls.MediaPlaylist {
			continue
		}
		text, _, err := w.store.Get(ctx, w.prefix+session+"/"+list, hls.MaxPlaylistSize)
		if kind := store.KindOf(err); err != nil && kind != store.NotFound && kind != store.Permanent {
			return nil, fmt.Errorf("read what closes %s: %w", session, err)
		}
		if err == nil {
			all[list] = text
		}
	}
	return all, nil
}

// readers is how many lists are read at once.
const readers = 8

// chunks reads the index of a session: so many chunks of each list. What is not there is left out.
func (w *worker) chunks(ctx context.Context, session string, next map[string]int, moved *atomic.Int64) (map[string]iter.Seq2[int, []byte], error) {
	all, lock := make(map[string]iter.Seq2[int, []byte], len(next)), sync.Mutex{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for list, n := range next {
		g.Go(func() error {
			index := recording.NewIndex(n)
			for number, ok := index.Want(); ok; number, ok = index.Want() {
				text, _, err := w.store.Get(ctx, w.prefix+session+"/"+recording.ChunkName(list, number), hls.MaxPlaylistSize)
				moved.Store(time.Now().UnixNano())
				if err != nil && store.KindOf(err) != store.NotFound {
					return err
				}
				_ = index.Took(number, text) // what cannot be read is left out
			}
			lock.Lock()
			defer lock.Unlock()
			all[list] = index.All()
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("read the index of %s: %w", session, err)
	}
	return all, nil
}
