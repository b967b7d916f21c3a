package s3

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// alarms makes every call and checks that each is an alarm whose cure holds the words.
func alarms(t *testing.T, s *Store, words string) {
	t.Helper()
	ctx := t.Context()
	var errs []error
	for key, err := range s.List(ctx, "live/") {
		if err == nil {
			t.Fatalf("list: got %v", key)
		}
		errs = append(errs, err)
	}
	_, err := s.Stat(ctx, "live/a.ts")
	errs = append(errs, err)
	_, _, err = s.Get(ctx, "live/a.ts", 10)
	errs = append(errs, err)
	_, err = s.Put(ctx, segment("live/a.ts", "x"))
	errs = append(errs, err)
	if len(errs) != 4 {
		t.Fatalf("got %d errors, want 4", len(errs))
	}
	for _, err := range errs {
		if e := mustError(t, err); e.Kind != store.Alarm || !strings.Contains(e.Cure, words) {
			t.Errorf("%s: got kind %v, cure %q (%v); want an alarm with %q", e.Op, e.Kind, e.Cure, err, words)
		}
	}
}

func TestMissingBucketOnVersityGateway(t *testing.T) {
	t.Parallel()
	c := gatewayConfig(storetest.Gateway(t))
	c.Bucket = "nowhere"
	alarms(t, mustOpen(t, c), `"nowhere"`)
}

func TestMissingBucketOnGofakes3(t *testing.T) {
	t.Parallel()
	server := fakeServer(t)
	c := serverConfig(server)
	c.Bucket = "nowhere"
	alarms(t, mustOpen(t, c), `"nowhere"`)
}

func TestWrongKeysOnVersityGateway(t *testing.T) {
	t.Parallel()
	g := storetest.Gateway(t)
	for _, tt := range []struct {
		name string
		keys Credentials
	}{
		{"secret", Credentials{AccessKey: g.AccessKey, SecretKey: "not the secret"}},
		{"access key", Credentials{AccessKey: "nobody", SecretKey: Secret(g.SecretKey)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := gatewayConfig(g)
			c.Credentials = tt.keys
			alarms(t, mustOpen(t, c), "secret key")
		})
	}
}

// TestWrongSecretOnLargePuts: the server refuses before it has read the body, and the client mostly sees
// the connection break instead of the answer.
func TestWrongSecretOnLargePuts(t *testing.T) {
	t.Parallel()
	c := gatewayConfig(storetest.Gateway(t))
	c.Credentials.SecretKey = "not the secret"
	s := mustOpen(t, c)
	resets := 0
	for range 10 {
		_, err := s.Put(t.Context(), segment("a.ts", strings.Repeat("x", 4<<20)))
		e := mustError(t, err)
		if e.Kind == store.Alarm && strings.Contains(e.Cure, "secret key") {
			resets = 0
			continue
		}
		if resets++; resets >= resetsBeforeLook {
			t.Fatalf("got kind %v for %d PUTs in a row: %v", e.Kind, resets, err)
		}
	}
}

// TestResetsAloneAreTransient: a line that breaks is no reason to alarm anybody.
func TestResetsAloneAreTransient(t *testing.T) {
	t.Parallel()
	var puts, looks atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			puts.Add(1)
			panic(http.ErrAbortHandler)
		}
		looks.Add(1)
		_, _ = w.Write([]byte(`<ListBucketResult></ListBucketResult>`))
	}))
	t.Cleanup(server.Close)
	s := mustOpen(t, serverConfig(server.URL))
	for range 6 {
		if _, err := s.Put(t.Context(), segment("a.ts", "x")); store.KindOf(err) != store.Transient || err == nil {
			t.Fatalf("got %v, want a transient error", err)
		}
	}
	if puts.Load() != 6 || looks.Load() != 3 {
		t.Errorf("got %d PUTs and %d looks, want 6 and 3", puts.Load(), looks.Load())
	}
}

// TestMissingKeyIsAskedOnce: the second look at a HEAD's 404 is for the first time only.
func TestMissingKeyIsAskedOnce(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.WriteHeader(404)
			return
		}
		_, _ = w.Write([]byte(`<ListBucketResult></ListBucketResult>`))
	})
	s := mustOpen(t, serverConfig(server.URL))
	for range 5 {
		if _, err := s.Stat(t.Context(), "a.ts"); store.KindOf(err) != store.NotFound {
			t.Fatalf("got %v, want not found", err)
		}
	}
	if got := len(server.got()); got != 6 {
		t.Errorf("got %d requests for five calls, want 6", got)
	}
}

