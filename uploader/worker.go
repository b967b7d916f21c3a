package uploader

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the ETag of S3 is an MD5; it protects against accidents, not attackers
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/headers"
	"github.com/hlsship/hlsship/uploader/health"
	"github.com/hlsship/hlsship/uploader/plan"
	"github.com/hlsship/hlsship/uploader/store"
)

// worker does jobs. It is safe for concurrent use.
type worker struct {
	store   store.Store
	prefix  string
	headers *headers.Policy
	memory  *hls.Account
	tapes   Tapes // nil for none
}

// report is a request that ended.
type report struct {
	health.Request
	id    uint64 // of the attempt
	crash error  // it panicked, and where
}

// errStalled ends a request that made no progress while the store answered others.
var errStalled = errors.New("no progress while the store answered other requests; sent again")

// probe asks whether the store answers.
func (w *worker) probe(ctx context.Context, key string) error {
	if prober, ok := w.store.(store.Prober); ok {
		return prober.Probe(ctx, key)
	}
	_, err := w.store.Stat(ctx, key)
	return err
}

func (w *worker) key(k plan.Key) string { return k.Under(w.prefix) }

// do carries j out. moved is set to the time whenever there is progress, and to 0 while it waits for its turn.
func (w *worker) do(ctx context.Context, j plan.Job, moved *atomic.Int64) report {
	start := time.Now()
	var out plan.Outcome
	var err error
	switch j.Op {
	case plan.PutMedia:
		out, err = w.putMedia(ctx, j, moved)
	case plan.PutPlaylist:
		out, err = w.putPlaylist(ctx, j, moved)
	case plan.Compare:
		out, err = w.compare(ctx, j)
	case plan.Fetch:
		out, err = w.fetch(ctx, j)
	case plan.PutRecord:
		out, err = w.putRecord(ctx, j, moved)
	case plan.ReadRecord:
		out, err = w.readRecord(ctx, j, moved)
	}
	out.At = time.Now()
	if err != nil {
		out.Unclear = store.Unclear(err)
		out.Result, out.Kind, out.RetryIn, out.Asked = plan.Failed, store.KindOf(err), retryDelay(j.Attempt, err), retryAfter(err)
		switch cause := context.Cause(ctx); {
		case errors.Is(cause, errStalled):
			err = &store.Error{Op: j.Op.String(), Key: w.key(j.Key), Err: errStalled}
			out.Kind, out.RetryIn = store.Transient, 0
		case cause != nil:
			out.Result = plan.Cancelled
		}
	}
	return report{Request: health.Request{Job: j, Outcome: out, Err: err, Took: out.At.Sub(start)}}
}

// guarded reads a finished file and fails as soon as its bytes are not those any more, so that a request which
// carries changed bytes is broken off before its last one.
type guarded struct {
	hls.Reader
	want  hls.Version
	moved *atomic.Int64
}

var errChanged = errors.New("the file changed while it was read")

func (g guarded) ReadAt(b []byte, off int64) (int, error) {
	n, err := g.Reader.ReadAt(b, off)
	g.moved.Store(time.Now().UnixNano())
	if now, verr := g.Version(); verr != nil || now != g.want {
		return 0, errChanged
	}
	return n, err
}

// putMedia stores a file. The fingerprint is taken before the first byte and with every piece read: if it is not
// that of the finished file, somebody changed the bytes and the attempt is void.
func (w *worker) putMedia(ctx context.Context, j plan.Job, moved *atomic.Int64) (plan.Outcome, error) {
	r, out, err := open(j.File)
	if r == nil {
		return out, err
	}
	defer r.Close() //nolint:errcheck // nothing was written
	content, err := body(j, guarded{r, j.File.Version, moved})
	if errors.Is(err, errChanged) {
		return plan.Outcome{Result: plan.Void}, nil
	}
	if err != nil {
		return plan.Outcome{}, fmt.Errorf("read %s: %w", j.Path, err)
	}
	priority := store.Edge
	if j.Backlog {
		priority = store.Backlog
	}
	h := w.headers.File(j.File, j.Kind, j.Window, j.Immutable)
	o := store.Object{
		Key:          w.key(j.Key),
		Body:         content,
		Size:         j.File.Version.Size,
		ContentType:  h.ContentType,
		CacheControl: h.CacheControl,
		Headers:      h.Further,
		IfMatch:      j.IfMatch,
		IfAbsent:     j.IfAbsent,
		Finished:     j.File.Finished(),
		Priority:     priority,
		Waits:        waits(moved),
	}
	etag, err := w.send(ctx, o, j.From)
	if err == nil {
		return plan.Outcome{Result: plan.Done, ETag: etag, CacheControl: o.CacheControl}, nil
	}
	if now, verr := r.Version(); verr != nil || now != j.File.Version {
		whole := !errors.Is(err, errChanged) // it may have been sent before the file changed
		return plan.Outcome{Result: plan.Void, Unclear: whole && store.Unclear(err)}, nil
	}
	return plan.Outcome{}, err
}

