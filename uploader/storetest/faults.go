package storetest

import (
	"context"
	"errors"
	"iter"
	"path"
	"strings"
	"sync"

	"github.com/hlsship/hlsship/uploader/store"
)

// Call is one call of a Store that a Fault meets. A List counts as one.
type Call struct {
	// Op is "put", "stat", "get" or "list", Key the object or the prefix.
	Op, Key string
	// Object is what a PUT carries; zero for the others.
	Object store.Object

	background *sync.WaitGroup
}

// Conditional reports whether the call is a conditional PUT.
func (c Call) Conditional() bool { return c.Object.IfAbsent || c.Object.IfMatch != "" }

// Fault acts in place of a call. next does what the Store would have done, with the object given, which
// only a PUT looks at; a Fault calls it once or not at all, and returns the call's error.
type Fault func(ctx context.Context, c Call, next func(context.Context, store.Object) error) error

// Incident says which calls meet a fault.
type Incident struct {
	// Op is the call that fails; empty means every one.
	Op string
	// Key is a pattern for path.Match. One without a slash is compared with the last element of the
	// key, one with a slash with the whole; empty means every key.
	Key string
	// Times is how many calls fail before the incident is over; 0 means until it is lifted.
	Times int
	// Fault is what happens.
	Fault Fault
}

// matches reports whether the incident concerns the call. A bad pattern matches nothing.
func (r Incident) matches(c Call) bool {
	if r.Op != "" && r.Op != c.Op {
		return false
	}
	if r.Key == "" {
		return true
	}
	name := c.Key
	if !strings.Contains(r.Key, "/") {
		name = path.Base(name)
	}
	ok, _ := path.Match(r.Key, name)
	return ok
}

// Faults is a Store that suffers incidents before another Store, safe for concurrent use. The oldest
// incident that concerns a call decides; without one the call goes through. Use NewFaults.
type Faults struct {
	store      store.Store
	background sync.WaitGroup

	mu        sync.Mutex
	incidents []*activeIncident
}

// activeIncident is an incident with the calls that it still takes; negative for no limit.
type activeIncident struct {
	Incident
	left int
}

var (
	_ store.Store    = (*Faults)(nil)
	_ store.Appender = (*Faults)(nil)
)

// NewFaults returns a Store that so far does what store does.
func NewFaults(store store.Store) *Faults { return &Faults{store: store} }

// Inject begins an incident and returns what ends it. Calls that already met its fault are not released
// by that.
func (f *Faults) Inject(r Incident) (lift func()) {
	active := &activeIncident{r, r.Times}
	if r.Times == 0 {
		active.left = -1
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.incidents = append(f.incidents, active)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		active.left = 0
	}
}

// Clear ends all incidents.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.incidents = nil
}

// Wait returns once every PUT that was given up has arrived.
func (f *Faults) Wait() { f.background.Wait() }

// take returns the fault that the call meets, nil for none.
func (f *Faults) take(c Call) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.incidents {
		if r.left == 0 || !r.matches(c) {
			continue
		}
		if r.left > 0 {
			r.left--
		}
		return r.Fault
	}
	return nil
}

// do lets the call meet its fault.
func (f *Faults) do(ctx context.Context, c Call, next func(context.Context, store.Object) error) error {
	fault := f.take(c)
	if fault == nil {
		return next(ctx, c.Object)
	}
	c.background = &f.background
	return fault(ctx, c, next)
}

// Put implements store.Store.
func (f *Faults) Put(ctx context.Context, o store.Object) (string, error) {
	return f.put(ctx, o, f.store.Put)
}

// Append implements store.Appender, if the Store behind it does. To incidents it is a "put".
func (f *Faults) Append(ctx context.Context, o store.Object, from int64) (string, error) {
	appender, ok := f.store.(store.Appender)
	if !ok {
		return "", storeError("put", o.Key, store.Unsupported, errors.New("the store behind cannot append"))
	}
	return f.put(ctx, o, func(ctx context.Context, o store.Object) (string, error) { return appender.Append(ctx, o, from) })
}

// put lets a PUT of either kind meet its fault.
func (f *Faults) put(ctx context.Context, o store.Object, put func(context.Context, store.Object) (string, error)) (string, error) {
	// Buffered, because an arrival that comes late is nobody's answer any more.
	answer := make(chan string, 1)
	err := f.do(ctx, Call{Op: "put", Key: o.Key, Object: o}, func(ctx context.Context, o store.Object) error {
		etag, err := put(ctx, o)
		answer <- etag
		return err
	})
	if err != nil {
		return "", err
	}
	select {
	case etag := <-answer:
		return etag, nil
	default: // a Fault that pretends success
		return "", nil
	}
}

// Stat implements store.Store.
func (f *Faults) Stat(ctx context.Context, key string) (info store.Info, err error) {
	err = f.do(ctx, Call{Op: "stat", Key: key}, func(ctx context.Context, _ store.Object) error {
		info, err = f.store.Stat(ctx, key)
		return err
	})
	if err != nil {
		return store.Info{}, err
	}
	return info, nil
}

// Get implements store.Store.
func (f *Faults) Get(ctx context.Context, key string, limit int64) (data []byte, info store.Info, err error) {
	err = f.do(ctx, Call{Op: "get", Key: key}, func(ctx context.Context, _ store.Object) error {
		data, info, err = f.store.Get(ctx, key, limit)
		return err
	})
	if err != nil {
		return nil, store.Info{}, err
	}
	return data, info, nil
}

// List implements store.Store. A fault comes before the first object.
func (f *Faults) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		err := f.do(ctx, Call{Op: "list", Key: prefix}, func(context.Context, store.Object) error { return nil })
		if err != nil {
			yield(store.Info{}, err)
			return
		}
		f.store.List(ctx, prefix)(yield)
	}
}
