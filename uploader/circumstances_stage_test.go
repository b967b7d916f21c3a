package uploader_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/store"
)

// circumstances are what an operator sets, and what the store and its line are like.
type circumstances struct {
	conditions  string        // "kept", "off", "unsupported" or "ignored"
	minInterval time.Duration // 0 for none
	maxLag      time.Duration // 0 for the default
	budget      int64         // 0 for none
	outage      bool          // the store is out of reach for so long that more waits than the budget allows
	workers     int           // 0 for the default
	rate        float64       // of the uplink for media, in bytes a second; 0 for any
	late        bool          // what the process before left is found only later
	opaque      bool          // ETags are no MD5
	skew        time.Duration // how far the store's clock is ahead
	undated     bool          // it does not say what it shows
	forgetful   bool          // it does not keep when files were finished
}

func randomCircumstances(rng *rand.Rand, p *packager) circumstances {
	c := circumstances{conditions: "kept", late: rng.IntN(4) == 0 && p.namesOnce()}
	if rng.IntN(4) == 0 {
		c.conditions = []string{"off", "unsupported", "ignored"}[rng.IntN(3)]
	}
	if rng.IntN(4) == 0 {
		c.minInterval = time.Duration(rng.IntN(5000)) * time.Millisecond
	}
	if rng.IntN(2) == 0 {
		c.maxLag = time.Duration(1+rng.IntN(10)) * time.Second
	}
	// After a start nobody knows what was given up; and what is rewritten or comes in parts may take a version that is
	// whole with it, when a budget is as small as this.
	if (rng.IntN(6) == 0 || p.event) && p.namesOnce() && !(p.dash && p.template) && !p.initResend && p.parts == 0 {
		c.budget = int64(200 + rng.IntN(2000))
		c.outage = rng.IntN(2) == 0
	}
	if rng.IntN(4) == 0 {
		c.workers = 1 + rng.IntN(3)
	}
	if rng.IntN(4) == 0 && !p.large && p.namesOnce() {
		c.rate = (0.5 + rng.Float64()) * 140 * float64(p.renditions) / p.segment.Seconds()
	}
	if c.opaque = rng.IntN(3) == 0; rng.IntN(2) == 0 {
		c.skew = time.Duration(rng.Int64N(int64(4*time.Hour))) - 2*time.Hour
	}
	c.undated, c.forgetful = rng.IntN(4) == 0, rng.IntN(3) == 0
	return c
}

// namesOnce reports whether no name comes back with other bytes. On a line that is too slow, or when bytes are given up,
// there is a time when nothing is left but to overwrite what is published.
func (p *packager) namesOnce() bool {
	return p.ring == 0 && !p.rewrites && !p.single && (p.runs == 1 || p.numbersOn && !p.initChanges)
}

func (c circumstances) String() string {
	return fmt.Sprintf("conditions=%s interval=%v lag=%v budget=%d outage=%v workers=%d rate=%.0f late=%v opaque=%v skew=%v undated=%v forgetful=%v",
		c.conditions, c.minInterval, c.maxLag, c.budget, c.outage, c.workers, c.rate, c.late, c.opaque, c.skew, c.undated, c.forgetful)
}

// conditional reports whether a PUT can be told from one that came before it.
func (c circumstances) conditional() bool { return c.conditions == "kept" }

// store is the store as the uploader meets it.
func (c circumstances) store(behind store.Store) store.Store {
	if c.opaque {
		behind = newOpaque(behind)
	}
	behind = impatient{behind}
	if c.conditions == "unsupported" || c.conditions == "ignored" {
		behind = plain{behind, c.conditions == "unsupported"}
	}
	if c.rate > 0 {
		behind = narrow{behind, &line{Store: behind, rate: c.rate, piece: 1 + int(c.rate/4)}}
	}
	return behind
}

// impatient gives a request up after ten seconds, as the store's adapter does when nothing moves.
type impatient struct{ store.Store }

func (s impatient) Put(ctx context.Context, o store.Object) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return s.Store.Put(ctx, o)
}

func (s impatient) Append(ctx context.Context, o store.Object, from int64) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return s.Store.(store.Appender).Append(ctx, o, from)
}

// plain is a store that refuses conditions, or takes no notice of them.
type plain struct {
	store.Store
	refuses bool
}

func (s plain) Put(ctx context.Context, o store.Object) (string, error) {
	if s.refuses && (o.IfAbsent || o.IfMatch != "") {
		return "", &store.Error{Op: "put", Key: o.Key, Kind: store.Unsupported, Err: errors.New("501 NotImplemented")}
	}
	o.IfAbsent, o.IfMatch = false, ""
	return s.Store.Put(ctx, o)
}

// narrow is a store behind an uplink that all media share.
type narrow struct {
	store.Store
	line *line
}

func (s narrow) Put(ctx context.Context, o store.Object) (string, error) {
	if path.Ext(o.Key) == ".ts" {
		return s.line.Put(ctx, o)
	}
	return s.Store.Put(ctx, o)
}

// recover gives the uploader what a process before left, at once or later.
func (th *theatre) recover(ctx context.Context, c *uploader.Config, rng *rand.Rand) {
	th.disk.leave()
	if !th.late {
		c.Recovered = th.disk.recover(ctx)
		return
	}
	th.disk.spooledOnly(th.viewer.Unseen) // until it turns up
	late := make(chan []hls.File)
	c.Late = late
	wait := time.After(time.Duration(rng.IntN(5000)) * time.Millisecond)
	go func() {
		select {
		case <-wait:
		case <-ctx.Done():
			return
		}
		select {
		case late <- th.disk.recover(ctx):
		case <-ctx.Done():
		}
	}()
}

// logWriter makes the uploader's log part of the stream's, and tells the viewer of what did not fit into the budget.
type logWriter struct{ th *theatre }

func (w logWriter) Write(entry []byte) (int, error) {
	w.th.log("log %s", entry)
	if lost := w.th.answers.hear(entry); lost != "" {
		w.th.lost(lost)
		w.th.gaveUp = true
		if w.th.disk.has(lost) {
			w.th.t.Errorf("%s counts as lost, and is on disk", lost)
		}
	}
	return len(entry), nil
}
