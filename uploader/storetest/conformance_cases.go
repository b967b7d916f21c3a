package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

func checkRoundtrip(t *testing.T, c conformance) {
	etag := c.put(t, "live/a.ts", "hello")
	c.want(t, "live/a.ts", "hello")
	info, err := c.Stat(t.Context(), c.prefix+"live/a.ts")
	if err != nil {
		t.Fatal(err)
	}
	if info.Key != c.prefix+"live/a.ts" || info.Size != 5 || info.ETag != etag || info.Modified.IsZero() {
		t.Errorf("stat: got %+v, want size 5, ETag %s and a time", info, etag)
	}
	_, got, err := c.Get(t.Context(), c.prefix+"live/a.ts", 5)
	if err != nil || got.ETag != etag {
		t.Errorf("get: got ETag %q (%v), want %q", got.ETag, err, etag)
	}
	for listed, err := range c.List(t.Context(), c.prefix) {
		if err != nil || listed.ETag != etag || listed.Size != 5 {
			t.Errorf("list: got %+v (%v), want size 5 and ETag %s", listed, err, etag)
		}
	}
	if again := c.put(t, "live/a.ts", "hello"); again != etag {
		t.Errorf("the same bytes: got ETag %q, want %q", again, etag)
	}
}

func checkEmpty(t *testing.T, c conformance) {
	c.put(t, "empty", "")
	c.want(t, "empty", "")
	o := c.object("empty without a body", "")
	o.Body = nil
	if _, err := c.Put(t.Context(), o); err != nil {
		t.Errorf("put without a body: %v", err)
	}
}

func checkHardKeys(t *testing.T, c conformance) {
	names := []string{
		"with space.ts", "two  spaces", "100%.ts", "%2F", "%41", "a+b.ts", "a%2Bb", "hash#1.ts", "what?.ts",
		"tilde~", "quote'", "double\"quote", "par(en)", "a&b", "a=b", "a:b", "a@b", "a,b", "a;b", "a!b", "a*b", "a$b",
		"[0]", "{1}", "back\\slash", "pi|pe", "less<more>", "caret^", "grave`", "a..b", "..a", "a..", "...", ".hidden",
		"é", "e\u0301", "日本語.ts", "🎬.m4s", "nested/deep/er.ts", strings.Repeat(strings.Repeat("x", 99)+"/", 9) + "end",
	}
	for _, name := range names {
		c.put(t, name, "content of "+name)
	}
	for _, name := range names {
		c.want(t, name, "content of "+name)
		if _, err := c.Stat(t.Context(), c.prefix+name); err != nil {
			t.Errorf("stat %q: %v", name, err)
		}
	}
	got := c.names(t, "")
	slices.Sort(got)
	slices.Sort(names)
	if !slices.Equal(got, names) {
		t.Errorf("list: got\n%q\nwant\n%q", got, names)
	}
}

func checkOverwrite(t *testing.T, c conformance) {
	first := c.put(t, "a", "first")
	second := c.put(t, "a", "second, and longer")
	if first == second {
		t.Errorf("other bytes have the same ETag %q", first)
	}
	c.want(t, "a", "second, and longer")
	c.put(t, "a", "3rd")
	c.want(t, "a", "3rd")
}

// checkModified stores an object between two looks at this machine's clock. The bound may be earlier than the first by what
// seconds and the answer take, and is never later than the second: by what the store's clock says it may be off by hours.
func checkModified(t *testing.T, c conformance) {
	before := time.Now()
	c.put(t, "a", "stored now")
	after := time.Now()
	_, got, err := c.Get(t.Context(), c.prefix+"a", 100)
	if err != nil {
		t.Fatal(err)
	}
	infos := map[string]store.Info{"get": got}
	if infos["stat"], err = c.Stat(t.Context(), c.prefix+"a"); err != nil {
		t.Fatal(err)
	}
	for info, err := range c.List(t.Context(), c.prefix) {
		if err != nil {
			t.Fatal(err)
		}
		infos["list"] = info
	}
	// A wrong clock is wrong by more than a slow machine is slow.
	for op, info := range infos {
		if at := info.Modified; !at.IsZero() && (at.After(after) || at.Before(before.Add(-time.Minute))) {
			t.Errorf("%s: got %v, want at most %v and not much less than %v", op, at, after, before)
		}
	}
}

