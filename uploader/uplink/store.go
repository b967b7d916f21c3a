package uplink

import (
	"context"

	"github.com/hlsship/hlsship/uploader/store"
)

// Limit returns behind with its PUTs limited; it is a store.Appender and a store.Prober if behind is one. Stores that
// share a line are given to one Limiter. A PUT that is paced already keeps to both. A nil Limiter returns behind itself.
func (l *Limiter) Limit(behind store.Store) store.Store {
	if l == nil {
		return behind
	}
	puts := limited{behind, l}
	appender, appends := behind.(store.Appender)
	prober, probes := behind.(store.Prober)
	switch more := (appending{appender, l}); {
	case appends && probes:
		return struct {
			limited
			appending
			store.Prober
		}{puts, more, prober}
	case appends:
		return struct {
			limited
			appending
		}{puts, more}
	case probes:
		return struct {
			limited
			store.Prober
		}{puts, prober}
	}
	return puts
}

// limited is a Store whose PUTs are limited.
type limited struct {
	store.Store
	limiter *Limiter
}

// Put implements store.Store.
func (s limited) Put(ctx context.Context, o store.Object) (etag string, err error) {
	share := s.limiter.open(o, o.Size)
	defer share.close()
	o.Pace = share.pace
	return s.Store.Put(ctx, o)
}

// appending is what makes a limited Store a store.Appender.
type appending struct {
	appender store.Appender
	limiter  *Limiter
}

// Append implements store.Appender.
func (s appending) Append(ctx context.Context, o store.Object, from int64) (etag string, err error) {
	share := s.limiter.open(o, o.Size-from)
	defer share.close()
	o.Pace = share.pace
	return s.appender.Append(ctx, o, from)
}
