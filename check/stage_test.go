//go:build linux

package check

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// stage is a set-up that works, for a test to break.
type stage struct {
	t       *testing.T
	gateway *storetest.GatewayServer
	config  Config
	sys     system
}

// newStage returns a directory with a live stream of 4 s segments, and the bucket of a real server.
func newStage(t *testing.T, g *storetest.GatewayServer) *stage {
	t.Helper()
	s := &stage{t: t, gateway: g, sys: kernel()}
	s.config = Config{
		Dir: t.TempDir(), Settle: 2 * time.Second, Budget: 64 << 20, Age: 24 * time.Hour,
		Store: s3.Config{
			Endpoint: g.Endpoint, Region: g.Region, Bucket: g.Bucket,
			Credentials: s3.Credentials{AccessKey: g.AccessKey, SecretKey: s3.Secret(g.SecretKey)},
		},
		Prefix: filepath.Base(t.Name()) + "/", Conditional: true,
	}
	var err error
	s.config.Site, err = hls.NewSite("", s.config.Prefix)
	must(t, err)
	for i := range 3 {
		s.file(fmt.Sprintf("hi/seg_%d.ts", i), string(make([]byte, 50_000)))
	}
	s.playlist("hi/live.m3u8", "#EXTINF:4.0,\nseg_0.ts\n#EXTINF:4.0,\nseg_1.ts\n#EXTINF:4.0,\nseg_2.ts\n"+
		"#EXT-X-RENDITION-REPORT:URI=\"../lo/live.m3u8\"\n") // nobody waits for another rendition
	s.file("main.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\nhi/live.m3u8\n")
	return s
}

// file writes a file that is some seconds old.
func (s *stage) file(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.config.Dir, filepath.FromSlash(name))
	must(s.t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(s.t, os.WriteFile(path, []byte(text), 0o644))
	then := time.Now().Add(-5 * time.Second)
	must(s.t, os.Chtimes(path, then, then))
}

// playlist writes a media playlist with these lines behind its head.
func (s *stage) playlist(name, lines string) {
	s.t.Helper()
	s.file(name, "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:4\n"+lines)
}

// front puts a handler before the server: next passes a request on as it came.
func (s *stage) front(handle func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	s.t.Helper()
	server := httptest.NewServer(s.handler(handle))
	s.t.Cleanup(server.Close)
	s.config.Store.Endpoint = server.URL
}

func (s *stage) handler(handle func(w http.ResponseWriter, r *http.Request, next http.Handler)) http.Handler {
	target, err := url.Parse(s.gateway.Endpoint)
	must(s.t, err)
	next := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is signed
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(w, r, next) })
}

// secure has the store answer by TLS with such a certificate; by is nil for one that signs itself.
func (s *stage) secure(what *x509.Certificate) {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(s.t, err)
	what.SerialNumber, what.Subject = big.NewInt(1), pkix.Name{CommonName: "a store"}
	what.NotBefore = time.Now().Add(-24 * time.Hour)
	if what.NotAfter.IsZero() {
		what.NotAfter = time.Now().Add(24 * time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, what, what, &key.PublicKey, key)
	must(s.t, err)
	server := httptest.NewUnstartedServer(s.handler(pass))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.StartTLS()
	s.t.Cleanup(server.Close)
	s.config.Store.Endpoint = server.URL
}

func pass(w http.ResponseWriter, r *http.Request, next http.Handler) { next.ServeHTTP(w, r) }

// refuse answers requests of a method as S3 does, with a code, and passes the others on.
func refuse(status int, code string, methods ...string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		for _, m := range methods {
			if r.Method == m && r.Header.Get("Authorization") != "" {
				refusal(w, status, code)
				return
			}
		}
		next.ServeHTTP(w, r)
	}
}

func refusal(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>so it is</Message></Error>", code)
}

// listing says whether a request is ListObjectsV2.
func listing(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Query().Has("list-type")
}

// altered passes a request on and changes the head of the answer.
func altered(change func(h http.Header)) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		change(w.Header())
		w.WriteHeader(answer.Code)
		_, _ = io.Copy(w, answer.Body)
	}
}

// wait lets a request wait.
func wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// silent listens, takes connections and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return "http://" + l.Addr().String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// body returns what a request carries.
func body(r *http.Request) []byte {
	var b bytes.Buffer
	_, _ = io.Copy(&b, r.Body)
	return b.Bytes()
}
