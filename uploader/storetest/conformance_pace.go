package storetest

import (
	"context"
	"strings"
	"testing"
)

// pacer is a store.Object.Pace that grants little at once. One goroutine uses it at a time.
type pacer struct {
	begun, early bool // it was asked for leave to begin; bytes were asked for before
	granted      int64
	most         int64  // how many bytes are granted, 0 for any …
	end          func() // … and what is done when more are asked for
}

func (p *pacer) pace(ctx context.Context, want int64) (int64, error) {
	if want == 0 {
		p.begun = true
		return 0, ctx.Err()
	}
	p.early = p.early || !p.begun
	n := min(want, 1000)
	if p.most > 0 && p.granted+n > p.most {
		p.end()
		<-ctx.Done()
		return 0, ctx.Err()
	}
	p.granted += n
	return n, ctx.Err()
}

// want checks that a PUT that sent size bytes asked for them, some of them twice perhaps.
func (p *pacer) want(t *testing.T, size int64) {
	t.Helper()
	if !p.begun || p.early || p.granted < size || p.granted > 2*size {
		t.Errorf("asked to begin: %v, before the bytes: %v; %d bytes asked for, want %d", p.begun, !p.early, p.granted, size)
	}
}

func checkPaced(t *testing.T, c conformance) {
	content := strings.Repeat("x", 100_000)
	var p pacer
	o := c.object("a", content)
	o.Pace = p.pace
	if _, err := c.Put(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	p.want(t, o.Size)
	c.want(t, "a", content)
	o = c.object("empty", "")
	o.Pace = p.pace
	if _, err := c.Put(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	c.want(t, "empty", "")
}

func checkPacedCancelled(t *testing.T, c conformance) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := pacer{end: cancel, most: 50_000}
	o := c.object("a", strings.Repeat("x", 100_000))
	o.Pace = p.pace
	_, err := c.Put(ctx, o)
	wantCancelled(t, "put", err)
	c.wantNone(t, "a")
}