// TestUnclearMissingKey: nothing is called missing before the bucket has been seen, but a store that cannot list answers a probe.
func TestUnclearMissingKey(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		list http.HandlerFunc
		want store.ErrorKind
		met  store.ErrorKind // by a probe
	}{
		{"no bucket", refuse(404, "NoSuchBucket", "none"), store.Alarm, store.Alarm},
		{"bucket may not be listed", refuse(403, "AccessDenied", "no"), store.NotFound, store.NotFound},
		{"wrong secret", refuse(403, "SignatureDoesNotMatch", "no"), store.Alarm, store.Alarm},
		{"away", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, store.Transient, store.NotFound},
		{"overloaded", refuse(503, "SlowDown", "no"), store.Transient, store.NotFound},
		{"broken", refuse(500, "InternalError", "no"), store.Transient, store.NotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := mustOpen(t, serverConfig(serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodHead {
					w.WriteHeader(404)
					return
				}
				tt.list(w, r)
			}).URL))
			if _, err := s.Stat(t.Context(), "a.ts"); err == nil || store.KindOf(err) != tt.want {
				t.Errorf("got %v of kind %v, want %v", err, store.KindOf(err), tt.want)
			}
			if err := s.Probe(t.Context(), "a.ts"); err == nil || store.KindOf(err) != tt.met {
				t.Errorf("a probe met %v of kind %v, want %v", err, store.KindOf(err), tt.met)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	secure := httptest.NewUnstartedServer(http.HandlerFunc(accept))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(http.HandlerFunc(accept))
	t.Cleanup(plain.Close)
	for _, tt := range []struct{ name, endpoint, cure string }{
		{"unknown authority", secure.URL, "SSL_CERT_FILE"},
		{"plain to a TLS port", strings.Replace(secure.URL, "https", "http", 1), "https://"},
		{"TLS to a plain port", strings.Replace(plain.URL, "http", "https", 1), "http://"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := mustOpen(t, serverConfig(tt.endpoint))
			var err error
			for range 20 { // the server's close may overtake its answer, as a reset
				if _, err = s.Put(t.Context(), segment("a.ts", "x")); store.KindOf(err) == store.Alarm {
					break
				}
			}
			if e := mustError(t, err); e.Kind != store.Alarm || !strings.Contains(e.Cure, tt.cure) {
				t.Errorf("got kind %v, cure %q (%v)", e.Kind, e.Cure, err)
			}
		})
	}
}

// TestHTTP1Only: with HTTP/2 one stalled stream holds up all others of its connection.
func TestHTTP1Only(t *testing.T) {
	t.Parallel()
	var proto atomic.Value
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proto.Store(r.Proto)
		accept(w, r)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	s := mustOpen(t, serverConfig(server.URL))
	s.transport.base.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	if _, err := s.Put(t.Context(), segment("a.ts", "x")); err != nil {
		t.Fatal(err)
	}
	if got := proto.Load(); got != "HTTP/1.1" {
		t.Errorf("got %v, want HTTP/1.1", got)
	}
}

// TestErrorsHoldNoSecrets looks at every way that a call can fail.
func TestErrorsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	const secret, token = "SECRET-KEY-VALUE", "SESSION-TOKEN-VALUE"
	for _, handle := range []http.HandlerFunc{
		refuse(403, "SignatureDoesNotMatch", "no"), refuse(500, "InternalError", "no"), page(200),
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		c := serverConfig(serve(t, handle).URL)
		c.Credentials = Credentials{AccessKey: "access", SecretKey: secret, SessionToken: token}
		s := mustOpen(t, c)
		_, putErr := s.Put(t.Context(), segment("a.ts", "x"))
		_, statErr := s.Stat(t.Context(), "a.ts")
		_, _, getErr := s.Get(t.Context(), "a.ts", 1)
		for _, err := range []error{putErr, statErr, getErr} {
			text := err.Error() + mustError(t, err).Cure
			for e := err; e != nil; e = errors.Unwrap(e) {
				text += e.Error()
			}
			if strings.Contains(text, secret) || strings.Contains(text, token) {
				t.Errorf("a secret in %q", text)
			}
		}
	}
}
