package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// Failing answers with an error of the kind, and does nothing. retryAfter is what the error asks for; 0
// asks for nothing.
func Failing(kind store.ErrorKind, retryAfter time.Duration, cause string) Fault {
	return failing(kind, retryAfter, "", errors.New(cause))
}

func failing(kind store.ErrorKind, retryAfter time.Duration, cure string, cause error) Fault {
	return func(_ context.Context, c Call, _ func(context.Context, store.Object) error) error {
		return &store.Error{Op: c.Op, Key: c.Key, Kind: kind, RetryAfter: retryAfter, Cure: cure, Err: cause}
	}
}

// SlowDown is the store's 503 with a Retry-After.
func SlowDown(retryAfter time.Duration) Fault {
	return func(_ context.Context, c Call, _ func(context.Context, store.Object) error) error {
		return &store.Error{Op: c.Op, Key: c.Key, RetryAfter: retryAfter, Busy: true, Err: errors.New("503 SlowDown: please reduce your request rate")}
	}
}

// InternalError is the store's 500.
func InternalError() Fault {
	return Failing(store.Transient, 0, "500 InternalError: we encountered an internal error")
}

// Outage is a store that nobody can reach: the connection is refused at once.
func Outage() Fault {
	return failing(store.Transient, 0, "", fmt.Errorf("dial tcp: %w", syscall.ECONNREFUSED))
}

// Reset is a connection cut off before anything was stored.
func Reset() Fault {
	return failing(store.Transient, 0, "", fmt.Errorf("write tcp: %w", syscall.ECONNRESET))
}

// Stall takes the request and never answers: the call ends with ctx.
func Stall() Fault {
	return func(ctx context.Context, c Call, _ func(context.Context, store.Object) error) error {
		<-ctx.Done()
		return storeError(c.Op, c.Key, store.Transient, ctx.Err())
	}
}

// Latency lets the call take effect only after d.
func Latency(d time.Duration) Fault { return LatencyOf(func(Call) time.Duration { return d }) }

// LatencyOf lets the call take effect only after what of says.
func LatencyOf(of func(Call) time.Duration) Fault {
	return func(ctx context.Context, c Call, next func(context.Context, store.Object) error) error {
		if err := pause(ctx, of(c)); err != nil {
			return storeError(c.Op, c.Key, store.Transient, err)
		}
		return next(ctx, c.Object)
	}
}

// Trickle is a slow uplink: a PUT takes its size divided by bytesPerSecond.
func Trickle(bytesPerSecond int64) Fault {
	return LatencyOf(func(c Call) time.Duration {
		return time.Duration(float64(c.Object.Size) / float64(bytesPerSecond) * float64(time.Second))
	})
}

// LostResponse lets the call take effect and cuts the connection before the answer came.
func LostResponse() Fault {
	return func(ctx context.Context, c Call, next func(context.Context, store.Object) error) error {
		if err := next(ctx, c.Object); err != nil {
			return err
		}
		return storeError(c.Op, c.Key, store.Transient, fmt.Errorf("read tcp: %w", syscall.ECONNRESET))
	}
}

// LateArrival answers nothing until the caller gives up, and takes effect after that, by the time after:
// the PUT was already in the network, or in a gateway's queue. Faults.Wait waits for it.
func LateArrival(after time.Duration) Fault {
	return func(ctx context.Context, c Call, next func(context.Context, store.Object) error) error {
		content, err := contentOf(c.Object)
		if err != nil {
			return err
		}
		<-ctx.Done()
		late := c.Object
		late.Body = bytes.NewReader(content) // the caller's is not ours any more
		free := context.WithoutCancel(ctx)
		c.background.Go(func() {
			_ = pause(free, after)
			_ = next(free, late)
		})
		return storeError(c.Op, c.Key, store.Transient, ctx.Err())
	}
}

// CaptivePortal is a login page, or a proxy, that answers in the store's place.
func CaptivePortal() Fault {
	return failing(store.Transient, 0, "Something other than the store answered.", errors.New("200 with an answer that is not S3's"))
}

// WrongCredentials is the store's 403 for keys that it does not know.
func WrongCredentials() Fault {
	return failing(store.Alarm, 0, "Check the access key and the secret key.", errors.New("403 InvalidAccessKeyId"))
}

// ExpiredToken is the store's 400 for temporary credentials that were not renewed.
func ExpiredToken() Fault {
	return failing(store.Alarm, 0, "The session token has expired.", errors.New("400 ExpiredToken"))
}

// NoBucket is the store's 404 for a bucket that does not exist.
func NoBucket() Fault {
	return failing(store.Alarm, 0, "Create the bucket, or check its name.", errors.New("404 NoSuchBucket"))
}

// ClockSkew is the store's 403 for a host whose clock is wrong.
func ClockSkew() Fault {
	return failing(store.Alarm, 0, "Set this host's clock (NTP).", errors.New("403 RequestTimeTooSkewed"))
}

// BucketFull is the store's answer when its quota is used up.
func BucketFull() Fault {
	return failing(store.Alarm, 0, "Make room, or raise the quota.", errors.New("403 QuotaExceeded"))
}

// HeaderRejected is the store's 400 for a header that it does not take.
func HeaderRejected() Fault {
	return failing(store.Alarm, 0, "Set checksum to another of md5, crc32c, none.", errors.New("400 InvalidRequest"))
}

// SettingRefused is the store's 400 for what somebody set up and will mend: a header, a policy, a proxy's bound.
func SettingRefused() Fault {
	return failing(store.Alarm, 0, "The store refuses what its message names.", errors.New("400 InvalidRequest"))
}

// GatewayTimeout lets the call take effect, and a balancer say that it did not.
func GatewayTimeout() Fault {
	return func(ctx context.Context, c Call, next func(context.Context, store.Object) error) error {
		if err := next(ctx, c.Object); err != nil {
			return err
		}
		return storeError(c.Op, c.Key, store.Transient, errors.New("504 with an answer that is not S3's"))
	}
}

// NoConditions is a store without conditional writes: other calls go through.
func NoConditions() Fault {
	return func(ctx context.Context, c Call, next func(context.Context, store.Object) error) error {
		if c.Conditional() {
			return storeError(c.Op, c.Key, store.Unsupported, errors.New("501 NotImplemented"))
		}
		return next(ctx, c.Object)
	}
}

// IgnoredConditions is a store that takes conditional writes for plain ones, as some do in silence.
func IgnoredConditions() Fault {
	return func(ctx context.Context, c Call, next func(context.Context, store.Object) error) error {
		c.Object.IfAbsent, c.Object.IfMatch = false, ""
		return next(ctx, c.Object)
	}
}

// ListingForbidden is a policy without s3:ListBucket: listings are refused, and so is looking at keys
// that are not there.
func ListingForbidden() Fault {
	return func(ctx context.Context, c Call, next func(context.Context, store.Object) error) error {
		denied := &store.Error{Op: c.Op, Key: c.Key, Kind: store.Alarm,
			Cure: "Grant s3:ListBucket on the bucket.", Err: errors.New("403 AccessDenied")}
		if c.Op == "list" {
			return denied
		}
		err := next(ctx, c.Object)
		if err != nil && store.KindOf(err) == store.NotFound {
			return denied
		}
		return err
	}
}
