package main

import (
	"sync"
	"time"

	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/watcher"
)

// course decides the state of a channel. The zero course is of one that has not begun. Its methods return the state that follows from
// what happened at now; who owns it tells others.
//
//	starting ──► running      the directory was scanned, and what was found there is compared, or the store is out of reach
//	any ──► restarting        the channel failed, until its directory is scanned again
//	any ──► draining ──► stopped
type course struct {
	channel state.Channel
	scanned bool // the directory was looked through
	over    bool // the start is: what was found is compared, or will not be soon
}

// become changes the state.
func (c *course) become(s state.OfChannel, now time.Time) {
	if c.channel.State != s {
		c.channel = state.Channel{Name: c.channel.Name, State: s, Since: now}
	}
}

// launched notes that the channel begins. One that failed before is restarting until its directory was scanned.
func (c *course) launched(now time.Time) {
	c.scanned, c.over = false, false
	if c.channel.State != state.Restarting {
		c.become(state.Starting, now)
	}
}

// looked notes that the directory was scanned, or is not there yet.
func (c *course) looked(now time.Time) {
	c.scanned = true
	c.advance(now)
}

// starts notes how far the start is.
func (c *course) starts(s state.Start, now time.Time) {
	c.over = c.over || s.Over
	c.advance(now)
	if c.channel.State == state.Starting {
		c.channel.Start = s
	}
}

// store notes how the store does. Nobody waits for what is compared while it is out of reach.
func (c *course) store(s state.OfStore, now time.Time) {
	c.over = c.over || s.Fault()
	c.advance(now)
}

// advance goes on with the start.
func (c *course) advance(now time.Time) {
	switch s := c.channel.State; {
	case !c.scanned || s != state.Starting && s != state.Restarting:
	case c.over:
		c.become(state.Running, now)
	default:
		c.become(state.Starting, now)
	}
}

// failed notes that the channel failed for the time of that number in a row, and is tried again at again.
func (c *course) failed(err, cure string, failures int, again, now time.Time) {
	c.become(state.Restarting, now)
	c.channel.Error, c.channel.Cure, c.channel.Failures, c.channel.Again = err, cure, failures, again
}

// drains notes that the channel was told to stop, and ships what is left until deadline.
func (c *course) drains(deadline, now time.Time) {
	c.become(state.Draining, now)
	c.channel.Deadline = deadline
}

// ended notes that it has stopped.
func (c *course) ended(now time.Time) { c.become(state.Stopped, now) }

// helm holds the course of a channel, and tells others. A nil helm does nothing. It is safe for concurrent use.
type helm struct {
	mu     sync.Mutex
	course course
	waits  state.Backlog
	tell   func(state.Channel)
}

// waiting returns what waits for the store.
func (h *helm) waiting() state.Backlog {
	if h == nil {
		return state.Backlog{}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.waits
}

// wait notes what waits for the store.
func (h *helm) wait(b state.Backlog) {
	if h != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.waits = b
	}
}

// steer has something happen to the course, and tells what follows.
func (h *helm) steer(happens func(c *course, now time.Time)) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	happens(&h.course, time.Now())
	h.tell(h.course.channel)
}

// helms are those of all channels, by name. The zero value has none. It is safe for concurrent use.
type helms struct {
	mu  sync.Mutex
	all map[string]*helm
}

// of returns the helm of the channel of that name, which tells by tell.
func (h *helms) of(name string, tell func(state.Channel)) *helm {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		h.all = map[string]*helm{}
	}
	if h.all[name] == nil {
		h.all[name] = &helm{tell: tell, course: course{channel: state.Channel{Name: name}}}
	}
	return h.all[name]
}

// forget forgets a channel that is no more.
func (h *helms) forget(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.all, name)
}

// watched returns o, of which the helm hears how the start goes on.
func (h *helm) watched(o watcher.Observer) watcher.Observer {
	return beginning{o, func() { h.steer((*course).looked) }}
}

// uploads returns o, of which the helm hears how the start goes on.
func (h *helm) uploads(o uploader.Observer) uploader.Observer { return steering{o, h} }

// steering is an uploader.Observer that tells the helm.
type steering struct {
	uploader.Observer
	helm *helm
}

func (s steering) Queue(inFlight int, waiting state.Backlog) {
	s.Observer.Queue(inFlight, waiting)
	s.helm.wait(waiting)
}

func (s steering) Started(to state.Start) {
	s.Observer.Started(to)
	s.helm.steer(func(c *course, now time.Time) { c.starts(to, now) })
}

func (s steering) Store(to state.Store) {
	s.Observer.Store(to)
	s.helm.steer(func(c *course, now time.Time) { c.store(to.State, now) })
}
