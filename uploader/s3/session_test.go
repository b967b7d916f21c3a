package s3

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// directoryBucket plays S3 Express One Zone as far as it differs: sessions, no MD5, ETags that are none, listings of whole folders
// only, in no order.
type directoryBucket struct {
	sessions atomic.Int32
	lasts    time.Duration
	refused  atomic.Bool // the next request with a session is told that it has expired

	mu      sync.Mutex
	objects map[string]string
	order   []string
}

// secret is that of the keys which a request is signed with.
func (d *directoryBucket) secret(r *http.Request) string {
	if _, creates := r.URL.Query()["session"]; creates {
		return "secret"
	}
	return "session " + strings.TrimPrefix(r.Header.Get("X-Amz-S3session-Token"), "token ")
}

func (d *directoryBucket) handle(w http.ResponseWriter, r *http.Request) {
	query, key := r.URL.Query(), strings.TrimPrefix(r.URL.Path, "/")
	switch _, service := scopeOf(r); {
	case service != "s3express":
		refuse(http.StatusForbidden, "AccessDenied", "signed for "+service)(w, r)
	case query.Has("session"):
		n := d.sessions.Add(1)
		_, _ = fmt.Fprintf(w, `<CreateSessionResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Credentials><SessionToken>token %d</SessionToken><SecretAccessKey>session %d</SecretAccessKey><AccessKeyId>own</AccessKeyId><Expiration>%s</Expiration></Credentials></CreateSessionResult>`,
			n, n, time.Now().Add(d.lasts).UTC().Format(time.RFC3339))
	case r.Header.Get("X-Amz-S3session-Token") == "" || r.Header.Get("X-Amz-Security-Token") != "":
		refuse(http.StatusForbidden, "AccessDenied", "no session")(w, r)
	case d.refused.CompareAndSwap(true, false):
		refuse(http.StatusForbidden, "ExpiredToken", "The session has expired.")(w, r)
	case r.Header.Get("Content-Md5") != "":
		refuse(http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented")(w, r)
	case query.Has("list-type") && query.Get("prefix") != "" && !strings.HasSuffix(query.Get("prefix"), "/"):
		refuse(http.StatusBadRequest, "InvalidRequest", "The prefix must end with a delimiter")(w, r)
	case query.Has("list-type"):
		d.list(w, query.Get("prefix"))
	default:
		d.object(w, r, key)
	}
}

func (d *directoryBucket) list(w io.Writer, prefix string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, _ = io.WriteString(w, `<ListBucketResult>`)
	for i := len(d.order) - 1; i >= 0; i-- {
		if k := d.order[i]; strings.HasPrefix(k, prefix) {
			_, _ = fmt.Fprintf(w, `<Contents><Key>%s</Key><Size>%d</Size><ETag>"%032x"</ETag></Contents>`, k, len(d.objects[k]), i)
		}
	}
	_, _ = io.WriteString(w, `</ListBucketResult>`)
}

func (d *directoryBucket) object(w http.ResponseWriter, r *http.Request, key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	content, there := d.objects[key]
	w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`) // the form of an MD5, and none
	switch {
	case r.Method == http.MethodPut && there && r.Header.Get("If-None-Match") == "*":
		w.Header().Del("ETag")
		refuse(http.StatusPreconditionFailed, "PreconditionFailed", "It is there.")(w, r)
	case r.Method == http.MethodPut:
		body, _ := io.ReadAll(r.Body)
		if !there {
			d.order = append(d.order, key)
		}
		d.objects[key] = string(body)
	case !there:
		w.Header().Del("ETag")
		w.WriteHeader(http.StatusNotFound)
	default:
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		_, _ = io.WriteString(w, content)
	}
}

// express returns a directory bucket and a store on it.
func express(t *testing.T, lasts time.Duration, sum Checksum) (*directoryBucket, *Store) {
	t.Helper()
	d := &directoryBucket{lasts: lasts, objects: map[string]string{}}
	network := newCloud(t, d.secret, d.handle)
	s := mustOpen(t, network.reached(Config{Region: "us-east-1", Bucket: "live--use1-az4--x-s3", Checksum: sum}))
	s.transport.base.Proxy = nil
	t.Cleanup(func() {
		for _, to := range network.dialled {
			if to != "live--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com:443" {
				t.Errorf("dialled %s", to)
			}
		}
	})
	return d, s
}

func TestDirectoryBucket(t *testing.T) {
	t.Parallel()
	for _, sum := range []Checksum{ChecksumMD5, ChecksumCRC32C, ChecksumNone} {
		t.Run(string(sum), func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			d, s := express(t, 5*time.Minute, sum)
			if _, err := s.Stat(ctx, "live/a.ts"); store.KindOf(err) != store.NotFound {
				t.Errorf("a missing object: got %v", err)
			}
			o := segment("live/a.ts", "123456789")
			o.IfAbsent = true
			if _, err := s.Put(ctx, o); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Put(ctx, o); store.KindOf(err) != store.Precondition {
				t.Errorf("a second time: got %v", err)
			}
			if _, err := s.Put(ctx, segment("live/b.ts", "")); err != nil {
				t.Fatal(err)
			}
			if got, _, err := s.Get(ctx, "live/a.ts", 100); err != nil || string(got) != "123456789" {
				t.Errorf("got %q, %v", got, err)
			}
			for prefix, want := range map[string]int{"live/": 2, "live/a": 1, "": 2, "live/a.ts": 1, "other/": 0} {
				n := 0
				for info, err := range s.List(ctx, prefix) {
					if err != nil {
						t.Fatal(err)
					}
					if n++; !strings.HasPrefix(info.Key, prefix) {
						t.Errorf("%q is listed below %q", info.Key, prefix)
					}
				}
				if n != want {
					t.Errorf("%d objects below %q, want %d", n, prefix, want)
				}
			}
			if n := d.sessions.Load(); n != 1 {
				t.Errorf("%d sessions were made, want 1", n)
			}
		})
	}
}

func TestSessionsOfADirectoryBucket(t *testing.T) {
	t.Parallel()
	t.Run("one for all who come at once", func(t *testing.T) {
		t.Parallel()
		d, s := express(t, 5*time.Minute, "")
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if _, err := s.Put(t.Context(), segment(fmt.Sprint("live/", i), "x")); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := d.sessions.Load(); n != 1 {
			t.Errorf("%d sessions were made, want 1", n)
		}
	})
	t.Run("one that ends soon is replaced", func(t *testing.T) {
		t.Parallel()
		d, s := express(t, 30*time.Second, "")
		for range 2 {
			if _, err := s.Put(t.Context(), segment("live/a", "x")); err != nil {
				t.Fatal(err)
			}
		}
		if n := d.sessions.Load(); n != 2 {
			t.Errorf("%d sessions were made, want 2", n)
		}
	})
	t.Run("one that is refused is replaced", func(t *testing.T) {
		t.Parallel()
		d, s := express(t, 5*time.Minute, "")
		if _, err := s.Put(t.Context(), segment("live/a", "x")); err != nil {
			t.Fatal(err)
		}
		d.refused.Store(true)
		if _, err := s.Put(t.Context(), segment("live/a", "x")); err == nil {
			t.Error("a session that has expired is taken")
		}
		if _, err := s.Put(t.Context(), segment("live/a", "x")); err != nil {
			t.Errorf("with a new session: %v", err)
		}
	})
	t.Run("none is given", func(t *testing.T) {
		t.Parallel()
		network := newCloud(t, theSecret, refuse(http.StatusForbidden, "AccessDenied", "s3express:CreateSession is not allowed"))
		s := mustOpen(t, network.reached(Config{Region: "us-east-1", Bucket: "live--use1-az4--x-s3"}))
		s.transport.base.Proxy = nil
		_, err := s.Put(t.Context(), segment("live/a", "x"))
		if e := mustError(t, err); e.Kind != store.Alarm || !strings.Contains(e.Cure, "s3express:CreateSession") {
			t.Errorf("got %v, %s, cure %q", err, e.Kind, e.Cure)
		}
	})
	t.Run("a login page answers", func(t *testing.T) {
		t.Parallel()
		network := newCloud(t, theSecret, page(http.StatusOK))
		s := mustOpen(t, network.reached(Config{Region: "us-east-1", Bucket: "live--use1-az4--x-s3"}))
		s.transport.base.Proxy = nil
		_, err := s.Put(t.Context(), segment("live/a", "x"))
		if r, ok := ReplyTo(err); !ok || !r.Foreign {
			t.Errorf("got %v, want a foreign answer", err)
		}
	})
}
