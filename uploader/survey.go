package uploader

import (
	"context"
	"strings"
	"time"
)

// survey is what the store held under the prefix when the Run began, by path. It spares a request for each
// file of the backlog, which after a restart may be very many.
type survey map[string]Info

// surveyed is the outcome of listing the store.
type surveyed struct {
	objects survey
	err     error
}

// list lists the store until it succeeds or ctx ends. What is under way is not waited for by anything but backlog.
func (w *worker) list(ctx context.Context) surveyed {
	for attempt := 0; ; attempt++ {
		found, err := w.listOnce(ctx)
		if err == nil {
			return surveyed{objects: found}
		}
		// Not what the store asks for: backlog and the end of a drain wait for this one request.
		delay := time.NewTimer(min(retryDelay(attempt, err), maxDelay))
		select {
		case <-ctx.Done():
			delay.Stop()
			return surveyed{err: err}
		case <-delay.C:
		}
		if kind := KindOf(err); attempt >= 2 && kind == Alarm || kind == Permanent {
			return surveyed{err: err} // a store that may not be listed is asked for each file
		}
	}
}

func (w *worker) listOnce(ctx context.Context) (survey, error) {
	found := make(survey)
	for info, err := range w.store.List(ctx, w.prefix) {
		if err != nil {
			return nil, err
		}
		found[strings.TrimPrefix(info.Key, w.prefix)] = info
	}
	return found, nil
}

// Survey tells the Plan what the store holds, so that backlog can begin. nil means that it could not be listed:
// then each file is asked for.
func (p *Plan) Survey(found map[string]Info) {
	p.listed, p.bucket = true, found
	for _, s := range p.streams {
		for _, o := range s.backlog {
			p.recognise(o)
		}
		p.wake(s)
	}
}

// recognise draws from the survey what it says of the newest version of o. Objects of another size hold other
// bytes; those of the same are compared by their ETag, or by their time where that is no MD5.
func (p *Plan) recognise(o *object) {
	v := o.newest
	if p.bucket == nil || v == nil || !v.check || o.busy || o.etag != "" || o.remote != nil {
		return
	}
	info, there := p.bucket[o.path]
	delete(p.bucket, o.path)
	switch {
	case !there:
		p.checked(v)
	case info.Size != v.file.Version.Size, !isMD5(info.ETag) && !info.later(v.file):
		p.checked(v)
		v.differs, o.etag = true, info.ETag
	case !isMD5(info.ETag):
		p.same(o, v, info.ETag)
	default:
		o.etag = info.ETag
	}
	if v.wanted && !v.check && !o.stored(v) {
		p.keep(v)
	}
}
