package hedge

import (
	"context"

	"github.com/hlsship/hlsship/uploader/store"
)

// Hedge returns behind with its PUTs sent again where they take long; it is a store.Appender and a store.Prober if behind is one. A
// limit of the uplink belongs behind it, so that each attempt has a share of its own. Unlike other Stores it leaves attempts under
// way whose PUT returned, which Run ends. A nil Hedger returns behind itself.
func (h *Hedger) Hedge(behind store.Store) store.Store {
	if h == nil {
		return behind
	}
	puts := hedged{behind, h}
	appender, appends := behind.(store.Appender)
	prober, probes := behind.(store.Prober)
	switch more := (appending{appender, h}); {
	case appends && probes:
		return struct {
			hedged
			appending
			store.Prober
		}{puts, more, prober}
	case appends:
		return struct {
			hedged
			appending
		}{puts, more}
	case probes:
		return struct {
			hedged
			store.Prober
		}{puts, prober}
	}
	return puts
}

// hedged is a Store whose PUTs may be sent twice.
type hedged struct {
	store.Store
	hedger *Hedger
}

// Put implements store.Store.
func (s hedged) Put(ctx context.Context, o store.Object) (etag string, err error) {
	h := s.hedger
	if err := h.clear(ctx, o); err != nil {
		return "", err
	}
	h.begin()
	c, ok := classOf(o)
	if !ok {
		defer h.end(1)
		etag, err = s.Store.Put(ctx, o)
		h.hear(err)
		return etag, err
	}
	p := newPut(h, s.Store, o, c)
	defer func() { h.end(p.tally.sent) }()
	return p.run(ctx)
}

// appending is what makes a hedged Store a store.Appender.
type appending struct {
	appender store.Appender
	hedger   *Hedger
}

// Append implements store.Appender.
func (s appending) Append(ctx context.Context, o store.Object, from int64) (etag string, err error) {
	if err := s.hedger.clear(ctx, o); err != nil {
		return "", err
	}
	s.hedger.begin()
	defer s.hedger.end(1)
	etag, err = s.appender.Append(ctx, o, from)
	s.hedger.hear(err)
	return etag, err
}