// body is what is sent of the file behind g. An init section or key is read at once: it may be written again, with the same bytes, a
// moment after the playlist that names it, and each time while it is sent.
func body(j plan.Job, g guarded) (io.ReaderAt, error) {
	if j.Kind != hls.Init && j.Kind != hls.Key || j.File.Sum == (hls.Sum{}) {
		return g, nil
	}
	content := make([]byte, j.File.Version.Size)
	if _, err := io.ReadFull(io.NewSectionReader(g, 0, j.File.Version.Size), content); err != nil {
		return nil, err
	}
	return bytes.NewReader(content), nil
}

// send stores o, of which the store holds the first from bytes already.
func (w *worker) send(ctx context.Context, o store.Object, from int64) (etag string, err error) {
	if from == 0 {
		return w.store.Put(ctx, o)
	}
	appender, ok := w.store.(store.Appender)
	if !ok {
		return "", &store.Error{Op: "put", Key: o.Key, Kind: store.Unsupported, Err: errors.New("the store cannot lengthen an object")}
	}
	return appender.Append(ctx, o, from)
}

// waits returns an Object.Waits that keeps moved at 0 while a PUT waits for its share of the uplink.
func waits(moved *atomic.Int64) func(bool) {
	return func(waiting bool) {
		if waiting {
			moved.Store(0)
		} else {
			moved.Store(time.Now().UnixNano())
		}
	}
}

// open opens the bytes of f. The reader is nil if they are out of reach or not those of f any more.
func open(f hls.File) (hls.Reader, plan.Outcome, error) {
	r, err := f.Source.Open()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, plan.Outcome{Result: plan.Gone}, nil
	}
	if err != nil {
		return nil, plan.Outcome{}, fmt.Errorf("open %s: %w", f.Path, err)
	}
	if now, err := r.Version(); err != nil || now != f.Version {
		_ = r.Close()
		return nil, plan.Outcome{Result: plan.Void}, nil
	}
	return r, plan.Outcome{}, nil
}

func (w *worker) putPlaylist(ctx context.Context, j plan.Job, moved *atomic.Int64) (plan.Outcome, error) {
	h := w.headers.Playlist(j.File)
	etag, err := w.store.Put(ctx, store.Object{
		Key:          w.key(j.Key),
		Body:         bytes.NewReader(j.File.Content),
		Size:         int64(len(j.File.Content)),
		ContentType:  h.ContentType,
		CacheControl: h.CacheControl,
		Headers:      h.Further,
		IfMatch:      j.IfMatch,
		IfAbsent:     j.IfAbsent,
		Finished:     j.File.Finished(),
		Priority:     store.First,
		Waits:        waits(moved),
	})
	if err != nil {
		return plan.Outcome{}, err
	}
	return plan.Outcome{Result: plan.Done, ETag: etag}, nil
}

