package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// Store is the part of S3-compatible storage that hlsship needs. Implementations are safe for
// concurrent use, never retry by themselves, start no goroutine that outlives the call, and return
// errors that wrap *Error. storetest.Conformance is the contract in executable form.
type Store interface {
	// Put stores o whole or not at all and returns the ETag of the stored object without quotes, never
	// empty on success. A reader sees either the old object or the new one (S3 PutObject, strong
	// consistency).
	Put(ctx context.Context, o Object) (etag string, err error)
	// Stat returns what is known of the object without its body (S3 HeadObject). A missing object is
	// an *Error of kind NotFound.
	Stat(ctx context.Context, key string) (Info, error)
	// Get returns the object's bytes, at most limit of them: a larger object is an *Error of kind
	// Permanent (S3 GetObject). A missing object is an *Error of kind NotFound.
	Get(ctx context.Context, key string, limit int64) ([]byte, Info, error)
	// List yields every object whose key starts with prefix, in the order of keys where the store has one, which directory
	// buckets of S3 Express One Zone have not (S3 ListObjectsV2). After an error nothing more is yielded.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
}

// Appender is a Store that can lengthen an object without being sent again what it holds (S3 UploadPartCopy).
type Appender interface {
	// Append replaces the object o.Key by o, whose first from bytes, at least 5 MiB, are all that the store holds
	// under that key with the ETag o.IfMatch; only what is behind them is read of o.Body and sent. It returns as
	// Put does, the object is never seen half, and a call that failed has no effect afterwards. The error's
	// kind is Precondition if the store holds something else, and Unsupported if it cannot do so at all.
	Append(ctx context.Context, o Object, from int64) (etag string, err error)
}

// Prober is a Store that can be asked whether it answers over a connection that nothing else uses.
type Prober interface {
	// Probe asks for the object key, and looks up again where the store is: what is wrong with one connection, or with what
	// stands behind it, says nothing of others. Its errors are those of Stat.
	Probe(ctx context.Context, key string) error
}

// Object is one PUT.
type Object struct {
	// Key is the object's full name, prefix included; UTF-8, not escaped.
	Key string
	// Body holds exactly Size bytes. Put may read it more than once and from several offsets, but not
	// after it returned.
	Body io.ReaderAt
	// Size is in bytes; 0 is a valid empty object.
	Size int64
	// ContentType and CacheControl become the headers of those names; empty sends none.
	ContentType, CacheControl string
	// Headers are further ones by name. A Store sends them as they are; those that change how it is asked are not for here.
	Headers map[string]string
	// IfMatch, when not empty, lets the PUT succeed only if the stored object has this ETag.
	// IfAbsent lets it succeed only if there is none. Otherwise Put fails with kind Precondition, or
	// Unsupported where the store knows no conditional writes.
	IfMatch  string
	IfAbsent bool
	// Finished is when the bytes were, by the clock of their file system; zero if that is not known. A Store keeps it with the
	// object if it can, so that after a restart a file is compared with what was stored of it and not with a store's clock.
	Finished time.Time
	// Priority says which PUTs go first where they share a limited uplink.
	Priority Priority
	// Waits, if not nil, is told when the PUT begins (true) and ceases (false) to wait for its share of
	// the uplink, or for what was sent before under its key, so that nobody takes that for a network that stands still. False is told
	// as often as there is progress of which Body cannot know, as its bytes were read before. It must not block; Put does not call it
	// after it returned.
	Waits func(waiting bool)
	// Pace, if not nil, is asked before bytes are sent: it waits until some of want bytes may leave, and returns how many, at
	// least one. With a want of 0 it is asked for leave to begin, before there is a connection, and returns 0. Its error is that of ctx.
	// One goroutine calls it at a time, and none after Put returned. What is read twice or sent to nobody needs no leave.
	Pace func(ctx context.Context, want int64) (int64, error)
}

// Priority is the rank of a PUT among those that share an uplink.
type Priority uint8

const (
	// Edge is media that the live edge waits for.
	Edge Priority = iota
	// First goes before all others, and is for what is small and waited for: playlists.
	First
	// Backlog takes what the others leave.
	Backlog
)

