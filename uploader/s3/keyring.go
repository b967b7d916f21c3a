package s3

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	// askTimeout bounds one question for keys.
	askTimeout = 10 * time.Second
	// openPatience is how long Open waits for keys: a good source has them by then, and a late one keeps nobody from
	// watching a directory.
	openPatience = time.Second
	// renewPause is the least time between two refreshes, and the wait after one that failed.
	renewPause = 15 * time.Second
	// firstPause is the wait before a source is asked again that never gave keys; each further one is twice as long, up to
	// mostPause.
	firstPause = time.Second
	mostPause  = 30 * time.Second
)

// keyring holds the keys that sign requests. It never blocks who signs: resolve, run and renew alone talk to the source.
type keyring struct {
	// find says where keys come from; it may be replaced by renew.
	find   atomic.Pointer[func() (source, error)]
	env    func(string) string
	client *http.Client
	log    *slog.Logger
	kick   chan struct{} // buffer 1: "the keys were refused"; more than one says nothing more

	current atomic.Pointer[credentials.Value]
	// from is where current is from.
	from atomic.Pointer[source]
	// lacks is why there are no keys yet, nil once there are; told is what the log has of that.
	lacks atomic.Pointer[lacking]
	told  string
	// stale is why the keys could not be refreshed, nil once they were.
	stale atomic.Pointer[lacking]
}

// lacking is the error of a request that nobody can sign. It does not unwrap: what ended the question for keys, a deadline
// say, is not what ended the request.
type lacking struct {
	source source
	err    error
}

func (e *lacking) Error() string {
	if e.source.name == "" {
		return fmt.Sprintf("no credentials yet: %v", e.err)
	}
	return fmt.Sprintf("no credentials yet: %s: %v", e.source.title(), e.err)
}

// title names a source in an error.
func (s source) title() string {
	if s.profile == "" {
		return s.name
	}
	return s.name + " of profile " + s.profile
}

// cure says what to do about it.
func (e *lacking) cure() string {
	if k, ok := errors.AsType[*keyError](e.err); ok && k.cure != "" {
		return k.cure
	}
	if isMistake(e.err) {
		return "Correct the setting, the variable or the file that it names."
	}
	if e.source.name == "" {
		return "See whether the files of the settings lie on a file system that does not answer."
	}
	return "See why " + e.source.title() + " gives no keys; it is asked again, and shipping begins when it does."
}

func newKeyring(c Config) *keyring {
	k := &keyring{client: newKeyClient(), log: c.Logger, kick: make(chan struct{}, 1), env: c.env}
	k.find.Store(k.finder(c.Credentials, c.Region))
	k.lacks.Store(&lacking{err: errors.New("nobody was asked")})
	return k
}

func (k *keyring) finder(c Credentials, region string) *func() (source, error) {
	find := func() (source, error) { return c.find(region, k.env) }
	return &find
}

// open asks for keys, and returns an error only where waiting cannot help.
func (k *keyring) open(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, openPatience)
	defer cancel()
	err := k.resolve(within)
	if isMistake(err) {
		return fmt.Errorf("no credentials: %w", err)
	}
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	k.tell()
	return nil
}

// resolve asks for keys, which sign the requests from now on.
func (k *keyring) resolve(ctx context.Context) error {
	find := k.find.Load()
	src, v, err := k.search(ctx, *find)
	switch {
	case k.find.Load() != find: // what was found is out of date
	case err == nil:
		k.store(src, v)
	case k.current.Load() == nil:
		k.lacks.Store(&lacking{src, err})
	default:
		k.stale.Store(&lacking{src, err})
	}
	return err
}

// tell logs why there are no keys yet, once for each reason. Numbers are none: a port is another one each time.
func (k *keyring) tell() {
	now := k.lacks.Load()
	if now == nil { // renewed meanwhile
		return
	}
	text := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, now.Error())
	if text != k.told {
		k.told = text
		k.log.Warn("no credentials yet; finished files are kept, and the source is asked again", append(now.source.attributes(), "err", now.err, "cure", now.cure())...)
	}
}

// renew asks the source of c and returns what has it used from now on. While there are no keys at all, those of c may come
// later as well.
func (k *keyring) renew(ctx context.Context, c Credentials, region string) (use func(), err error) {
	find := k.finder(c, region)
	src, v, late := k.search(ctx, *find)
	if late != nil && (k.current.Load() != nil || isMistake(late) || ctx.Err() != nil) {
		return nil, late
	}
	return func() {
		k.find.Store(find)
		if late == nil {
			k.store(src, v)
		}
		if late != nil || !v.Expiration.IsZero() {
			k.refused() // so that run looks at what is new
		}
	}, nil
}

