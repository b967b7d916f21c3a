package metrics

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hlsship/hlsship/state"
)

// conditions are the states of a channel and of its store as they were told last, and what goes with them. It is safe for
// concurrent use, and a prometheus.Collector.
type conditions struct {
	storeState, storeUp, channelState, restarts, outageLeft, budget, exact *prometheus.Desc

	mu        sync.Mutex
	channel   state.Channel
	store     state.Store
	reserve   state.Reserve
	backlog   state.Backlog
	restarted float64
	// known says that somebody told whether the kernel tells of closed files, which guesses denies.
	known, guesses bool
}

func newConditions(now time.Time) *conditions {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &conditions{
		channel:      state.Channel{State: state.Starting, Since: now},
		store:        state.Store{State: state.Unasked},
		storeState:   desc("hlsship_store_state", "1 for the state of the store, 0 for all others: refusing, unreachable, unasked, up.", "state"),
		storeUp:      desc("hlsship_store_up", "0 while the store is unreachable or refuses, else 1."),
		channelState: desc("hlsship_channel_state", "1 for the state of the channel, 0 for all others: restarting, stopped, draining, starting, running.", "state"),
		restarts:     desc("hlsship_channel_restarts_total", "How often the channel failed and was started again."),
		budget:       desc("hlsship_queue_budget_bytes", "What hlsship_queue_bytes may be before files are unpinned; 0 for no bound."),
		outageLeft: desc("hlsship_outage_seconds_left",
			"How long the store may be out of reach, at the rate at which new files come, before files are unpinned; +Inf while none come, or without a bound."),
		exact: desc("hlsship_watching_exact", "1 while the kernel tells of closed files in all folders, 0 while some are on a network mount, or quiet alone says that a file is finished; missing until that is known."),
	}
}

// change applies f.
func (c *conditions) change(f func(*conditions)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c)
}

// Describe is a method of prometheus.Collector, as is Collect.
func (c *conditions) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.storeState, c.storeUp, c.channelState, c.restarts, c.budget, c.outageLeft, c.exact} {
		ch <- d
	}
}

func (c *conditions) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, s := range state.StoreStates() {
		gauge(c.storeState, truth(s == c.store.State), string(s))
	}
	for _, s := range state.ChannelStates() {
		gauge(c.channelState, truth(s == c.channel.State), string(s))
	}
	gauge(c.storeUp, truth(!c.store.State.Fault()))
	ch <- prometheus.MustNewConstMetric(c.restarts, prometheus.CounterValue, c.restarted)
	gauge(c.budget, float64(c.reserve.Budget))
	left := math.Inf(1)
	if d, ok := c.reserve.Left(); ok {
		left = d.Seconds()
	}
	gauge(c.outageLeft, left)
	if c.known {
		gauge(c.exact, truth(!c.guesses))
	}
}

// State keeps how the channel of that name does, if there is one. It is safe for concurrent use.
func (m *Metrics) State(channel string, s state.Channel) {
	m.mu.Lock()
	c := m.channels[channel]
	m.mu.Unlock()
	if c == nil {
		return
	}
	c.conditions.change(func(all *conditions) {
		if s.State == state.Restarting && s.Failures != all.channel.Failures {
			all.restarted++
		}
		all.channel = s
	})
}

// maxFailures is how many requests that failed are shown.
const maxFailures = 20

// failures are the last requests that failed. The zero value has none; it is safe for concurrent use.
type failures struct {
	mu   sync.Mutex
	last []state.Failure // the oldest first
}

// add takes f in. One that fails as one of the last did is counted.
func (f *failures) add(one state.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, other := range slices.Backward(f.last) {
		if other.Op == one.Op && other.Kind == one.Kind && (other.Key == one.Key || other.Cure == one.Cure) {
			one.Count += other.Count
			f.last = slices.Delete(f.last, i, i+1)
			break
		}
	}
	if len(f.last) >= maxFailures {
		f.last = slices.Delete(f.last, 0, 1)
	}
	f.last = append(f.last, one)
}

// view returns those of a channel.
func (f *failures) view(channel string) []state.Failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := slices.Clone(f.last)
	for i := range all {
		all[i].Channel = channel
	}
	return all
}
