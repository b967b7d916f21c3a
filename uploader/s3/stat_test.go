package s3

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// quirky answers each kind of request for one key in its own way; nil is an object of 5 bytes, and a listing of nothing.
type quirky struct{ head, get, list http.HandlerFunc }

func (q quirky) serve(w http.ResponseWriter, r *http.Request) {
	handle := map[string]http.HandlerFunc{http.MethodHead: q.head, http.MethodGet: q.get}[r.Method]
	if r.URL.Query().Has("list-type") {
		handle = shows()
		if q.list != nil {
			handle = q.list
		}
	}
	if handle == nil {
		handle = ranged("hello")
	}
	handle(w, r)
}

// shows lists these keys, of 5 bytes each.
func shows(keys ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<ListBucketResult>")
		for _, k := range keys {
			fmt.Fprintf(w, `<Contents><Key>%s</Key><Size>5</Size><ETag>W/&quot;e&quot;</ETag><LastModified>2026-01-02T03:04:05Z</LastModified></Contents>`, k)
		}
		fmt.Fprint(w, "</ListBucketResult>")
	}
}

// ranged is an object, as net/http serves it.
func ranged(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"e"`)
		w.Header().Set("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
	}
}

func bare(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// TestStatWithoutHead asks otherwise where HEAD is refused, and remembers to.
func TestStatWithoutHead(t *testing.T) {
	t.Parallel()
	denied := refuse(403, "AccessDenied", "no")
	for _, tt := range []struct {
		name string
		q    quirky
		kind store.ErrorKind
		cure string // of a failure; empty for an object of size bytes
		size int64
		next int // requests of the second call
	}{
		{"405", quirky{head: bare(405)}, 0, "", 5, 1},
		{"501", quirky{head: bare(501)}, 0, "", 5, 1},
		{"403", quirky{head: bare(403)}, 0, "", 5, 1},
		{"whole for a range", quirky{head: bare(405), get: func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Range")
			ranged("hello")(w, r)
		}}, 0, "", 5, 1},
		{"empty", quirky{head: bare(405), get: ranged("")}, 0, "", 0, 1},
		{"missing", quirky{head: bare(405), get: refuse(404, "NoSuchKey", "no")}, store.NotFound, "", 0, 1},
		{"missing bucket", quirky{head: bare(405), get: refuse(404, "NoSuchBucket", "no")}, store.Alarm, "Create the bucket", 0, 1},
		{"everything", quirky{head: bare(405), get: bare(405)}, store.Alarm, "CDN", 0, 2},
		{"overloaded", quirky{head: bare(405), get: refuse(503, "SlowDown", "no")}, store.Transient, "", 0, 2},
		{"wrong keys", quirky{head: bare(403), get: refuse(403, "SignatureDoesNotMatch", "no")}, store.Alarm, "secret key", 0, 2},
		{"not to be read, but there", quirky{head: bare(403), get: denied, list: shows("a.ts", "a.ts.bak")}, 0, "", 5, 3},
		{"not to be read, as it is not there", quirky{head: bare(403), get: denied}, store.NotFound, "", 0, 3},
		{"not to be read, a neighbour there", quirky{head: bare(403), get: denied, list: shows("a.ts.bak")}, store.NotFound, "", 0, 3},
		{"neither read nor listed", quirky{head: bare(403), get: denied, list: denied}, store.Alarm, "Grant", 0, 3},
		{"clock told by the listing", quirky{head: bare(403), get: bare(403), list: refuse(403, "RequestTimeTooSkewed", "no")}, store.Alarm, "NTP", 0, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, tt.q.serve)
			s := mustOpen(t, serverConfig(server.URL))
			first := 0
			for range 2 {
				first = len(server.got())
				info, err := s.Stat(t.Context(), "a.ts")
				if tt.kind == 0 && tt.cure == "" && tt.next == 1 || tt.size > 0 {
					if err != nil || info.Size != tt.size || info.Key != "a.ts" || info.ETag != "e" && tt.size > 0 {
						t.Errorf("got %+v, %v", info, err)
					}
					continue
				}
				if e := mustError(t, err); e.Kind != tt.kind || !strings.Contains(e.Cure, tt.cure) {
					t.Errorf("got kind %v, cure %q (%v)", e.Kind, e.Cure, err)
				}
			}
			if n := len(server.got()) - first; n != tt.next {
				t.Errorf("got %d requests for the second call, want %d", n, tt.next)
			}
		})
	}
}

// TestDeniedAndNotListed reads a 403 as S3 means it where the bucket's names may be seen.
func TestDeniedAndNotListed(t *testing.T) {
	t.Parallel()
	denied := refuse(403, "AccessDenied", "no")
	for _, tt := range []struct {
		name      string
		get, list http.HandlerFunc
		kind      store.ErrorKind
	}{
		{"not there", denied, shows(), store.NotFound},
		{"not there, without a word", bare(403), shows(), store.NotFound},
		{"a neighbour is", denied, shows("a.ts.bak"), store.NotFound},
		{"there", denied, shows("a.ts"), store.Alarm},
		{"not to be listed", denied, denied, store.Alarm},
		{"listing overloaded", denied, refuse(503, "SlowDown", "no"), store.Alarm},
		{"listing of a portal", denied, page(200), store.Alarm},
		{"wrong keys", refuse(403, "InvalidAccessKeyId", "no"), shows(), store.Alarm},
		{"page of a filter", page(403), shows(), store.Transient},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := mustOpen(t, serverConfig(serve(t, quirky{get: tt.get, list: tt.list}.serve).URL))
			_, _, err := s.Get(t.Context(), "a.ts", 100)
			if e := mustError(t, err); e.Kind != tt.kind {
				t.Errorf("got kind %v (%v), want %v", e.Kind, err, tt.kind)
			}
		})
	}
}
