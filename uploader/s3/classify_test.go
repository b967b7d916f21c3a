package s3

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// TestBusy: a store that asks for fewer requests did nothing, which a proxy's page or any other failure does not tell.
func TestBusy(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		a    answer
		busy bool
	}{
		"503":            {answer{status: 503, code: "SlowDown"}, true},
		"503 no room":    {answer{status: 503, code: "ServiceUnavailable"}, true},
		"429":            {answer{status: 429}, true},
		"503 of a proxy": {answer{status: 503}, false},
		"500":            {answer{status: 500, code: "InternalError"}, false},
		"a portal's":     {answer{status: 200, foreign: true}, false},
	} {
		if got := classify(request{op: "put"}, &tt.a).Busy; got != tt.busy {
			t.Errorf("%s: %v, want %v", name, got, tt.busy)
		}
	}
}

func TestClassifyAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		r    request
		a    answer
		kind store.ErrorKind
		cure string // a part of it; "" means none
	}{
		{"500", request{op: "put"}, answer{status: 500, code: "InternalError"}, store.Transient, ""},
		{"503", request{op: "put"}, answer{status: 503, code: "SlowDown"}, store.Transient, ""},
		{"429", request{op: "put"}, answer{status: 429}, store.Transient, ""},
		{"408", request{op: "put"}, answer{status: 400, code: "RequestTimeout"}, store.Transient, ""},
		{"operation aborted", request{op: "put"}, answer{status: 409, code: "OperationAborted"}, store.Transient, ""},
		{"conditional conflict", request{op: "put", conditional: true}, answer{status: 409, code: "ConditionalRequestConflict"}, store.Transient, ""},
		{"bad digest", request{op: "put"}, answer{status: 400, code: "BadDigest"}, store.Transient, ""},
		{"unknown code", request{op: "put"}, answer{status: 418, code: "Teapot"}, store.Transient, ""},
		{"precondition", request{op: "put", conditional: true}, answer{status: 412, code: "PreconditionFailed"}, store.Precondition, ""},
		{"if match on a missing key", request{op: "put", conditional: true, ifMatch: true}, answer{status: 404, code: "NoSuchKey"}, store.Precondition, ""},
		{"if match on a missing bucket", request{op: "put", conditional: true, ifMatch: true}, answer{status: 404, code: "NoSuchBucket"}, store.Alarm, "Create the bucket"},
		{"conditions unknown", request{op: "put", conditional: true}, answer{status: 501, code: "NotImplemented"}, store.Unsupported, "conditional"},
		{"conditions refused by name", request{op: "put", conditional: true}, answer{status: 400, code: "InvalidArgument", message: "If-None-Match is not supported"}, store.Unsupported, "conditional"},
		{"header unknown", request{op: "put", checksum: ChecksumCRC32C}, answer{status: 501, code: "NotImplemented"}, store.Alarm, "it is crc32c"},
		{"header refused", request{op: "put"}, answer{status: 400, code: "InvalidRequest"}, store.Alarm, "checksum"},
		{"key too long", request{op: "put"}, answer{status: 400, code: "KeyTooLongError"}, store.Permanent, "key"},
		{"too large", request{op: "put"}, answer{status: 400, code: "EntityTooLarge"}, store.Permanent, "segments shorter"},
		{"413 of a proxy", request{op: "put"}, answer{status: 413}, store.Alarm, "proxy"},
		{"key is a folder", request{op: "put"}, answer{status: 409, code: "ObjectParentIsFile"}, store.Permanent, "folder"},
		{"no such key", request{op: "get"}, answer{status: 404, code: "NoSuchKey"}, store.NotFound, ""},
		{"404 without a body, bucket there", request{op: "stat", missing: true}, answer{status: 404}, store.NotFound, ""},
		{"404 without a body, bucket unknown", request{op: "stat", bucket: "live"}, answer{status: 404}, store.Alarm, `"live"`},
		{"no such bucket", request{op: "list", bucket: "live"}, answer{status: 404, code: "NoSuchBucket"}, store.Alarm, `"live"`},
		{"bad bucket name", request{op: "put", bucket: "Live"}, answer{status: 400, code: "InvalidBucketName"}, store.Alarm, `"Live"`},
		{"denied put", request{op: "put"}, answer{status: 403, code: "AccessDenied"}, store.Alarm, "s3:PutObject"},
		{"denied list", request{op: "list"}, answer{status: 403, code: "AccessDenied"}, store.Alarm, "s3:ListBucket"},
		{"denied stat", request{op: "stat"}, answer{status: 403}, store.Alarm, "s3:ListBucket"},
		{"denied get", request{op: "get"}, answer{status: 403, code: "AccessDenied"}, store.Alarm, "s3:ListBucket"},
		{"wrong secret", request{op: "put"}, answer{status: 403, code: "SignatureDoesNotMatch"}, store.Alarm, "secret key"},
		{"wrong key", request{op: "put"}, answer{status: 403, code: "InvalidAccessKeyId"}, store.Alarm, "access key"},
		{"expired token", request{op: "put"}, answer{status: 400, code: "ExpiredToken"}, store.Alarm, "token has expired"},
		{"clock ahead", request{op: "put"}, answer{status: 403, code: "RequestTimeTooSkewed", skew: 16 * time.Minute}, store.Alarm, "16m0s ahead"},
		{"clock behind", request{op: "put"}, answer{status: 403, code: "RequestTimeTooSkewed", skew: -time.Hour}, store.Alarm, "1h0m0s behind"},
		{"clock", request{op: "put"}, answer{status: 403, code: "RequestTimeTooSkewed"}, store.Alarm, "NTP"},
		{"other region", request{op: "put"}, answer{status: 400, code: "AuthorizationHeaderMalformed", region: "eu-west-1"}, store.Alarm, "set the region to eu-west-1"},
		{"moved", request{op: "stat"}, answer{status: 301, region: "eu-west-1"}, store.Alarm, "set the region to eu-west-1"},
		{"quota", request{op: "put"}, answer{status: 403, code: "QuotaExceeded"}, store.Alarm, "quota"},
		{"disk full", request{op: "put"}, answer{status: 507}, store.Alarm, "make room"},
		{"portal", request{op: "put"}, answer{status: 200, foreign: true}, store.Transient, "login page"},
		{"plain on TLS", request{op: "put"}, answer{status: 400, foreign: true, plainOnTLS: true}, store.Alarm, "https://"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.r.key = "a.ts"
			wantClass(t, classify(tt.r, fmt.Errorf("wrapped: %w", &tt.a)), tt.kind, tt.cure)
		})
	}
}

func TestClassifyFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
		kind store.ErrorKind
		cure string
	}{
		{"reset", fmt.Errorf("write: %w", syscall.ECONNRESET), store.Transient, ""},
		{"refused", fmt.Errorf("dial: %w", syscall.ECONNREFUSED), store.Transient, ""},
		{"cut off", io.ErrUnexpectedEOF, store.Transient, ""},
		{"stall", &stallError{time.Second}, store.Transient, ""},
		{"cancelled", context.Canceled, store.Transient, ""},
		{"short body", &bodyError{io.ErrUnexpectedEOF}, store.Permanent, "shorter"},
		{"disk", &bodyError{syscall.EIO}, store.Transient, "disk"},
		{"no such host", &net.OpError{Op: "dial", Err: &net.DNSError{Name: "live.s3.eu-centrl-1.amazonaws.com", IsNotFound: true}}, store.Transient, "eu-centrl-1.amazonaws.com: check the region"},
		{"no name server", &net.DNSError{Name: "store.test", IsTimeout: true}, store.Transient, ""},
		{"authority", fmt.Errorf("tls: %w", x509.UnknownAuthorityError{}), store.Alarm, "SSL_CERT_FILE"},
		{"unsent", &requestError{"too large", "Cut it."}, store.Permanent, "Cut it."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wantClass(t, classify(request{op: "put", key: "a.ts"}, tt.err), tt.kind, tt.cure)
		})
	}
}

func wantClass(t *testing.T, e *store.Error, kind store.ErrorKind, cure string) {
	t.Helper()
	if e.Kind != kind || !strings.Contains(e.Cure, cure) || (cure == "") != (e.Cure == "") {
		t.Errorf("got kind %v, cure %q; want kind %v, cure with %q", e.Kind, e.Cure, kind, cure)
	}
	if e.Kind == store.Alarm && e.Cure == "" {
		t.Error("an alarm without a cure")
	}
}

// TestReadAnswer keeps what helps and drops what does not belong into a log.
func TestReadAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		handle http.HandlerFunc
		want   string
	}{
		{"document", refuse(403, "AccessDenied", "no"), "403 AccessDenied: no (request id REQ1)"},
		{"control characters", refuse(400, "Odd", "two\nlines\x7f"), "400 Odd: two lines (request id REQ1)"},
		{"long message", refuse(400, "Odd", strings.Repeat("é", 400)), "400 Odd: " + strings.Repeat("é", 150) + "… (request id REQ1)"},
		{"page", page(502), "502 with an answer that is not S3's"},
		{"nothing", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "500 Internal Server Error"},
		{"MinIO's header", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Minio-Error-Code", "NoSuchBucket")
			w.WriteHeader(404)
		}, "404 NoSuchBucket"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			tt.handle(w, nil)
			if got := readAnswer(w.Result()).Error(); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}
