package s3

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// recorded is one request that a test server got.
type recorded struct {
	*http.Request
	body []byte
}

// script is a server of this process that answers with handle and keeps every request.
type script struct {
	*httptest.Server
	conns atomic.Int32

	mu       sync.Mutex
	requests []recorded
}

func serve(t *testing.T, handle http.HandlerFunc) *script {
	t.Helper()
	s := &script{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.requests = append(s.requests, recorded{r, body})
		s.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		handle(w, r)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.conns.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *script) got() []recorded {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]recorded(nil), s.requests...)
}

// accept answers a PUT as S3 does.
func accept(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	sum := md5.Sum(body)
	w.Header().Set("ETag", strconv.Quote(hex.EncodeToString(sum[:])))
}

// refuse answers with an S3 error document.
func refuse(status int, code, message string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>`+code+`</Code><Message>`+message+`</Message><RequestId>REQ1</RequestId></Error>`)
	}
}

// page answers with something that is not S3's.
func page(status int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Welcome to the hotel</title></head><body>Log in</body></html>`)
	}
}

func segment(key, content string) store.Object {
	return store.Object{Key: key, Body: strings.NewReader(content), Size: int64(len(content)), ContentType: "video/mp2t"}
}

func mustError(t *testing.T, err error) *store.Error {
	t.Helper()
	e, ok := errors.AsType[*store.Error](err)
	if !ok {
		t.Fatalf("got %v, want an *store.Error", err)
	}
	return e
}

func TestPutOnTheWire(t *testing.T) {
	t.Parallel()
	content := "123456789" // the check value of every CRC catalogue
	sum := md5.Sum([]byte(content))
	contentMD5 := base64.StdEncoding.EncodeToString(sum[:])
	for _, tt := range []struct {
		name     string
		checksum Checksum
		object   func(*store.Object)
		want     map[string]string // "" means absent
	}{
		{"md5", ChecksumMD5, func(*store.Object) {}, map[string]string{
			"Content-Md5": contentMD5, "X-Amz-Checksum-Crc32c": "", "X-Amz-Acl": "", "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD",
			"Content-Type": "video/mp2t", "Cache-Control": "", "If-Match": "", "If-None-Match": "", "X-Amz-Trailer": "",
			"X-Amz-Sdk-Checksum-Algorithm": "", "X-Amz-Checksum-Algorithm": "", "Expect": "",
		}},
		{"crc32c", ChecksumCRC32C, func(*store.Object) {}, map[string]string{
			"Content-Md5": "", "X-Amz-Checksum-Crc32c": "4waSgw==", "X-Amz-Trailer": "", "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD",
		}},
		{"none", ChecksumNone, func(*store.Object) {}, map[string]string{"Content-Md5": "", "X-Amz-Checksum-Crc32c": ""}},
		{"cache control", ChecksumMD5, func(o *store.Object) { o.CacheControl = "public, max-age=2" },
			map[string]string{"Cache-Control": "public, max-age=2"}},
		{"if absent", ChecksumMD5, func(o *store.Object) { o.IfAbsent = true }, map[string]string{"If-None-Match": "*", "If-Match": ""}},
		{"if match", ChecksumMD5, func(o *store.Object) { o.IfMatch = "abc" }, map[string]string{"If-Match": `"abc"`, "If-None-Match": ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, accept)
			c := serverConfig(server.URL)
			c.Checksum, c.Version = tt.checksum, "1.2.3"
			o := segment("live/a b+c.ts", content)
			tt.object(&o)
			if _, err := mustOpen(t, c).Put(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			requests := server.got()
			if len(requests) != 1 {
				t.Fatalf("got %d requests, want 1", len(requests))
			}
			r := requests[0]
			if r.Method != http.MethodPut || r.URL.Path != "/live/live/a b+c.ts" || r.URL.RawQuery != "" {
				t.Errorf("got %s %s", r.Method, r.URL)
			}
			if r.ContentLength != int64(len(content)) || len(r.TransferEncoding) > 0 || string(r.body) != content {
				t.Errorf("got length %d, encoding %v, body %q", r.ContentLength, r.TransferEncoding, r.body)
			}
			if !strings.Contains(r.UserAgent(), "hlsship/1.2.3") || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
				t.Errorf("got user agent %q, authorization %q", r.UserAgent(), r.Header.Get("Authorization"))
			}
			for name, want := range tt.want {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
		})
	}
}

