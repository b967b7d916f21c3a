package s3

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/hlsship/hlsship/uploader/store"
)

const (
	// maxPut is the largest object of one PUT (S3 PutObject).
	maxPut = 5 << 30
	// maxPatience is how many times its bound a key's patience may grow.
	maxPatience = 32
	// resetsBeforeLook is how many PUTs in a row must be cut off before the bucket is asked why.
	resetsBeforeLook = 2
)

// ErrEndless is the cause of the error of a List whose pages repeat.
var ErrEndless = errors.New("the store's listing starts over and would never end")

// Store is one bucket. It is safe for concurrent use and needs no closing. Its errors wrap
// *store.Error.
type Store struct {
	core      minio.Core
	transport *transport
	keys      *keyring
	bucket    string
	region    string
	sums      *sums
	payload   bool // the signature of a PUT covers its bytes
	stall     time.Duration
	buffers   buffers

	resets atomic.Int32 // PUTs cut off in a row
	exists atomic.Bool  // the bucket has answered for one of its keys

	headless atomic.Bool // something on the way refuses HEAD and lets GET pass

	mu        sync.Mutex
	patience  map[string]time.Duration // of keys whose last attempt stalled
	abandoned map[string][]string      // multipart uploads by key that failed and could not be ended
}

// The contract that this package fulfils.
var _ store.Store = (*Store)(nil)

// Open returns the bucket that c describes. It asks for credentials, which takes a second at most. Where they are late,
// every call fails with an Alarm until Run or Ready has them; Open fails only if it is a mistake in c, in the environment or in
// a file that they name. The bucket itself is first asked by the first call.
func Open(ctx context.Context, c Config) (*Store, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	at, err := c.address()
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	c.Region = at.region
	trust, err := c.TLS.Config(hostname(at.host))
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if c.Checksum == ChecksumNone {
		c.Logger.Warn("checksum is none: a broken connection can leave half an object in some stores", "checksum", string(c.Checksum))
	}
	keys := newKeyring(c)
	if err := keys.open(ctx); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	t := newTransport(c, at, keys, trust)
	client, err := minio.New(neutralHost, &minio.Options{
		Creds:        credentials.NewStaticV4("", "", ""), // the transport signs
		Secure:       true,
		Transport:    t,
		Region:       c.Region, // else each start asks for it, with a permission of its own
		BucketLookup: minio.BucketLookupPath,
		MaxRetries:   1,
	})
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return &Store{
		core: minio.Core{Client: client}, transport: t, keys: keys,
		bucket: c.Bucket, region: c.Region, sums: newSums(c.Checksum, c.Logger), payload: c.SignedPayload, stall: c.Stall, buffers: buffers{most: mostBuffered},
		patience: map[string]time.Duration{}, abandoned: map[string][]string{},
	}, nil
}

// Run asks for credentials until there are some, with pauses that grow to half a minute, and keeps them fresh until ctx is
// done; then it returns nil. Without it the credentials of Open are used for ever. Call it once.
func (s *Store) Run(ctx context.Context) error { return s.keys.run(ctx) }

// Lacking returns why there are no credentials yet, and nil once there are. The error holds no secret. It may be called at
// any time.
func (s *Store) Lacking() error { return s.keys.missing() }

// Source says where the credentials are from, such as "assumed role of profile partner"; it is empty while there are none. It
// may be called at any time.
func (s *Store) Source() string {
	if from := s.keys.from.Load(); from != nil {
		return from.title()
	}
	return ""
}

// Ready returns nil once there are credentials, which it asks for once. The error is an *store.Error, an Alarm that names
// the source. It is for who does not call Run.
func (s *Store) Ready(ctx context.Context) error {
	if s.Lacking() == nil {
		return nil
	}
	_ = s.keys.resolve(ctx) // Lacking tells of it
	if err := s.Lacking(); err != nil {
		return s.classified(request{op: "sign"}, err)
	}
	return nil
}

// Renew asks c for keys, bounded as in Open, and returns a function that has them, and what c gives later, sign
// all requests that begin from then on. Nothing else changes: requests under way go on. An error changes nothing; there is none
// where credentials are late and there were none before. It may be called at any time, and use once.
func (s *Store) Renew(ctx context.Context, c Credentials) (use func(), err error) {
	use, err = s.keys.renew(ctx, c, s.region)
	if err != nil {
		return nil, fmt.Errorf("renew credentials: %w", err)
	}
	return use, nil
}

// Put stores o with one PutObject request, or with two where a wrong checksum shows whether the store verifies it. The store's word
// that it did is an ETag.
func (s *Store) Put(ctx context.Context, o store.Object) (string, error) {
	if err := errors.Join(s.keys.missing(), check(o)); err != nil {
		return "", s.classified(putting(o), err)
	}
	small, err := s.buffers.load(ctx, o)
	if err != nil {
		return "", s.classified(putting(o), err)
	}
	if small != nil {
		defer small.release()
		o.Body = small
	}
	if s.sums.tries(o) {
		if etag, done, err := s.tryOut(ctx, o); done {
			return etag, err
		}
	}
	sum, err := digestOf(ctx, o, s.sums.now(), s.payload)
	if err != nil {
		return "", s.classified(putting(o), err)
	}
	return s.put(ctx, o, sum)
}