// checkFinished stores an object with the time of its bytes, and one whose time nobody knows.
func checkFinished(t *testing.T, c conformance) {
	for _, want := range []time.Time{{}, time.Unix(1_700_000_000, 123_456_789), time.Unix(1_700_000_000, 20), time.Unix(1_700_000_000, 0)} {
		o := c.object("a", "finished then")
		o.Finished = want
		if _, err := c.Put(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		_, got, err := c.Get(t.Context(), o.Key, 100)
		if err != nil {
			t.Fatal(err)
		}
		info, err := c.Stat(t.Context(), o.Key)
		if err != nil {
			t.Fatal(err)
		}
		for op, at := range map[string]time.Time{"get": got.Finished, "stat": info.Finished} {
			if !at.IsZero() && !at.Equal(want) {
				t.Errorf("%s: got %v, want %v or nothing", op, at, want)
			}
		}
	}
}

// checkLarge is above what clients split into parts by default: the ETag has to stay that of one PUT.
func checkLarge(t *testing.T, c conformance) {
	content := strings.Repeat("0123456789abcdef", 20<<20/16)
	etag := c.put(t, "large", content)
	if strings.Contains(etag, "-") {
		t.Errorf("got ETag %q, which is a multipart upload's", etag)
	}
	c.want(t, "large", content)
}

func checkMissing(t *testing.T, c conformance) {
	key := c.prefix + "none.ts"
	_, err := c.Stat(t.Context(), key)
	wantKind(t, "stat", key, err, store.NotFound)
	_, _, err = c.Get(t.Context(), key, 10)
	wantKind(t, "get", key, err, store.NotFound)
	if names := c.names(t, ""); len(names) > 0 {
		t.Errorf("list: got %q, want none", names)
	}
}

func checkLimit(t *testing.T, c conformance) {
	c.put(t, "ten", "0123456789")
	if data, _, err := c.Get(t.Context(), c.prefix+"ten", 10); err != nil || string(data) != "0123456789" {
		t.Errorf("at the limit: got %q (%v)", data, err)
	}
	_, _, err := c.Get(t.Context(), c.prefix+"ten", 9)
	wantKind(t, "get", c.prefix+"ten", err, store.Permanent)
}

func checkHeaders(t *testing.T, c conformance) {
	h, ok := c.Store.(Headers)
	if !ok {
		t.Skip("the store does not tell its headers")
	}
	o := c.object("a.m3u8", "#EXTM3U\n")
	o.ContentType, o.CacheControl = "application/vnd.apple.mpegurl", "public, max-age=2"
	if _, err := c.Put(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	contentType, cacheControl, err := h.Headers(t.Context(), o.Key)
	if err != nil || contentType != o.ContentType || cacheControl != o.CacheControl {
		t.Errorf("got %q and %q (%v), want %q and %q", contentType, cacheControl, err, o.ContentType, o.CacheControl)
	}
}

func checkListOrder(t *testing.T, c conformance) {
	for _, name := range []string{"b/2.ts", "a-b", "b/10.ts", "B", "a.ts", "a/x", "b0", "ab/1"} {
		c.put(t, name, name)
	}
	for _, tt := range []struct {
		prefix string
		want   []string
	}{
		{"", []string{"B", "a-b", "a.ts", "a/x", "ab/1", "b/10.ts", "b/2.ts", "b0"}},
		{"a", []string{"a-b", "a.ts", "a/x", "ab/1"}},
		{"b/", []string{"b/10.ts", "b/2.ts"}},
		{"b/2.ts", []string{"b/2.ts"}},
		{"c", nil},
	} {
		if got := c.names(t, tt.prefix); !slices.Equal(got, tt.want) {
			t.Errorf("list %q: got %q, want %q", tt.prefix, got, tt.want)
		}
	}
}

// checkKeyBelowKey uses a key as another's folder, which only folders of a disk forbid.
func checkKeyBelowKey(t *testing.T, c conformance) {
	c.put(t, "a", "above")
	c.put(t, "a/x", "below")
	c.want(t, "a", "above")
	if got, want := c.names(t, ""), []string{"a", "a/x"}; !slices.Equal(got, want) {
		t.Errorf("list: got %q, want %q", got, want)
	}
}

// checkListMany is longer than a page of S3.
func checkListMany(t *testing.T, c conformance) {
	const many = 1050
	var want []string
	for i := range many {
		want = append(want, fmt.Sprintf("%04d.ts", i))
	}
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := worker; i < many; i += 8 {
				if _, err := c.Put(t.Context(), c.object(want[i], "x")); err != nil {
					t.Errorf("put %s: %v", want[i], err)
				}
			}
		})
	}
	wg.Wait()
	if got := c.names(t, ""); !slices.Equal(got, want) {
		t.Errorf("got %d names, want %d in order", len(got), many)
	}
}

