package storetest

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// Memory is a Store without a network: strongly consistent, with conditional writes, safe for
// concurrent use. Set its fields before the first call. Use NewMemory.
type Memory struct {
	// OnChange, if set, is called after every change and before any reader can see the next, so that
	// it meets every state of the bucket exactly once, in order. content is nil for a removed object,
	// else not to be changed or kept from being read. It must not call the Memory.
	OnChange func(key string, content []byte)
	// Latency, if set, is how long a call takes: op is "put", "stat", "get" or "list", size what a PUT
	// carries in bytes. A PUT takes effect at the end of it.
	Latency func(op, key string, size int64) time.Duration
	// Skew is how far the store's clock is ahead of everybody else's. It may change between two calls.
	Skew time.Duration
	// Undated is a store that does not tell what its clock says, and Forgetful one that does not keep Object.Finished.
	Undated, Forgetful bool

	mu      sync.Mutex
	objects map[string]stored
}

// stored is one object of a Memory. content is never changed once stored.
type stored struct {
	content                   []byte
	contentType, cacheControl string
	etag                      string
	modified                  time.Time // by the store's clock, and its seconds
	finished                  time.Time
}

var (
	_ store.Store    = (*Memory)(nil)
	_ store.Appender = (*Memory)(nil)
)

// NewMemory returns an empty bucket.
func NewMemory() *Memory { return &Memory{objects: map[string]stored{}} }

// Put implements store.Store.
func (m *Memory) Put(ctx context.Context, o store.Object) (string, error) {
	if err := m.delay(ctx, "put", o.Key, o.Size); err != nil {
		return "", err
	}
	if err := paced(ctx, o, o.Size); err != nil {
		return "", err
	}
	content, err := contentOf(o)
	if err != nil {
		return "", err
	}
	sum := md5.Sum(content)
	return m.replace(ctx, o, content, hex.EncodeToString(sum[:]))
}

// Append implements store.Appender. It takes the time of a PUT of what is added.
func (m *Memory) Append(ctx context.Context, o store.Object, from int64) (string, error) {
	if from < leastPart || from >= o.Size {
		return "", storeError("put", o.Key, store.Permanent, fmt.Errorf("append behind %d of %d bytes", from, o.Size))
	}
	if err := m.delay(ctx, "put", o.Key, o.Size-from); err != nil {
		return "", err
	}
	if err := paced(ctx, o, o.Size-from); err != nil {
		return "", err
	}
	tail, err := contentOf(store.Object{Key: o.Key, Size: o.Size - from, Body: io.NewSectionReader(o.Body, from, o.Size-from)})
	if err != nil {
		return "", err
	}
	old, err := m.lookup("put", o.Key)
	if err != nil || old.etag != o.IfMatch || int64(len(old.content)) != from {
		return "", storeError("put", o.Key, store.Precondition, errors.New("412 PreconditionFailed"))
	}
	content := slices.Concat(old.content, tail)
	sum := md5.Sum(content)
	return m.replace(ctx, o, content, hex.EncodeToString(sum[:])+"-2")
}

// leastPart is the least size of a part but the last (S3 "Multipart upload limits").
const leastPart = 5 << 20

// replace stores content if the conditions of o hold.
func (m *Memory) replace(ctx context.Context, o store.Object, content []byte, etag string) (string, error) {
	e := stored{content, o.ContentType, o.CacheControl, etag, m.clock(), o.Finished}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil { // it may have ended while the body was read
		return "", storeError("put", o.Key, store.Transient, err)
	}
	old, there := m.objects[o.Key]
	if o.IfAbsent && there || o.IfMatch != "" && (!there || old.etag != o.IfMatch) {
		return "", storeError("put", o.Key, store.Precondition, errors.New("412 PreconditionFailed"))
	}
	m.objects[o.Key] = e
	if m.OnChange != nil {
		m.OnChange(o.Key, content)
	}
	return e.etag, nil
}

// Stat implements store.Store.
func (m *Memory) Stat(ctx context.Context, key string) (store.Info, error) {
	asked := time.Now()
	if err := m.delay(ctx, "stat", key, 0); err != nil {
		return store.Info{}, err
	}
	e, err := m.lookup("stat", key)
	return m.info(key, e, asked, true), err
}

// Get implements store.Store.
func (m *Memory) Get(ctx context.Context, key string, limit int64) ([]byte, store.Info, error) {
	asked := time.Now()
	if err := m.delay(ctx, "get", key, 0); err != nil {
		return nil, store.Info{}, err
	}
	e, err := m.lookup("get", key)
	if err != nil {
		return nil, store.Info{}, err
	}
	if int64(len(e.content)) > limit {
		return nil, store.Info{}, storeError("get", key, store.Permanent, fmt.Errorf("larger than %d bytes", limit))
	}
	return bytes.Clone(e.content), m.info(key, e, asked, true), nil
}