// Info describes a stored object.
type Info struct {
	// Key is the object's full name.
	Key string
	// Size is in bytes.
	Size int64
	// ETag is without quotes; the hexadecimal MD5 of the bytes for a plain single PUT on most stores.
	ETag string
	// Modified is the earliest time at which the object can have been stored, by the clock of this machine, whatever the
	// store's says: see Dated. It is zero where the store does not tell what its clock says.
	Modified time.Time
	// Finished is Object.Finished of the PUT, to the nanosecond. It is zero if that is not known, as in every listing.
	Finished time.Time
}

// Dated returns Info.Modified of an object that the store has had since stored, as it said in an answer, to a request made
// at asked, in which its clock showed date (RFC 9110 §6.6.1). The two clocks may differ by hours. Both times of
// the store are cut to whole seconds: stored, which makes it earlier, and date, for which a second is taken off. Another is
// for servers that look at their clock once a second only, as those made with fasthttp do. The time that the answer took is
// within the bound as well. It is zero if one of the three is.
func Dated(stored, date, asked time.Time) time.Time {
	if stored.IsZero() || date.IsZero() || asked.IsZero() {
		return time.Time{}
	}
	return stored.Add(asked.Sub(date) - 2*time.Second)
}

// ErrorKind says what an error of a Store means for the one who called it.
type ErrorKind uint8

const (
	// Transient: trying again later may succeed (network, 5xx, SlowDown, 409 OperationAborted).
	// An error that nobody knows is Transient.
	Transient ErrorKind = iota
	// Alarm: trying again slowly may succeed, once somebody has mended what Cure names (403,
	// NoSuchBucket, expired credentials, clock skew, unknown certificate authority, a header that is refused).
	Alarm
	// Permanent: this store can never take these bytes under this key (an impossible key, too large a file).
	Permanent
	// NotFound: there is no such object.
	NotFound
	// Precondition: IfMatch or IfAbsent did not hold (412), so nothing was stored.
	Precondition
	// Unsupported: the store does not know conditional writes (501).
	Unsupported
)

// String returns the word used in logs and metric labels.
func (k ErrorKind) String() string {
	switch k {
	case Alarm:
		return "alarm"
	case Permanent:
		return "permanent"
	case NotFound:
		return "not_found"
	case Precondition:
		return "precondition"
	case Unsupported:
		return "unsupported"
	}
	return "transient"
}

// Error is what a Store returns. It is classified once, by the Store; callers branch on Kind.
type Error struct {
	// Op is "put", "stat", "get" or "list", Key the object or prefix meant.
	Op, Key string
	// Kind says what to do.
	Kind ErrorKind
	// RetryAfter is the wait that the store asked for (HTTP Retry-After); 0 if it named none.
	RetryAfter time.Duration
	// Unsent says that the store was not asked, as there are no keys to sign the request with yet.
	Unsent bool
	// Alive is true if the error is an answer about this one request, and proves that the store works for others: whatever S3 answers
	// but that it is overloaded or broken (5xx, 429), and that it serves nothing to who asks (keys, clock, region, bucket).
	// NotFound, Precondition and Unsupported prove the same.
	Alive bool
	// Busy says that the store asks for fewer requests (429, 503), and did nothing.
	Busy bool
	// Cure tells an operator what to do about it, as a sentence; may be empty.
	Cure string
	// Err is the cause.
	Err error
}

// Error returns "put live/a.ts: cause".
func (e *Error) Error() string { return fmt.Sprintf("%s %s: %v", e.Op, e.Key, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Unclear reports whether a PUT that failed with err may have stored its bytes, or may do so yet: it was sent, and nobody said no.
func Unclear(err error) bool {
	if err == nil || KindOf(err) != Transient {
		return false
	}
	e, ok := errors.AsType[*Error](err)
	return !ok || !e.Alive && !e.Busy && !e.Unsent
}

// KindOf returns the kind of the *Error in err's chain, Transient if there is none.
func KindOf(err error) ErrorKind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Transient
}
