package metrics

import (
	"cmp"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/hlsship/hlsship/state"
)

// Channel returns the metrics of the channel of that name for somebody who begins to ship it: they are made if
// there are none, else they go on without the streams. title says on the status page what is shipped where. The series of a channel with a name have the label "channel", those of the
// one that has none do not, so that a single directory needs no name.
func (m *Metrics) Channel(name, title string) *Channel {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.channels[name]
	if c == nil {
		c = newChannel(name, title)
		m.channels[name] = c
		return c
	}
	c.title = title
	c.streams.forgetAll()
	c.conditions.change(func(all *conditions) {
		all.store, all.backlog, all.reserve, all.known = state.Store{State: state.Unasked}, state.Backlog{}, state.Reserve{}, false
	})
	return c
}

// Remove removes the series of the channel of that name.
func (m *Metrics) Remove(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.channels, name)
}

// sorted returns the channels by name.
func (m *Metrics) sorted() []*Channel {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*Channel
	for _, c := range m.channels {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *Channel) int { return cmp.Compare(a.name, b.name) })
	return all
}

// titleOf returns the channel's title, which Channel may change.
func (m *Metrics) titleOf(c *Channel) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return c.title
}

// Gather implements prometheus.Gatherer for the program and its channels.
func (m *Metrics) Gather() ([]*dto.MetricFamily, error) {
	all := prometheus.Gatherers{m.registry}
	for _, c := range m.sorted() {
		all = append(all, c.registry)
	}
	return all.Gather()
}

// unready returns why the program is not ready; nothing if it is. It is ready for good once every channel was:
// neither an outage nor a channel that is added later takes the others out of service.
func (m *Metrics) unready() []string {
	var reasons []string
	all := m.sorted()
	for _, c := range all {
		for _, reason := range c.unready() {
			if c.name != "" {
				reason = c.name + ": " + reason
			}
			reasons = append(reasons, reason)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ready = m.ready || len(all) > 0 && len(reasons) == 0
	if m.ready {
		return nil
	}
	if len(all) == 0 {
		return []string{"nothing is shipped yet"}
	}
	return reasons
}

// unready returns what the channel waits for. That its store was asked nothing yet is no fault; that it cannot be asked is one.
func (c *Channel) unready() []string {
	var reasons []string
	var channel state.Channel
	var store state.Store
	c.conditions.change(func(all *conditions) { channel, store = all.channel, all.store })
	switch {
	case channel.State == state.Restarting:
		return []string{"restarting: " + channel.Error}
	case !c.ready.scanned.Load():
		reasons = append(reasons, "the first scan of the directory is not done")
	}
	switch store.State {
	case state.Refusing, state.Unreachable:
		reasons = append(reasons, sentence("the store is "+string(store.State)+": "+store.Error, store.Cure))
	case state.Unasked:
		if why := c.ready.lacking.Load(); why != nil {
			if err := (*why)(); err != nil {
				reasons = append(reasons, err.Error())
			}
		}
	case state.Up:
	}
	return reasons
}

// sentence joins what is wrong and what to do about it.
func sentence(wrong, cure string) string {
	if cure == "" {
		return wrong
	}
	return wrong + ". " + strings.ToUpper(cure[:1]) + cure[1:]
}
