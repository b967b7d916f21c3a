package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	// askTimeout bounds one source of credentials.
	askTimeout = 10 * time.Second
	// renewPause is the least time between two refreshes, and the wait after one that failed.
	renewPause = 15 * time.Second
)

// source is one place where credentials may come from.
type source struct {
	name string
	// configured says whether the environment speaks of it. Sources that are not are skipped, so that
	// the error of those that are is not buried.
	configured bool
	// fetch returns empty keys or an error if there are none. It may hang.
	fetch func(ctx context.Context, client *http.Client) (credentials.Value, error)
}

// keyring holds the keys that sign requests. It is the credentials.Provider of the client, and never
// blocks it: Run and Renew alone talk to the sources.
type keyring struct {
	// sources may be replaced by renew.
	sources atomic.Pointer[[]source]
	client  *http.Client
	log     *slog.Logger
	kick    chan struct{} // buffer 1: "the keys were refused"; more than one says nothing more

	current atomic.Pointer[credentials.Value]
	served  atomic.Pointer[credentials.Value]
}

func newKeyring(c Config) *keyring {
	// Sources are asked directly: no proxy knows the metadata service of this host.
	transport := &http.Transport{DialContext: (&net.Dialer{Timeout: askTimeout}).DialContext, Proxy: sourceProxy, DisableKeepAlives: true}
	k := &keyring{
		client: &http.Client{Transport: transport, Timeout: askTimeout},
		log:    c.Logger,
		kick:   make(chan struct{}, 1),
	}
	sources := c.Credentials.sources(c.Region)
	k.sources.Store(&sources)
	return k
}

// sourceProxy lets only the token service be reached through a proxy; it alone is asked over https.
func sourceProxy(req *http.Request) (*url.URL, error) {
	if req.URL.Scheme != "https" {
		return nil, nil
	}
	return http.ProxyFromEnvironment(req)
}

// sources returns where to look, in the order of the AWS SDKs.
func (c Credentials) sources(region string) []source {
	if c.AccessKey != "" {
		return []source{{"static keys", true, func(context.Context, *http.Client) (credentials.Value, error) {
			return credentials.Value{AccessKeyID: c.AccessKey, SecretAccessKey: string(c.SecretKey),
				SessionToken: string(c.SessionToken), SignerType: credentials.SignatureV4}, nil
		}}}
	}
	if c.AccessKeyFile != "" {
		return []source{{"key files", true, c.fromFiles}}
	}
	file := source{"shared credentials file", true, func(ctx context.Context, client *http.Client) (credentials.Value, error) {
		p := &credentials.FileAWSCredentials{Filename: c.File, Profile: c.Profile}
		return p.RetrieveWithCredContext(&credentials.CredContext{Client: client, Context: ctx})
	}}
	if c.File != "" || c.Profile != "" {
		return []source{file}
	}
	role := func(ctx context.Context, client *http.Client) (credentials.Value, error) {
		p := &credentials.IAM{Client: client, Region: region}
		return p.RetrieveWithCredContext(&credentials.CredContext{Client: client, Context: ctx})
	}
	web := os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != ""
	container := os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != "" || os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI") != ""
	instance := !strings.EqualFold(os.Getenv("AWS_EC2_METADATA_DISABLED"), "true")
	return []source{
		{"environment", os.Getenv("AWS_ACCESS_KEY_ID") != "" || os.Getenv("AWS_SECRET_ACCESS_KEY") != "", fromEnvironment},
		file,
		// One call of minio-go serves all three, and chooses by the same variables in the same order.
		{"web identity", web, role},
		{"container role", container && !web, role},
		{"instance role", instance && !web && !container, role},
	}
}

// maxKeyFile bounds a file with one key, in bytes: one that is larger is another file.
const maxKeyFile = 4 << 10

// fromFiles reads one key from each of the two files.
func (c Credentials) fromFiles(context.Context, *http.Client) (credentials.Value, error) {
	access, err := keyFile(c.AccessKeyFile)
	if err != nil {
		return credentials.Value{}, err
	}
	secret, err := keyFile(c.SecretKeyFile)
	return credentials.Value{AccessKeyID: access, SecretAccessKey: secret, SignerType: credentials.SignatureV4}, err
}

// keyFile returns the one word that a file holds. Errors do not show it.
func keyFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	words := strings.Fields(string(data))
	switch {
	case err != nil:
		return "", err
	case len(data) > maxKeyFile || len(words) != 1:
		return "", fmt.Errorf("%s does not hold one key and nothing else", name)
	}
	return words[0], nil
}