func checkListStops(t *testing.T, c conformance) {
	for _, name := range []string{"a", "b", "c"} {
		c.put(t, name, name)
	}
	n := 0
	for _, err := range c.List(t.Context(), c.prefix) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		break
	}
	if n != 1 {
		t.Errorf("got %d objects, want 1", n)
	}
}

func checkIfAbsent(t *testing.T, c conformance) {
	o := c.object("a", "first")
	o.IfAbsent = true
	etag, err := c.Put(t.Context(), o)
	if err != nil || etag == "" {
		t.Fatalf("on a missing key: got %q, %v", etag, err)
	}
	o = c.object("a", "second")
	o.IfAbsent = true
	_, err = c.Put(t.Context(), o)
	wantKind(t, "put", o.Key, err, store.Precondition)
	c.want(t, "a", "first")
}

func checkIfMatch(t *testing.T, c conformance) {
	first := c.put(t, "a", "first")
	o := c.object("a", "second")
	o.IfMatch = first
	second, err := c.Put(t.Context(), o)
	if err != nil || second == first {
		t.Fatalf("with the ETag: got %q, %v", second, err)
	}
	o = c.object("a", "third")
	o.IfMatch = first
	_, err = c.Put(t.Context(), o)
	wantKind(t, "put", o.Key, err, store.Precondition)
	c.want(t, "a", "second")
}

func checkIfMatchMissing(t *testing.T, c conformance) {
	o := c.object("a", "first")
	o.IfMatch = "5d41402abc4b2a76b9719d911017c592"
	_, err := c.Put(t.Context(), o)
	wantKind(t, "put", o.Key, err, store.Precondition)
	c.wantNone(t, "a")
}

func checkIfAbsentRace(t *testing.T, c conformance) {
	var won atomic.Int32
	var winner atomic.Value
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			content := fmt.Sprintf("writer %d", i)
			o := c.object("a", content)
			o.IfAbsent = true
			switch _, err := c.Put(t.Context(), o); {
			case err == nil:
				won.Add(1)
				winner.Store(content)
			case store.KindOf(err) != store.Precondition && store.KindOf(err) != store.Transient:
				t.Errorf("put: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d writers won, want 1", won.Load())
	}
	c.want(t, "a", winner.Load().(string))
}

