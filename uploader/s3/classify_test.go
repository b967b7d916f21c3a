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

	"github.com/hlsship/hlsship/uploader"
)

func TestClassifyAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		r    request
		a    answer
		kind uploader.ErrorKind
		cure string // a part of it; "" means none
	}{
		{"500", request{op: "put"}, answer{status: 500, code: "InternalError"}, uploader.Transient, ""},
		{"503", request{op: "put"}, answer{status: 503, code: "SlowDown"}, uploader.Transient, ""},
		{"429", request{op: "put"}, answer{status: 429}, uploader.Transient, ""},
		{"408", request{op: "put"}, answer{status: 400, code: "RequestTimeout"}, uploader.Transient, ""},
		{"operation aborted", request{op: "put"}, answer{status: 409, code: "OperationAborted"}, uploader.Transient, ""},
		{"conditional conflict", request{op: "put", conditional: true}, answer{status: 409, code: "ConditionalRequestConflict"}, uploader.Transient, ""},
		{"bad digest", request{op: "put"}, answer{status: 400, code: "BadDigest"}, uploader.Transient, ""},
		{"unknown code", request{op: "put"}, answer{status: 418, code: "Teapot"}, uploader.Transient, ""},
		{"precondition", request{op: "put", conditional: true}, answer{status: 412, code: "PreconditionFailed"}, uploader.Precondition, ""},
		{"if match on a missing key", request{op: "put", conditional: true, ifMatch: true}, answer{status: 404, code: "NoSuchKey"}, uploader.Precondition, ""},
		{"if match on a missing bucket", request{op: "put", conditional: true, ifMatch: true}, answer{status: 404, code: "NoSuchBucket"}, uploader.Alarm, "Create the bucket"},
		{"conditions unknown", request{op: "put", conditional: true}, answer{status: 501, code: "NotImplemented"}, uploader.Unsupported, "conditional"},
		{"conditions refused by name", request{op: "put", conditional: true}, answer{status: 400, code: "InvalidArgument", message: "If-None-Match is not supported"}, uploader.Unsupported, "conditional"},
		{"header unknown", request{op: "put", checksum: ChecksumCRC32C}, answer{status: 501, code: "NotImplemented"}, uploader.Alarm, "it is crc32c"},
		{"header refused", request{op: "put"}, answer{status: 400, code: "InvalidRequest"}, uploader.Alarm, "checksum"},
		{"key too long", request{op: "put"}, answer{status: 400, code: "KeyTooLongError"}, uploader.Permanent, "key"},
		{"too large", request{op: "put"}, answer{status: 400, code: "EntityTooLarge"}, uploader.Permanent, "segments shorter"},
		{"413 of a proxy", request{op: "put"}, answer{status: 413}, uploader.Alarm, "proxy"},
		{"key is a folder", request{op: "put"}, answer{status: 409, code: "ObjectParentIsFile"}, uploader.Permanent, "folder"},
		{"no such key", request{op: "get"}, answer{status: 404, code: "NoSuchKey"}, uploader.NotFound, ""},
		{"404 without a body, bucket there", request{op: "stat", missing: true}, answer{status: 404}, uploader.NotFound, ""},
		{"404 without a body, bucket unknown", request{op: "stat", bucket: "live"}, answer{status: 404}, uploader.Alarm, `"live"`},
		{"no such bucket", request{op: "list", bucket: "live"}, answer{status: 404, code: "NoSuchBucket"}, uploader.Alarm, `"live"`},
		{"bad bucket name", request{op: "put", bucket: "Live"}, answer{status: 400, code: "InvalidBucketName"}, uploader.Alarm, `"Live"`},
		{"denied put", request{op: "put"}, answer{status: 403, code: "AccessDenied"}, uploader.Alarm, "s3:PutObject"},
		{"denied list", request{op: "list"}, answer{status: 403, code: "AccessDenied"}, uploader.Alarm, "s3:ListBucket"},
		{"denied stat", request{op: "stat"}, answer{status: 403}, uploader.Alarm, "s3:ListBucket"},
		{"denied get", request{op: "get"}, answer{status: 403, code: "AccessDenied"}, uploader.Alarm, "s3:ListBucket"},
		{"wrong secret", request{op: "put"}, answer{status: 403, code: "SignatureDoesNotMatch"}, uploader.Alarm, "secret key"},
		{"wrong key", request{op: "put"}, answer{status: 403, code: "InvalidAccessKeyId"}, uploader.Alarm, "access key"},
		{"expired token", request{op: "put"}, answer{status: 400, code: "ExpiredToken"}, uploader.Alarm, "token has expired"},
		{"clock ahead", request{op: "put"}, answer{status: 403, code: "RequestTimeTooSkewed", skew: 16 * time.Minute}, uploader.Alarm, "16m0s ahead"},
		{"clock behind", request{op: "put"}, answer{status: 403, code: "RequestTimeTooSkewed", skew: -time.Hour}, uploader.Alarm, "1h0m0s behind"},
		{"clock", request{op: "put"}, answer{status: 403, code: "RequestTimeTooSkewed"}, uploader.Alarm, "NTP"},
		{"other region", request{op: "put"}, answer{status: 400, code: "AuthorizationHeaderMalformed", region: "eu-west-1"}, uploader.Alarm, "set the region to eu-west-1"},
		{"moved", request{op: "stat"}, answer{status: 301, region: "eu-west-1"}, uploader.Alarm, "set the region to eu-west-1"},
		{"quota", request{op: "put"}, answer{status: 403, code: "QuotaExceeded"}, uploader.Alarm, "quota"},
		{"disk full", request{op: "put"}, answer{status: 507}, uploader.Alarm, "make room"},
		{"portal", request{op: "put"}, answer{status: 200, foreign: true}, uploader.Transient, "login page"},
		{"plain on TLS", request{op: "put"}, answer{status: 400, foreign: true, plainOnTLS: true}, uploader.Alarm, "https://"},
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
		kind uploader.ErrorKind
		cure string
	}{
		{"reset", fmt.Errorf("write: %w", syscall.ECONNRESET), uploader.Transient, ""},
		{"refused", fmt.Errorf("dial: %w", syscall.ECONNREFUSED), uploader.Transient, ""},
		{"cut off", io.ErrUnexpectedEOF, uploader.Transient, ""},
		{"stall", &stallError{time.Second}, uploader.Transient, ""},
		{"cancelled", context.Canceled, uploader.Transient, ""},
		{"short body", &bodyError{io.ErrUnexpectedEOF}, uploader.Permanent, "shorter"},
		{"disk", &bodyError{syscall.EIO}, uploader.Transient, "disk"},
		{"no such host", &net.OpError{Op: "dial", Err: &net.DNSError{Name: "live.s3.eu-centrl-1.amazonaws.com", IsNotFound: true}}, uploader.Transient, "eu-centrl-1.amazonaws.com: check the region"},
		{"no name server", &net.DNSError{Name: "store.test", IsTimeout: true}, uploader.Transient, ""},
		{"authority", fmt.Errorf("tls: %w", x509.UnknownAuthorityError{}), uploader.Alarm, "SSL_CERT_FILE"},
		{"unsent", &requestError{"too large", "Cut it."}, uploader.Permanent, "Cut it."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wantClass(t, classify(request{op: "put", key: "a.ts"}, tt.err), tt.kind, tt.cure)
		})
	}
}

func wantClass(t *testing.T, e *uploader.Error, kind uploader.ErrorKind, cure string) {
	t.Helper()
	if e.Kind != kind || !strings.Contains(e.Cure, cure) || (cure == "") != (e.Cure == "") {
		t.Errorf("got kind %v, cure %q; want kind %v, cure with %q", e.Kind, e.Cure, kind, cure)
	}
	if e.Kind == uploader.Alarm && e.Cure == "" {
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
