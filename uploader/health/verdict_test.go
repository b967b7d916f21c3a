package health

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/store"
)

// TestVerdict: what people are told of a store, by what it did last.
func TestVerdict(t *testing.T) {
	t.Parallel()
	listing := func(e *store.Error) func(*clinic) {
		return func(c *clinic) {
			if e == nil {
				c.Listed(nil, c.now)
				return
			}
			e.Op, e.Err = "list", errors.New("no")
			c.Listed(e, c.now)
		}
	}
	does := func(how string) func(*clinic) { return func(c *clinic) { c.ends(how, "a.ts") } }
	probe := func(answers bool) func(*clinic) { return func(c *clinic) { c.probeEnds(answers) } }
	for name, tt := range map[string]struct {
		acts  []func(*clinic)
		want  state.OfStore
		since int // the act with which that began
		tries int
	}{
		"a PUT is done":                      {[]func(*clinic){does("ok")}, state.Up, 0, 0},
		"a page of a listing is an answer":   {[]func(*clinic){listing(nil)}, state.Up, 0, 0},
		"that it may not be listed is, too":  {[]func(*clinic){listing(&store.Error{Kind: store.Alarm, Alive: true})}, state.Up, 0, 0},
		"a listing is refused for all":       {[]func(*clinic){listing(&store.Error{Kind: store.Alarm})}, state.Refusing, 0, 1},
		"a listing proves nothing of PUTs":   {[]func(*clinic){does("later"), listing(nil)}, state.Unreachable, 0, 1},
		"a condition that failed":            {[]func(*clinic){does("no")}, state.Up, 0, 0},
		"503":                                {[]func(*clinic){does("ok"), does("later")}, state.Unreachable, 1, 1},
		"503 and again":                      {[]func(*clinic){does("later"), does("later"), does("later")}, state.Unreachable, 0, 3},
		"403":                                {[]func(*clinic){does("ok"), does("mend")}, state.Refusing, 1, 1},
		"403, and its probe has no text":     {[]func(*clinic){does("mend"), probe(true)}, state.Refusing, 0, 1},
		"403, and then no answer":            {[]func(*clinic){does("mend"), probe(false)}, state.Unreachable, 1, 2},
		"no answer":                          {[]func(*clinic){does("later"), probe(false)}, state.Unreachable, 0, 2},
		"a probe is answered":                {[]func(*clinic){does("later"), probe(false), probe(true)}, state.Up, 2, 0},
		"it does again what it is asked":     {[]func(*clinic){does("mend"), does("ok"), does("ok")}, state.Up, 1, 0},
		"a file of this machine is not read": {[]func(*clinic){does("ok"), does("ours")}, state.Up, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClinic()
			start := c.now
			for i, act := range tt.acts {
				c.now = start.Add(time.Duration(i) * time.Second)
				act(c)
			}
			got := c.verdict.store
			if got.State != tt.want || !got.Since.Equal(start.Add(time.Duration(tt.since)*time.Second)) || got.Tries != tt.tries {
				t.Errorf("%s since %v after %d tries, want %s since act %d after %d", got.State, got.Since.Sub(start), got.Tries, tt.want, tt.since, tt.tries)
			}
			if got.State.Fault() != (got.Error != "") {
				t.Errorf("%s says %q", got.State, got.Error)
			}
		})
	}
}

// TestVerdictSaysWhatIsSoNow: of an outage the error is shown that says most of what is the matter now.
func TestVerdictSaysWhatIsSoNow(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		news bool
	}{
		"an answer without a text": {errors.New("503 Service Unavailable"), false},
		"a probe that is too late": {context.DeadlineExceeded, false},
		"a refused connection":     {&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}, true},
		"a name without an answer": {&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", Name: "store"}}, true},
		"a name that is unknown":   {&net.DNSError{Err: "no such host", Name: "store"}, true},
	} {
		c := newClinic()
		c.ends("later", "a.ts")
		first := c.verdict.store.Error
		c.ProbeEnded(Probe{Err: &store.Error{Op: "stat", Err: fmt.Errorf("head: %w", tt.err)}}, c.now)
		if now := c.verdict.store.Error; (now != first) != tt.news {
			t.Errorf("%s: it says %q, and %q before", name, now, first)
		}
	}
}

// TestPageEndsAnOutage: a store that was found down is back when a page of its listing comes, as nobody probes it once it has answered.
func TestPageEndsAnOutage(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]error{"a page": nil, "that it may not be listed": &store.Error{Op: "list", Alive: true, Err: errors.New("no")}} {
		c := newClinic()
		c.ends("later", "a.ts")
		if c.probeEnds(false); c.State() != Down {
			t.Fatalf("%s: the store is %v before", name, c.State())
		}
		if change := c.Listed(answer, c.now); c.State() == Down || change.Event != EventBack {
			t.Errorf("%s: the store is %v, event %v", name, c.State(), change.Event)
		}
	}
}