// putting is the request that stores o.
func putting(o store.Object) request {
	return request{op: "put", key: o.Key, conditional: o.IfAbsent || o.IfMatch != "", ifMatch: o.IfMatch != ""}
}

// put sends o once, with these sums.
func (s *Store) put(ctx context.Context, o store.Object, sum digest) (string, error) {
	r := putting(o)
	if err := s.retryAbandoned(ctx, o.Key); err != nil {
		return "", s.failed(ctx, r, err)
	}
	if err := turn(ctx, o); err != nil {
		return "", s.classified(r, err)
	}
	a := newAttempt(ctx, s.bound(o.Key))
	a.headers, a.payload = o.Headers, sum.sha256
	a.body = newBody(a.ctx, o)
	defer a.end()
	etag, err := s.putObject(a, o, sum)
	if err := a.failure(err); err != nil {
		return "", s.putFailed(ctx, r, err)
	}
	s.succeeded(o.Key)
	if isMD5(etag, a.answered()) && sum.hexMD5 != "" && !strings.EqualFold(etag, sum.hexMD5) {
		return "", &store.Error{Op: r.op, Key: r.key, Kind: store.Alarm,
			Err:  fmt.Errorf("the store answered ETag %s for bytes with MD5 %s", etag, sum.hexMD5),
			Cure: "What was stored is not what was sent, or this store's ETags are no MD5 sums: in that case set checksum to crc32c or none."}
	}
	s.exists.Store(true)
	return etag, nil
}

// Get returns the object's bytes with GetObject.
func (s *Store) Get(ctx context.Context, key string, limit int64) ([]byte, store.Info, error) {
	data, info, _, err := s.Fetch(ctx, key, limit)
	return data, info, err
}

// List yields the objects below prefix with ListObjectsV2, a thousand a request.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return s.list(ctx, prefix, true)
}

// Folder yields the objects whose key has no slash behind prefix, and as an Info without size and times each folder below it, whose Key ends with
// a slash (S3 ListObjectsV2 with delimiter). prefix is empty or ends with a slash. Errors are as those of List.
func (s *Store) Folder(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return s.list(ctx, prefix, false)
}

func (s *Store) list(ctx context.Context, prefix string, deep bool) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		r := request{op: "list", key: prefix}
		a := newAttempt(ctx, s.stall)
		defer a.end()
		first := ""
		for o := range s.core.ListObjectsIter(a.ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: deep, FetchOwner: new(false)}) {
			err := o.Err
			if err == nil && first != "" && o.Key == first {
				err = ErrEndless
			}
			if err != nil {
				yield(store.Info{}, s.failed(ctx, r, a.failure(err)))
				return
			}
			if first == "" {
				first = o.Key
			}
			if !strings.HasPrefix(o.Key, prefix) {
				continue // a directory bucket lists the whole folder
			}
			if !yield(a.info(o.Key, o.Size, o), nil) {
				return
			}
		}
		// Between two pages minio-go takes a cancelled context for the end of the listing.
		if err := a.ctx.Err(); err != nil {
			yield(store.Info{}, s.failed(ctx, r, a.failure(err)))
			return
		}
		s.exists.Store(true)
	}
}

// info describes an object of the last good answer.
func (a *attempt) info(key string, size int64, o minio.ObjectInfo) store.Info {
	etag := strings.TrimPrefix(o.ETag, `W/"`) // in a listing
	return store.Info{Key: key, Size: size, ETag: etag, Modified: a.dated(o.LastModified), Finished: finished(o)}
}

// check refuses what can never be sent.
func check(o store.Object) error {
	switch {
	case strings.TrimSpace(o.Key) == "" || len(o.Key) > 1024 || !utf8.ValidString(o.Key):
		return &requestError{"a key has 1 to 1,024 bytes of UTF-8 (S3 \"Object keys\")", ""}
	case o.Size > maxPut:
		return &requestError{"larger than 5 GiB", "One PUT holds at most 5 GiB: make the segments shorter."}
	case o.Size < 0:
		return &requestError{"negative size", ""}
	case o.Body == nil && o.Size > 0:
		return &requestError{"no body", ""}
	}
	return nil
}

func tooLarge(limit int64) error {
	return &requestError{fmt.Sprintf("larger than %d bytes", limit), "What is stored under this key is no playlist: remove it or choose another prefix."}
}

// isMD5 reports whether the ETag has to be the MD5 of the bytes: neither multipart nor encrypted with a
// key of the store's or ours (S3 "Object", ETag).
func isMD5(etag string, h http.Header) bool {
	if len(etag) != 32 || strings.Trim(strings.ToLower(etag), "0123456789abcdef") != "" {
		return false
	}
	return !strings.HasPrefix(h.Get("X-Amz-Server-Side-Encryption"), "aws:kms") &&
		h.Get("X-Amz-Server-Side-Encryption-Customer-Algorithm") == ""
}