// compare finds out whether the store holds the bytes of j.File. An ETag that is an MD5 can tell; of what was stored
// in several parts or is encrypted, when it was finished. In doubt the store holds others, so that these are stored again.
func (w *worker) compare(ctx context.Context, j plan.Job) (plan.Outcome, error) {
	info := store.Info{ETag: j.ETag, Size: j.File.Version.Size}
	if j.ETag == "" {
		var err error
		info, err = w.store.Stat(ctx, w.key(j.Key))
		if store.KindOf(err) == store.NotFound && err != nil {
			return plan.Outcome{Result: plan.Absent}, nil
		}
		if err != nil {
			return plan.Outcome{}, err
		}
	}
	etag, size := info.ETag, info.Size
	switch {
	case j.File.Source == nil:
		return plan.Outcome{Result: plan.Present, ETag: etag, Size: size}, nil
	case size == j.File.Version.Size && j.Noted != "" && etag == j.Noted:
		return plan.Outcome{Result: plan.Done, ETag: etag}, nil
	case size == j.File.Version.Size && !store.IsMD5(etag) && info.Holds(j.File):
		return plan.Outcome{Result: plan.Done, ETag: etag}, nil
	case size != j.File.Version.Size || !store.IsMD5(etag):
		return plan.Outcome{Result: plan.Different, ETag: etag, Size: size}, nil
	}
	r, out, err := open(j.File)
	if r == nil {
		return out, err
	}
	defer r.Close()  //nolint:errcheck // nothing was written
	sum := md5.New() //nolint:gosec // see the import
	switch _, err := io.Copy(sum, io.NewSectionReader(guarded{r, j.File.Version, new(atomic.Int64)}, 0, size)); {
	case errors.Is(err, errChanged):
		return plan.Outcome{Result: plan.Void}, nil
	case err != nil:
		return plan.Outcome{}, fmt.Errorf("read %s: %w", j.Path, err)
	}
	if !strings.EqualFold(hex.EncodeToString(sum.Sum(nil)), etag) {
		return plan.Outcome{Result: plan.Different, ETag: etag}, nil
	}
	return plan.Outcome{Result: plan.Done, ETag: etag}, nil
}

// smallPlaylist is how long a published playlist is expected to be at most, in bytes: a longer one takes three requests.
const smallPlaylist = 256 << 10

// fetch reads a published playlist back. What cannot be parsed counts as a playlist that names nothing.
func (w *worker) fetch(ctx context.Context, j plan.Job) (out plan.Outcome, err error) {
	share, ok := w.memory.Take(hls.Cost(smallPlaylist, 0))
	if !ok {
		return plan.Outcome{}, hls.ErrMemory
	}
	defer func() {
		if out.Share == nil {
			share.Release()
		}
	}()
	if out, err = w.fetchInto(ctx, j, share); err == nil && out.Playlist != nil {
		out.Share = share
	}
	return out, err
}

// fetchInto is fetch with the memory that the playlist may take.
func (w *worker) fetchInto(ctx context.Context, j plan.Job, share *hls.Share) (plan.Outcome, error) {
	content, info, err := w.get(ctx, w.key(j.Key), share)
	if err != nil {
		switch store.KindOf(err) {
		case store.NotFound:
			return plan.Outcome{Result: plan.Absent}, nil
		case store.Permanent: // too large to be a playlist
			return plan.Outcome{Result: plan.Done}, nil
		case store.Transient, store.Alarm, store.Precondition, store.Unsupported:
		}
		return plan.Outcome{}, err
	}
	out := plan.Outcome{Result: plan.Done, ETag: info.ETag, Content: content, Modified: info.Modified, Finished: info.Finished}
	size := int64(len(content))
	pl, err := hls.ParseFile(j.Path, content, hls.ParseOptions{Memory: w.memory, Pause: runtime.Gosched})
	if err != nil {
		return out, nil
	}
	if !share.Grow(pl.Cost(size)) {
		return plan.Outcome{}, hls.ErrMemory
	}
	out.Playlist = pl
	return out, nil
}

// get reads an object as long as a playlist may be, and as there is memory for.
func (w *worker) get(ctx context.Context, key string, share *hls.Share) ([]byte, store.Info, error) {
	content, info, err := w.store.Get(ctx, key, smallPlaylist)
	if err == nil || store.KindOf(err) != store.Permanent {
		return content, info, err
	}
	if info, err = w.store.Stat(ctx, key); err != nil {
		return nil, info, err
	}
	size := min(info.Size, hls.MaxPlaylistSize)
	if !w.memory.Fits(hls.Cost(size, 0)) {
		return nil, info, &store.Error{Op: "get", Key: key, Kind: store.Permanent, Err: hls.ErrMemory}
	}
	if !share.Grow(hls.Cost(size, 0)) {
		return nil, info, hls.ErrMemory
	}
	return w.store.Get(ctx, key, size)
}