func isMistake(err error) bool {
	k, ok := errors.AsType[*keyError](err)
	return ok && k.mistake
}

// search asks for a pair of keys. It leaves behind what takes too long: a program or a file may hang for ever.
func (k *keyring) search(ctx context.Context, find func() (source, error)) (src source, v credentials.Value, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	begin := time.Now()
	found, done := make(chan source, 1), make(chan error, 1) // buffered, so that what is left behind can still end
	var given credentials.Value                              // of the goroutine until it is done
	go func() {
		src, err := find()
		found <- src
		if err == nil {
			given, err = src.fetch(ctx, k.client)
		}
		done <- err
	}()
	select {
	case src = <-found:
	case <-ctx.Done():
		return src, v, fmt.Errorf("the files of the settings did not answer within %s", time.Since(begin).Round(time.Second))
	}
	select {
	case err = <-done:
	case <-ctx.Done():
		return src, v, fmt.Errorf("no answer within %s", time.Since(begin).Round(time.Second))
	}
	switch {
	case err != nil:
		return src, v, harmless(err)
	case given.AccessKeyID == "" || given.SecretAccessKey == "":
		return src, v, errors.New("no pair of access key and secret key")
	}
	given.SignerType = credentials.SignatureV4 // an unset type would be an anonymous request
	return src, given, nil
}

// store makes v sign the requests from now on.
func (k *keyring) store(src source, v credentials.Value) {
	k.stale.Store(nil)
	if old := k.current.Load(); old != nil && *old == v {
		return
	}
	k.from.Store(&src)
	k.current.Store(&v)
	k.lacks.Store(nil)
	attributes := src.attributes()
	if !v.Expiration.IsZero() {
		attributes = append(attributes, "expires", v.Expiration)
	}
	k.log.Info("credentials taken", attributes...)
	if src.ignores != "" {
		k.log.Warn("a profile is named and not used", "profile", src.ignores, "cure", "unset AWS_ACCESS_KEY_ID, which comes before AWS_PROFILE, or AWS_PROFILE")
	}
}

// missing returns why there are no keys yet; nil once there are.
func (k *keyring) missing() error {
	if why := k.lacks.Load(); why != nil {
		return why
	}
	return nil
}

// refused asks for a refresh out of turn: the keys may have been rotated where they come from.
func (k *keyring) refused() {
	select {
	case k.kick <- struct{}{}:
	default:
	}
}

// begin asks for keys until there are some. The error is that of ctx.
func (k *keyring) begin(ctx context.Context) error {
	for pause := firstPause; k.current.Load() == nil; pause = min(2*pause, mostPause) {
		err := k.resolve(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			continue // or replaced meanwhile
		}
		k.tell()
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-k.kick:
			pause = firstPause / 2
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return ctx.Err()
}

// run asks for keys until there are some, refreshes them when four fifths of their life are over, and when the store refused
// them.
func (k *keyring) run(ctx context.Context) error {
	if k.begin(ctx) != nil {
		return nil
	}
	failed := false
	for {
		due := k.due(time.Now())
		if failed {
			due = renewPause
		}
		if err := k.wait(ctx, due); err != nil {
			return nil
		}
		err := k.resolve(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !failed {
			attributes := []any{"err", err, "retry", renewPause}
			if why, ok := errors.AsType[*keyError](err); ok && why.cure != "" {
				attributes = append(attributes, "cure", why.cure)
			}
			k.log.Warn("credentials not refreshed; the old ones stay in use and the refresh is tried again", attributes...)
		}
		failed = err != nil
	}
}

// due returns how long the current keys stay fresh; negative if they never expire.
func (k *keyring) due(now time.Time) time.Duration {
	v := k.current.Load()
	if v.Expiration.IsZero() {
		return -1
	}
	return max(v.Expiration.Sub(now)*4/5, renewPause)
}

// wait returns after due, or after a refusal, but not before renewPause.
func (k *keyring) wait(ctx context.Context, due time.Duration) error {
	pause := time.NewTimer(renewPause)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	var fresh <-chan time.Time // never, for keys that do not expire
	if due >= 0 {
		timer := time.NewTimer(due - renewPause)
		defer timer.Stop()
		fresh = timer.C
	}
	select {
	case <-fresh:
	case <-k.kick:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// keys returns the newest keys at once, or why there are none.
func (k *keyring) keys() (credentials.Value, error) {
	if err := k.missing(); err != nil {
		return credentials.Value{}, err
	}
	return *k.current.Load(), nil
}