// List implements store.Store. It yields the objects of the moment of the call.
func (m *Memory) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		asked := time.Now()
		if err := m.delay(ctx, "list", prefix, 0); err != nil {
			yield(store.Info{}, err)
			return
		}
		m.mu.Lock()
		objects := maps.Clone(m.objects)
		m.mu.Unlock()
		for _, key := range slices.Sorted(maps.Keys(objects)) {
			if !strings.HasPrefix(key, prefix) {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(store.Info{}, storeError("list", prefix, store.Transient, err))
				return
			}
			if !yield(m.info(key, objects[key], asked, false), nil) {
				return
			}
		}
	}
}

// Headers returns what the object would be served with; it is for tests.
func (m *Memory) Headers(_ context.Context, key string) (contentType, cacheControl string, err error) {
	e, err := m.lookup("stat", key)
	return e.contentType, e.cacheControl, err
}

// Remove deletes an object, as a lifecycle rule or an operator would. A missing one is no error.
func (m *Memory) Remove(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.objects[key]; !there {
		return
	}
	delete(m.objects, key)
	if m.OnChange != nil {
		m.OnChange(key, nil)
	}
}

// Clear deletes every object at once, as if the bucket were deleted and made anew: playlists first for OnChange, so
// that nobody sees one whose segments are gone.
func (m *Memory) Clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	keys := slices.SortedFunc(maps.Keys(m.objects), playlistsFirst)
	clear(m.objects)
	for _, key := range keys {
		if m.OnChange != nil {
			m.OnChange(key, nil)
		}
	}
}

// playlistsFirst orders keys.
func playlistsFirst(a, b string) int {
	if x, y := hls.Classify(a).IsPlaylist(), hls.Classify(b).IsPlaylist(); x != y {
		if x {
			return -1
		}
		return 1
	}
	return strings.Compare(a, b)
}

// Contents returns the bytes of every object of this moment by key. They must not be changed.
func (m *Memory) Contents() map[string][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make(map[string][]byte, len(m.objects))
	for key, e := range m.objects {
		all[key] = e.content
	}
	return all
}

func (m *Memory) lookup(op, key string) (stored, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, there := m.objects[key]
	if !there {
		return stored{}, storeError(op, key, store.NotFound, errors.New("404 NoSuchKey"))
	}
	return e, nil
}

// delay lets the call take its time, or as much of it as ctx grants.
func (m *Memory) delay(ctx context.Context, op, key string, size int64) error {
	var d time.Duration
	if m.Latency != nil {
		d = m.Latency(op, key, size)
	}
	if err := pause(ctx, d); err != nil {
		return storeError(op, key, store.Transient, err)
	}
	return nil
}

// clock is what the store's clock shows, in whole seconds.
func (m *Memory) clock() time.Time { return time.Now().Add(m.Skew).Truncate(time.Second) }

// info describes an object in the answer to a request that was made at asked. A listing does not say when it was finished.
func (m *Memory) info(key string, e stored, asked time.Time, one bool) store.Info {
	if e.etag == "" {
		return store.Info{}
	}
	info := store.Info{Key: key, Size: int64(len(e.content)), ETag: e.etag}
	if !m.Undated {
		info.Modified = store.Dated(e.modified, m.clock(), asked)
	}
	if one && !m.Forgetful {
		info.Finished = e.finished
	}
	return info
}

// contentOf reads the whole body of o.
func contentOf(o store.Object) ([]byte, error) {
	if o.Size < 0 || o.Size > 0 && o.Body == nil {
		return nil, storeError("put", o.Key, store.Permanent, errors.New("no body of that size"))
	}
	content := make([]byte, o.Size)
	if o.Size == 0 {
		return content, nil
	}
	switch n, err := o.Body.ReadAt(content, 0); {
	case int64(n) == o.Size:
		return content, nil
	case err == nil || errors.Is(err, io.EOF):
		err = fmt.Errorf("read body: it ends after %d of %d bytes: %w", n, o.Size, io.ErrUnexpectedEOF)
		return nil, storeError("put", o.Key, store.Permanent, err)
	default:
		return nil, storeError("put", o.Key, store.Transient, fmt.Errorf("read body: %w", err))
	}
}

// paced waits until size bytes of o may leave.
func paced(ctx context.Context, o store.Object, size int64) error {
	if o.Pace == nil {
		return nil
	}
	_, err := o.Pace(ctx, 0)
	for n := int64(0); err == nil && size > 0; size -= n {
		n, err = o.Pace(ctx, size)
	}
	if err != nil {
		return storeError("put", o.Key, store.Transient, err)
	}
	return nil
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fail returns an error as a Store has to.
func storeError(op, key string, kind store.ErrorKind, err error) error {
	return &store.Error{Op: op, Key: key, Kind: kind, Err: err}
}
