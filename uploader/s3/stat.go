package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"

	"github.com/hlsship/hlsship/uploader/store"
)

// Stat returns what HeadObject says. HEAD answers have no body, so that a missing bucket looks like a missing key: until the
// bucket has answered for a key, it is asked. A gateway or policy that lets no HEAD through is asked for the first byte, and a
// key that may not be read is looked up in the listing.
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	return s.stat(ctx, key, false)
}

// Probe implements store.Prober, with the request that Stat makes. A store that says that there is no such key answers,
// though nobody knows whether its bucket is there as it cannot be listed now: the next PUT will tell.
func (s *Store) Probe(ctx context.Context, key string) error {
	_, err := s.stat(ctx, key, true)
	return err
}

// stat is Stat, over a connection of its own if fresh is true.
func (s *Store) stat(ctx context.Context, key string, fresh bool) (store.Info, error) {
	info, err := s.headOrBegin(ctx, key, fresh)
	r := request{op: "stat", key: key, probe: fresh}
	if ans, ok := errors.AsType[*answer](err); ok && ans.unread() {
		listed, looked := s.look(ctx, key)
		better, answered := errors.AsType[*answer](looked)
		switch {
		case looked == nil && listed != nil:
			info, err = *listed, nil
		case looked == nil:
			s.exists.Store(true)
			r.missing = true
			return store.Info{}, s.classified(r, ans)
		case answered && better.code != "" && ans.code == "":
			err = better
		}
	}
	if err != nil {
		return store.Info{}, s.failed(ctx, r, err)
	}
	s.succeeded(key)
	s.exists.Store(true)
	return info, nil
}

// headOrBegin asks with HEAD, and remembers if that is what is refused.
func (s *Store) headOrBegin(ctx context.Context, key string, fresh bool) (store.Info, error) {
	if s.headless.Load() {
		return s.begin(ctx, key, fresh)
	}
	info, err := s.head(ctx, key, fresh)
	if !refusesMethod(err) {
		return info, err
	}
	begun, failed := s.begin(ctx, key, fresh)
	ans, answered := errors.AsType[*answer](failed)
	if failed == nil || answered && ans.status == http.StatusNotFound {
		s.headless.Store(true)
	} else if !answered || ans.code == "" {
		return info, err // which says as much
	}
	return begun, failed
}

// head asks for an object with HeadObject.
func (s *Store) head(ctx context.Context, key string, fresh bool) (store.Info, error) {
	a := newAttempt(ctx, s.bound(key))
	a.fresh = fresh
	defer a.end()
	o, err := s.core.StatObject(a.ctx, s.bucket, key, minio.StatObjectOptions{})
	if err := a.failure(err); err != nil {
		return store.Info{}, err
	}
	return a.info(key, o.Size, o), nil
}

// begin asks for an object with the first byte of it (S3 GetObject, Range). One that has none is answered 416.
func (s *Store) begin(ctx context.Context, key string, fresh bool) (store.Info, error) {
	a := newAttempt(ctx, s.bound(key))
	a.fresh = fresh
	defer a.end()
	var opts minio.GetObjectOptions
	_ = opts.SetRange(0, 0) // no error for these
	body, o, header, err := s.core.GetObject(a.ctx, s.bucket, key, opts)
	if err := a.failure(err); err != nil {
		if ans, ok := errors.AsType[*answer](err); ok && ans.status == http.StatusRequestedRangeNotSatisfiable {
			return store.Info{Key: key}, nil
		}
		return store.Info{}, err
	}
	_, _ = io.CopyN(io.Discard, body, 2) // of one that is read to its end the connection is kept
	_ = body.Close()
	size := o.Size
	if _, whole, ok := strings.Cut(header.Get("Content-Range"), "/"); ok {
		if size, err = strconv.ParseInt(whole, 10, 64); err != nil {
			return store.Info{}, &answer{status: http.StatusPartialContent, foreign: true}
		}
	}
	return a.info(key, size, o), nil
}

// refusesMethod reports whether err may be about the method alone, and not about who asks.
func refusesMethod(err error) bool {
	ans, ok := errors.AsType[*answer](err)
	if !ok || ans.foreign {
		return false
	}
	return ans.unread() || ans.status == http.StatusMethodNotAllowed || ans.status == http.StatusNotImplemented
}
