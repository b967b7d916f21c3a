package storetest

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/uploader/store"
)

// grow returns an object of some parts, and the Store as an Appender. Stores that are none skip the case.
func (c conformance) grow(t *testing.T) (appender store.Appender, head, tail string) {
	t.Helper()
	appender, ok := c.Store.(store.Appender)
	if !ok {
		t.Skip("the store is no store.Appender")
	}
	return appender, strings.Repeat("0123456789abcdef", leastPart/16+1000), strings.Repeat("tail", 1000)
}

func checkAppend(t *testing.T, c conformance) {
	appender, content, tail := c.grow(t)
	etag := c.put(t, "grows", content)
	for range 3 {
		o := c.object("grows", content+tail)
		var p pacer
		o.IfMatch, o.Pace = etag, p.pace
		again, err := appender.Append(t.Context(), o, int64(len(content)))
		if err != nil {
			t.Fatalf("append: %v", err)
		}
		if again == "" || again == etag || strings.Contains(again, `"`) {
			t.Fatalf("append: got ETag %q after %q, want another without quotes", again, etag)
		}
		p.want(t, int64(len(tail)))
		content += tail
		etag = again
		c.want(t, "grows", content)
	}
	info, err := c.Stat(t.Context(), c.prefix+"grows")
	if err != nil || info.ETag != etag {
		t.Errorf("stat: got ETag %q (%v), want %q", info.ETag, err, etag)
	}
	if h, ok := c.Store.(Headers); ok {
		if kind, cache, err := h.Headers(t.Context(), c.prefix+"grows"); err != nil || kind != "video/mp2t" || cache != "public, max-age=60" {
			t.Errorf("headers: got %q and %q (%v), want those of the object", kind, cache, err)
		}
	}
}

func checkAppendToAnother(t *testing.T, c conformance) {
	appender, content, tail := c.grow(t)
	etag := c.put(t, "grows", content)
	c.put(t, "grows", "x"+content[1:])
	o := c.object("grows", content+tail)
	o.IfMatch = etag
	_, err := appender.Append(t.Context(), o, int64(len(content)))
	wantKind(t, "put", o.Key, err, store.Precondition)
	c.want(t, "grows", "x"+content[1:])

	o = c.object("missing", content+tail)
	o.IfMatch = etag
	_, err = appender.Append(t.Context(), o, int64(len(content)))
	wantKind(t, "put", o.Key, err, store.Precondition)
	c.wantNone(t, "missing")
}

// failingTail is a body whose bytes behind some offset cannot be read.
type failingTail struct {
	io.ReaderAt
	from int64
}

func (f failingTail) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.from {
		return 0, errors.New("the disk is gone")
	}
	return f.ReaderAt.ReadAt(p, off)
}

func checkAppendFailing(t *testing.T, c conformance) {
	appender, content, tail := c.grow(t)
	etag := c.put(t, "grows", content)
	o := c.object("grows", content+tail)
	o.IfMatch, o.Body = etag, failingTail{strings.NewReader(content + tail), int64(len(content))}
	_, err := appender.Append(t.Context(), o, int64(len(content)))
	if err == nil || store.KindOf(err) != store.Transient {
		t.Errorf("append: got %v, want a transient error", err)
	}
	c.want(t, "grows", content)
}