// fromEnvironment reads the variables of the AWS SDKs. minio-go's own provider also accepts one half.
func fromEnvironment(context.Context, *http.Client) (credentials.Value, error) {
	return credentials.Value{
		AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken: os.Getenv("AWS_SESSION_TOKEN"), SignerType: credentials.SignatureV4,
	}, nil
}

// resolve asks the sources for keys, which sign the requests from now on.
func (k *keyring) resolve(ctx context.Context) error {
	sources := k.sources.Load()
	name, v, err := k.search(ctx, *sources)
	// Those of a source that was replaced meanwhile are out of date.
	if err == nil && k.sources.Load() == sources {
		k.store(name, v)
	}
	return err
}

// renew asks the sources of c and returns what has them used from now on.
func (k *keyring) renew(ctx context.Context, c Credentials, region string) (use func(), err error) {
	sources := c.sources(region)
	name, v, err := k.search(ctx, sources)
	if err != nil {
		return nil, err
	}
	return func() {
		k.sources.Store(&sources)
		k.store(name, v)
		if !v.Expiration.IsZero() {
			k.refused() // so that run looks at the new date
		}
	}, nil
}

// search asks the sources in turn and returns the first pair of keys and where it is from.
func (k *keyring) search(ctx context.Context, sources []source) (name string, found credentials.Value, err error) {
	var errs []error
	for _, src := range sources {
		if !src.configured {
			continue
		}
		v, err := k.ask(ctx, src)
		if ctx.Err() != nil {
			return "", found, ctx.Err()
		}
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", src.name, harmless(err)))
		case v.AccessKeyID == "" || v.SecretAccessKey == "":
			errs = append(errs, fmt.Errorf("%s: no pair of access key and secret key", src.name))
		default:
			return src.name, v, nil
		}
	}
	return "", found, fmt.Errorf("no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile of the shared credentials file, or a role: %w", errors.Join(errs...))
}

// ask lets one source work, and leaves it behind when it takes too long: a credential_process cannot be
// interrupted through minio-go.
func (k *keyring) ask(ctx context.Context, src source) (credentials.Value, error) {
	type result struct {
		v   credentials.Value
		err error
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	done := make(chan result, 1) // buffered, so that one left behind can still end
	go func() {
		v, err := src.fetch(ctx, k.client)
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.v, r.err
	case <-ctx.Done():
		return credentials.Value{}, fmt.Errorf("no answer within %s", askTimeout)
	}
}

// store makes v sign the requests from now on.
func (k *keyring) store(name string, v credentials.Value) {
	if old := k.current.Load(); old != nil && *old == v {
		return
	}
	v.SignerType = credentials.SignatureV4 // an unset type would be an anonymous request
	k.current.Store(&v)
	if v.Expiration.IsZero() {
		k.log.Info("credentials taken", "source", name)
		return
	}
	k.log.Info("credentials taken", "source", name, "expires", v.Expiration)
}

// refused asks for a refresh out of turn: the keys may have been rotated where they come from.
func (k *keyring) refused() {
	select {
	case k.kick <- struct{}{}:
	default:
	}
}

// run refreshes the keys when four fifths of their life are over, and when the store refused them.
func (k *keyring) run(ctx context.Context) error {
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
			k.log.Warn("credentials not refreshed; the old ones stay in use and the refresh is tried again", "err", err, "retry", renewPause)
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

// IsExpired reports whether the client signs with older keys than there are (credentials.Provider).
func (k *keyring) IsExpired() bool { return k.current.Load() != k.served.Load() }

// RetrieveWithCredContext returns the newest keys at once (credentials.Provider).
func (k *keyring) RetrieveWithCredContext(*credentials.CredContext) (credentials.Value, error) {
	v := k.current.Load()
	k.served.Store(v)
	return *v, nil
}

// Retrieve is RetrieveWithCredContext (credentials.Provider).
func (k *keyring) Retrieve() (credentials.Value, error) { return k.RetrieveWithCredContext(nil) }

// harmless drops from an error what may hold a token: the query of a URL, and anything after its first
// line or beyond a few hundred bytes.
func harmless(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		where := "its service"
		if parsed, bad := url.Parse(u.URL); bad == nil {
			where = parsed.Host
		}
		return fmt.Errorf("ask %s: %w", printable(where, 100), legible{u.Err})
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(printable(first, 300))
}