func checkCancelled(t *testing.T, c conformance) {
	c.put(t, "there", "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Put(ctx, c.object("a", "x"))
	wantCancelled(t, "put", err)
	_, err = c.Stat(ctx, c.prefix+"there")
	wantCancelled(t, "stat", err)
	_, _, err = c.Get(ctx, c.prefix+"there", 10)
	wantCancelled(t, "get", err)
	n := 0
	for _, err := range c.List(ctx, c.prefix) {
		wantCancelled(t, "list", err)
		n++
	}
	if n != 1 {
		t.Errorf("list: got %d, want one error", n)
	}
	c.wantNone(t, "a")
}

func wantCancelled(t *testing.T, op string, err error) {
	t.Helper()
	if !errors.Is(err, context.Canceled) || store.KindOf(err) != store.Transient {
		t.Errorf("%s: got %v, want the context's end", op, err)
	}
}

func checkCancelledReading(t *testing.T, c conformance) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := c.object("a", "")
	o.Size = 4 << 20
	o.Body = readerAt(func(p []byte, off int64) (int, error) {
		if off+int64(len(p)) > 1<<20 {
			cancel()
		}
		return len(p), nil
	})
	_, err := c.Put(ctx, o)
	wantCancelled(t, "put", err)
	c.wantNone(t, "a")
}

func checkShortBody(t *testing.T, c conformance) {
	for _, size := range []int64{6, 1 << 20} {
		o := c.object("a", "short")
		o.Size = size
		_, err := c.Put(t.Context(), o)
		wantKind(t, "put", o.Key, err, store.Permanent)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v, want io.ErrUnexpectedEOF", err)
		}
		c.wantNone(t, "a")
	}
}

func checkGrownBody(t *testing.T, c conformance) {
	o := c.object("a", "prefix and what grew since")
	o.Size = 6
	if _, err := c.Put(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	c.want(t, "a", "prefix")
}

func checkFailingBody(t *testing.T, c conformance) {
	broken := errors.New("input/output error")
	o := c.object("a", "")
	o.Size = 10
	o.Body = readerAt(func([]byte, int64) (int, error) { return 0, broken })
	_, err := c.Put(t.Context(), o)
	wantKind(t, "put", o.Key, err, store.Transient)
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want the body's own error", err)
	}
	c.wantNone(t, "a")
}

func checkBodyLeftAlone(t *testing.T, c conformance) {
	var returned, late atomic.Bool
	o := c.object("a", "")
	o.Size = 1 << 20
	o.Body = readerAt(func(p []byte, _ int64) (int, error) {
		if returned.Load() {
			late.Store(true)
		}
		clear(p)
		return len(p), nil
	})
	for range 3 {
		returned.Store(false)
		if _, err := c.Put(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		returned.Store(true)
		c.want(t, "a", strings.Repeat("\x00", 1<<20))
	}
	if late.Load() {
		t.Error("the body was read after Put had returned")
	}
}

func checkSizes(t *testing.T, c conformance) {
	o := c.object("a", "x")
	o.Size = -1
	_, err := c.Put(t.Context(), o)
	wantKind(t, "put", o.Key, err, store.Permanent)
	o = c.object("a", "x")
	o.Body = nil
	_, err = c.Put(t.Context(), o)
	wantKind(t, "put", o.Key, err, store.Permanent)
	c.wantNone(t, "a")
}

// checkAtomic lets two writers fight for a key: a reader sees one of both, whole.
func checkAtomic(t *testing.T, c conformance) {
	contents := []string{strings.Repeat("a", 200<<10), strings.Repeat("b", 100<<10)}
	c.put(t, "a", contents[0])
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for _, content := range contents {
		writers.Go(func() {
			for range 20 {
				if _, err := c.Put(t.Context(), c.object("a", content)); err != nil {
					t.Errorf("put: %v", err)
				}
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for {
				data, info, err := c.Get(t.Context(), c.prefix+"a", 1<<20)
				switch {
				case err != nil:
					t.Errorf("get: %v", err)
				case string(data) != contents[0] && string(data) != contents[1]:
					t.Errorf("got %d bytes that nobody put", len(data))
				case info.Size != int64(len(data)):
					t.Errorf("got %d bytes of size %d", len(data), info.Size)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
}

// readerAt makes an io.ReaderAt of a function.
type readerAt func(p []byte, off int64) (int, error)

func (f readerAt) ReadAt(p []byte, off int64) (int, error) { return f(p, off) }
