package s3

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/hlsship/hlsship/uploader/store"
)

// bound returns how long the key's next attempt may go without progress.
func (s *Store) bound(key string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(s.patience[key], s.stall)
}

// succeeded forgets the failures that an answer ends.
func (s *Store) succeeded(key string) {
	s.resets.Store(0)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.patience, key)
}

// stalled doubles the key's patience. Keys that are never tried again are forgotten together, once they
// have become many; that costs the others one attempt.
func (s *Store) stalled(key string, after time.Duration) {
	const many = 4096
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.patience) >= many {
		clear(s.patience)
	}
	s.patience[key] = min(2*after, maxPatience*s.stall)
}

// putFailed finds out why connections are cut off during PUTs: a server that refuses early, for a wrong
// secret say, need not read the body, and then its answer is lost with the connection.
func (s *Store) putFailed(ctx context.Context, r request, err error) error {
	if ctx.Err() == nil && isReset(err) && s.resets.Add(1) >= resetsBeforeLook {
		s.resets.Store(0)
		if ans, ok := errors.AsType[*answer](s.ask(ctx, r.key)); ok && explainsResets(ans) {
			return s.failed(ctx, r, ans)
		}
	}
	return s.failed(ctx, r, err)
}

// explainsResets reports whether the bucket's answer to a look is the reason for PUTs that are cut off.
func explainsResets(a *answer) bool {
	return refusesKeys(a) || a.plainOnTLS || a.code == "RequestTimeTooSkewed" || a.code == "NoSuchBucket"
}

// failed classifies the failure of a call, after a second look where the answer leaves room for two
// readings, and draws the consequences for the calls to come.
func (s *Store) failed(ctx context.Context, r request, err error) error {
	if stall, ok := errors.AsType[*stallError](err); ok {
		s.stalled(r.key, stall.after)
	}
	ans, ok := errors.AsType[*answer](err)
	if !ok {
		if _, local := errors.AsType[*bodyError](err); !local {
			// Connections kept beside one that gave no answer lead the same way, also when it was the caller who
			// lost patience: each would cost another wait.
			s.transport.base.CloseIdleConnections()
		}
		return s.classified(r, err)
	}
	unclear := ans.status == http.StatusNotFound && ans.code == "" && !ans.foreign && (r.op == "stat" || r.op == "get")
	if unclear || r.op == "get" && ans.unread() {
		if r.missing, err = s.reread(ctx, r, ans); r.missing {
			return s.classified(r, ans)
		}
	}
	if ans, ok := errors.AsType[*answer](err); ok {
		switch {
		case ans.code == "NoSuchBucket":
			s.exists.Store(false)
		case refusesKeys(ans):
			s.keys.refused()
		}
	}
	return s.classified(r, err)
}

// reread settles what a 404 without a body or a 403 means: missing is true when it is the key that is not
// there; else err is the failure, more telling than before if the bucket said more.
func (s *Store) reread(ctx context.Context, r request, ans *answer) (missing bool, err error) {
	notFound := ans.status == http.StatusNotFound
	if notFound && s.exists.Load() {
		return true, ans
	}
	listed, looked := s.look(ctx, r.key)
	better, answered := errors.AsType[*answer](looked)
	switch {
	case looked == nil && (notFound || listed == nil):
		// Where the names of the bucket may be seen, a key that is not among them is not there, whoever may read it.
		s.exists.Store(true)
		return true, ans
	case notFound && answered && better.code == "AccessDenied":
		// The bucket is there, though it may not be listed.
		return true, ans
	case notFound && r.probe && (!answered || better.status >= 500 || better.status == http.StatusTooManyRequests):
		return true, ans // the store answered what it was asked
	case notFound && !answered:
		return false, looked
	case answered && better.code != "" && ans.code == "":
		return false, better
	}
	return false, ans
}

// unread reports whether the answer says that a key may not be read, which S3 says of missing keys as well to who may not list
// the bucket, or may list a part of it.
func (a *answer) unread() bool {
	return a.status == http.StatusForbidden && !a.foreign && (a.code == "" || a.code == "AccessDenied")
}

// ask asks the bucket for one key, because the answer to that has a body that names the reason. It returns nil if the
// bucket answers.
func (s *Store) ask(ctx context.Context, key string) error {
	_, err := s.look(ctx, key)
	return err
}

// look returns what the bucket's listing says of a key, nil if that is nothing. Of the names that begin with it, its own is
// the first.
func (s *Store) look(ctx context.Context, key string) (*store.Info, error) {
	a := newAttempt(ctx, s.stall)
	defer a.end()
	for o := range s.core.ListObjectsIter(a.ctx, s.bucket, minio.ListObjectsOptions{Prefix: key, Recursive: true, MaxKeys: 1, FetchOwner: new(false)}) {
		if err := a.failure(o.Err); errors.Is(err, ErrEndless) {
			break // the bucket answered, and showed nothing
		} else if err != nil {
			return nil, err
		}
		if o.Key != key {
			break
		}
		info := a.info(key, o.Size, o)
		return &info, nil
	}
	if err := a.failure(a.ctx.Err()); err != nil && !errors.Is(err, ErrEndless) {
		return nil, err
	}
	return nil, nil //nolint:nilnil // there is no such key, and nothing went wrong
}

// classified completes r with what all requests of this store share.
func (s *Store) classified(r request, err error) error {
	r.bucket, r.checksum = s.bucket, s.sums.now()
	e := classify(r, err)
	if why := s.keys.stale.Load(); why != nil && e.Cure == expired {
		e.Cure = why.cure() // of what keeps the keys from being renewed
	}
	return e
}