// TestOneTry: minio-go's own ten tries would hide from the metrics.
func TestOneTry(t *testing.T) {
	t.Parallel()
	server := serve(t, refuse(503, "SlowDown", "reduce your request rate", "Retry-After", "7"))
	s := mustOpen(t, serverConfig(server.URL))
	for n := 1; n <= 10; n++ {
		_, err := s.Put(t.Context(), segment("a.ts", strings.Repeat("x", 300<<10)))
		if e := mustError(t, err); e.Kind != store.Transient || e.RetryAfter != 7*time.Second {
			t.Fatalf("got kind %v, retry after %v (%v)", e.Kind, e.RetryAfter, err)
		}
		if got := len(server.got()); got != n {
			t.Fatalf("got %d requests for %d calls", got, n)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, value, date string
		want              time.Duration
	}{
		{"none", "", "", 0},
		{"seconds", "120", "", 2 * time.Minute},
		{"date by the server's clock", "Mon, 02 Jan 2006 15:05:05 GMT", "Mon, 02 Jan 2006 15:04:05 GMT", time.Minute},
		{"date that has passed", "Mon, 02 Jan 2006 15:03:05 GMT", "Mon, 02 Jan 2006 15:04:05 GMT", 0},
		{"negative", "-3", "", 0},
		{"nonsense", "soon", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := http.Header{}
			h.Set("Retry-After", tt.value)
			h.Set("Date", tt.date)
			if got := retryAfter(h); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestForeignAnswers: what a portal or proxy says is neither success nor an empty bucket.
func TestForeignAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		handle http.HandlerFunc
	}{
		{"a page", page(200)},
		{"an empty success", func(http.ResponseWriter, *http.Request) {}},
		{"no content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }},
		{"redirect to a login", page(302, "Location", "http://127.0.0.1:1/login")},
		{"a 404 page", page(404)},
		{"a 403 page", page(403)},
		{"a 511 page", page(511)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := mustOpen(t, serverConfig(serve(t, tt.handle).URL))
			_, err := s.Put(t.Context(), segment("a.ts", "x"))
			wantForeign(t, err)
			_, _, err = s.Get(t.Context(), "a.ts", 1<<20)
			wantForeign(t, err)
			n := 0
			for _, err := range s.List(t.Context(), "") {
				wantForeign(t, err)
				n++
			}
			if n != 1 {
				t.Errorf("list: got %d answers, want one error", n)
			}
			_, err = s.Stat(t.Context(), "a.ts")
			if kind := mustError(t, err).Kind; kind != store.Transient && kind != store.Alarm {
				t.Errorf("stat: got kind %v (%v)", kind, err)
			}
		})
	}
}

func wantForeign(t *testing.T, err error) {
	t.Helper()
	e := mustError(t, err)
	if e.Kind != store.Transient || e.Cure == "" {
		t.Errorf("%s: got kind %v, cure %q (%v); want transient with a cure", e.Op, e.Kind, e.Cure, err)
	}
	if strings.Contains(err.Error(), "hotel") {
		t.Errorf("%s: the error repeats the page: %v", e.Op, err)
	}
}

func TestETag(t *testing.T) {
	t.Parallel()
	const wrong = `"00000000000000000000000000000000"`
	for _, tt := range []struct {
		name     string
		checksum Checksum
		headers  map[string]string
		want     string
		kind     store.ErrorKind
	}{
		{"wrong MD5", ChecksumMD5, map[string]string{"ETag": wrong}, "", store.Alarm},
		{"upper case", ChecksumMD5, map[string]string{"ETag": `"9DD4E461268C8034F5C8564E155C67A6"`}, "9DD4E461268C8034F5C8564E155C67A6", 0},
		{"multipart", ChecksumMD5, map[string]string{"ETag": `"00000000000000000000000000000000-1"`}, "00000000000000000000000000000000-1", 0},
		{"no MD5", ChecksumMD5, map[string]string{"ETag": `"CAFEBABE"`}, "CAFEBABE", 0},
		{"encrypted by KMS", ChecksumMD5, map[string]string{"ETag": wrong, "X-Amz-Server-Side-Encryption": "aws:kms"}, strings.Trim(wrong, `"`), 0},
		{"encrypted by S3", ChecksumMD5, map[string]string{"ETag": wrong, "X-Amz-Server-Side-Encryption": "AES256"}, "", store.Alarm},
		{"unknown MD5", ChecksumNone, map[string]string{"ETag": wrong}, strings.Trim(wrong, `"`), 0},
		{"missing", ChecksumNone, nil, "", store.Transient},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := serverConfig(serve(t, func(w http.ResponseWriter, _ *http.Request) {
				for name, value := range tt.headers {
					w.Header().Set(name, value)
				}
			}).URL)
			c.Checksum = tt.checksum
			etag, err := mustOpen(t, c).Put(t.Context(), segment("a.ts", "x"))
			if etag != tt.want || tt.want == "" && mustError(t, err).Kind != tt.kind || tt.want != "" && err != nil {
				t.Errorf("got %q, %v; want %q, kind %v", etag, err, tt.want, tt.kind)
			}
		})
	}
}

func TestTooLargeIsNotSent(t *testing.T) {
	t.Parallel()
	server := serve(t, accept)
	o := segment("a.ts", "x")
	o.Size = maxPut + 1
	_, err := mustOpen(t, serverConfig(server.URL)).Put(t.Context(), o)
	if e := mustError(t, err); e.Kind != store.Permanent || e.Cure == "" || len(server.got()) > 0 {
		t.Errorf("got kind %v (%v) and %d requests", e.Kind, err, len(server.got()))
	}
}

// A key that no store has is not asked for, and not tried again.
func TestImpossibleKeysAreNotSent(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{"none": "", "blank": " ", "no text": "a\xff.ts", "too long": strings.Repeat("a", 1025)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, accept)
			_, err := mustOpen(t, serverConfig(server.URL)).Put(t.Context(), segment(key, "x"))
			if e := mustError(t, err); e.Kind != store.Permanent || len(server.got()) > 0 {
				t.Errorf("got kind %v (%v) and %d requests", e.Kind, err, len(server.got()))
			}
		})
	}
}

// An object without bytes says so: in chunks it would have no length, which some stores refuse.
func TestEmptyObjectHasALength(t *testing.T) {
	t.Parallel()
	server := serve(t, accept)
	if _, err := mustOpen(t, serverConfig(server.URL)).Put(t.Context(), segment("a.ts", "")); err != nil {
		t.Fatal(err)
	}
	if r := server.got()[0]; r.Header.Get("Content-Length") != "0" || len(r.TransferEncoding) > 0 {
		t.Errorf("got length %q, encoding %v", r.Header.Get("Content-Length"), r.TransferEncoding)
	}
}
