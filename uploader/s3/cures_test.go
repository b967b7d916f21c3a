package s3

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// TestCures plays answers as stores, gateways and proxies give them, and wants what the operator is told to mend it. What
// somebody can mend is an alarm: its bytes are kept.
func TestCures(t *testing.T) {
	t.Parallel()
	put, get := request{op: "put", bucket: "live", checksum: ChecksumMD5}, request{op: "get", bucket: "live"}
	conditional := request{op: "put", conditional: true, ifMatch: true, checksum: ChecksumMD5}
	appends := request{op: "put", conditional: true, ifMatch: true, appends: true}
	for _, tt := range []struct {
		name    string
		r       request
		status  int
		code    string // empty for an answer without a body, "page" for a proxy's
		message string // with what follows it in the document
		headers map[string]string
		kind    store.ErrorKind
		alive   bool
		cure    string
	}{
		{"R2, region", put, 400, "InvalidRegionName", "The region name 'x' is not valid. Must be one of: wnam, enam, auto", nil, store.Alarm, false, `region to one of wnam, enam, auto\.`},
		{"AWS, region in the message", put, 400, "AuthorizationHeaderMalformed", "the region 'us-east-1' is wrong; expecting 'eu-south-2'", nil, store.Alarm, false, `set the region to eu-south-2\.`},
		{"Garage, region in the document", put, 400, "AuthorizationHeaderMalformed", "unexpected scope</Message><Region>garage</Region><Message>", nil, store.Alarm, false, `set the region to garage\.`},
		{"location constraint", put, 400, "InvalidLocationConstraint", "no", nil, store.Alarm, false, "region and the endpoint"},
		{"region as an invalid argument", put, 400, "InvalidArgument", "Invalid region was provided", nil, store.Alarm, true, "region"},
		{"signature", put, 403, "SignatureDoesNotMatch", "no", nil, store.Alarm, false, "secret key.*region.*clock.*proxy.*Host"},
		{"unknown key", put, 403, "InvalidAccessKeyId", "no", nil, store.Alarm, false, "access key"},
		{"explicit deny", put, 403, "AccessDenied", "not authorized to perform: s3:PutObject with an explicit deny in a resource-based policy", nil, store.Alarm, true, "Deny with a condition.*encryption header.*--header"},
		{"denied", put, 403, "AccessDenied", "Access Denied", nil, store.Alarm, true, "Grant s3:PutObject"},
		{"KMS, grant", put, 403, "AccessDenied", "not authorized to perform: kms:GenerateDataKey", nil, store.Alarm, true, "kms:GenerateDataKey"},
		{"KMS, disabled key", put, 400, "KMS.DisabledException", "arn is disabled", nil, store.Alarm, true, "KMS.*enable"},
		{"KMS, throttled", put, 400, "KMS.ThrottlingException", "rate exceeded", nil, store.Transient, true, "^$"},
		{"KMS, not configured", put, 501, "KMSNotConfigured", "no", nil, store.Alarm, true, "KMS"},
		{"Tencent COS, path style", put, 403, "PathStyleDomainForbidden", "no", nil, store.Alarm, false, "--addressing virtual"},
		{"Alibaba OSS, path style", put, 403, "SecondLevelDomainForbidden", "no", nil, store.Alarm, false, "--addressing virtual"},
		{"path style as an invalid request", put, 400, "InvalidRequest", "must be addressed using virtual hosted style", nil, store.Alarm, true, "--addressing virtual"},
		{"B2, cap", put, 403, "AccessDenied", "Cannot upload files, storage cap exceeded", nil, store.Alarm, true, "quota"},
		{"quota of a vendor", put, 403, "QuotaExceeded", "no", nil, store.Alarm, true, "quota"},
		{"unpaid", put, 403, "UserDisable", "no", nil, store.Alarm, false, "bill"},
		{"MinIO, lock", put, 400, "ObjectLocked", "Object is WORM protected and cannot be overwritten", nil, store.Alarm, true, "retention"},
		{"lock as a denial", put, 403, "AccessDenied", "Access Denied because object protected by object lock", nil, store.Alarm, true, "retention"},
		{"archived", put, 403, "InvalidObjectState", "no", nil, store.Alarm, true, "replace"},
		{"lock wants a checksum", put, 400, "InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters", nil, store.Alarm, true, `checksum to another .*it is md5`},
		{"Express, MD5", put, 501, "NotImplemented", "A header you provided implies functionality that is not implemented: Content-Md5", nil, store.Alarm, true, `checksum to another`},
		{"Express, MD5 beside a condition", conditional, 501, "NotImplemented", "not implemented: Content-Md5", nil, store.Alarm, true, `checksum to another`},
		{"condition", conditional, 501, "NotImplemented", "not implemented", nil, store.Unsupported, true, "conditional"},
		{"Garage, clock", put, 400, "InvalidRequest", "Date is too old", map[string]string{"Date": time.Now().Add(-20 * time.Minute).UTC().Format(http.TimeFormat)}, store.Alarm, true, "20m.* ahead"},
		{"clock", put, 403, "RequestTimeTooSkewed", "no", map[string]string{"Date": time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}, store.Alarm, false, "(59m|1h).* behind"},
		{"ACL", put, 400, "AccessControlListNotSupported", "no", nil, store.Alarm, true, "x-amz-acl"},
		{"storage class", put, 400, "InvalidStorageClass", "no", nil, store.Alarm, true, "x-amz-storage-class"},
		{"method", put, 405, "MethodNotAllowed", "no", nil, store.Alarm, true, "CDN"},
		{"method without a body", put, 405, "", "", nil, store.Alarm, true, "CDN"},
		{"HEAD that nobody knows", request{op: "stat"}, 501, "", "", nil, store.Alarm, true, "CDN"},
		{"nginx, size", put, 413, "page", "", nil, store.Alarm, false, "client_max_body_size"},
		{"size without a body", put, 413, "", "", nil, store.Alarm, true, "client_max_body_size"},
		{"length", put, 411, "page", "", nil, store.Alarm, false, "Content-Length"},
		{"long headers", put, 431, "", "", nil, store.Alarm, true, "limit"},
		{"proxy wants a password", put, 407, "page", "", nil, store.Alarm, false, "HTTPS_PROXY"},
		{"to TLS", put, 308, "page", "", map[string]string{"Location": "https://store.example:8443/live/a.ts?X-Amz-Signature=secret"}, store.Alarm, false, `write https://store\.example:8443 as the endpoint\.$`},
		{"to a login page", put, 302, "page", "", map[string]string{"Location": "https://hotel.example/login?token=secret"}, store.Transient, false, `login page.*sends to https://hotel\.example\.$`},
		{"to nowhere", put, 302, "page", "", nil, store.Transient, false, "login page.*try https://"},
		{"bad gateway", put, 502, "page", "", nil, store.Transient, false, "login page"},
		{"busy", put, 503, "SlowDown", "no", nil, store.Transient, false, "^$"},
		{"too many", put, 429, "TooManyRequests", "no", nil, store.Transient, false, "^$"},
		{"full disk", put, 507, "XMinioStorageFull", "no", nil, store.Alarm, false, "make room"},
		{"key", put, 400, "KeyTooLongError", "no", nil, store.Permanent, true, "key"},
		{"large", put, 400, "EntityTooLarge", "no", nil, store.Permanent, true, "shorter"},
		{"small", put, 400, "EntityTooSmall", "no", nil, store.Permanent, true, "smaller"},
		{"part that is too small", appends, 400, "EntityTooSmall", "no", nil, store.Unsupported, true, "whole"},
		{"part that is not copied", appends, 400, "InvalidRequest", "no", nil, store.Unsupported, true, "whole"},
		{"denied part", appends, 403, "AccessDenied", "no", nil, store.Alarm, true, "Grant"},
		{"address", put, 400, "InvalidURI", "no", nil, store.Alarm, true, "escaped"},
		{"read is refused", get, 400, "InvalidArgument", "no", nil, store.Alarm, true, "gateway"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			for name, value := range tt.headers {
				w.Header().Set(name, value)
			}
			switch tt.code {
			case "":
				w.WriteHeader(tt.status)
			case "page":
				page(tt.status)(w, nil)
			default:
				refuse(tt.status, tt.code, tt.message)(w, nil)
			}
			resp := w.Result()
			resp.Request = httptest.NewRequest(http.MethodPut, "http://store.example/live/a.ts", nil)
			e := classify(tt.r, fmt.Errorf("wrapped: %w", readAnswer(resp)))
			if e.Kind != tt.kind || e.Alive != tt.alive || !regexp.MustCompile(tt.cure).MatchString(e.Cure) {
				t.Errorf("got kind %v, alive %v, cure %q; want %v, %v, %q", e.Kind, e.Alive, e.Cure, tt.kind, tt.alive, tt.cure)
			}
		})
	}
}

// TestClientCertificate names what is missing, and not the endpoint's certificate.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { accept(w, r) }))
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: version}
			server.StartTLS()
			defer server.Close()
			s := mustOpen(t, serverConfig(server.URL))
			s.transport.base.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
			var err error
			for range 20 { // the server's close may overtake its alert
				if _, err = s.Put(t.Context(), segment("a.ts", "x")); store.KindOf(err) == store.Alarm {
					break
				}
			}
			if e := mustError(t, err); e.Kind != store.Alarm || !regexp.MustCompile("client certificate").MatchString(e.Cure) {
				t.Errorf("got kind %v, cure %q (%v)", e.Kind, e.Cure, err)
			}
		})
	}
}

// TestSuccessIsTheRequests takes every status with which S3 and those that imitate it say that it was done, and nothing that
// a portal would say.
func TestSuccessIsTheRequests(t *testing.T) {
	t.Parallel()
	tag := map[string]string{"ETag": `"9dd4e461268c8034f5c8564e155c67a6"`} // of "x"
	for _, tt := range []struct {
		name, method, query string
		request             map[string]string
		status              int
		headers             map[string]string
		body                string
		ok                  bool
	}{
		{"stored", "PUT", "", nil, 200, tag, "", true},
		{"created", "PUT", "", nil, 201, tag, "", true},
		{"no content", "PUT", "", nil, 204, tag, "", true},
		{"created without a word", "PUT", "", nil, 201, nil, "", false},
		{"accepted", "PUT", "", nil, 202, tag, "", false},
		{"weak", "PUT", "", nil, 200, map[string]string{"ETag": `W/"9dd4e461268c8034f5c8564e155c67a6"`}, "", true},
		{"weak and empty", "PUT", "", nil, 200, map[string]string{"ETag": `W/""`}, "", false},
		{"read", "GET", "", nil, 200, tag, "x", true},
		{"read by a portal", "GET", "", nil, 200, nil, "<html/>", false},
		{"part nobody asked for", "GET", "", nil, 206, tag, "x", false},
		{"part", "GET", "", map[string]string{"Range": "bytes=0-0"}, 206, tag, "x", true},
		{"whole for a part", "GET", "", map[string]string{"Range": "bytes=0-0"}, 200, tag, "x", true},
		{"listing", "GET", "list-type=2", nil, 200, nil, "<ListBucketResult/>", true},
		{"listing of a portal", "GET", "list-type=2", nil, 200, tag, "<html/>", false},
		{"upload", "POST", "uploads=", nil, 200, nil, "<InitiateMultipartUploadResult/>", true},
		{"completion", "POST", "uploadId=1", nil, 200, nil, "<CompleteMultipartUploadResult/>", true},
		{"completion that failed late", "POST", "uploadId=1", nil, 200, nil, "<Error/>", false},
		{"copy", "PUT", "uploadId=1&partNumber=1", map[string]string{"X-Amz-Copy-Source": "b/k"}, 200, nil, "<CopyPartResult/>", true},
		{"copy that failed late", "PUT", "uploadId=1&partNumber=1", map[string]string{"X-Amz-Copy-Source": "b/k"}, 200, tag, "<Error/>", false},
		{"part sent", "PUT", "uploadId=1&partNumber=2", nil, 200, tag, "", true},
		{"deleted", "DELETE", "", nil, 204, nil, "", true},
		{"deleted, some say so", "DELETE", "", nil, 200, nil, "", true},
		{"deleted by a portal", "DELETE", "", nil, 200, nil, "<html/>", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequest(tt.method, "http://store.example/live/a.ts?"+tt.query, nil)
			for name, value := range tt.request {
				req.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			for name, value := range tt.headers {
				w.Header().Set(name, value)
			}
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
			resp := w.Result()
			err := expect(req, resp)
			if (err == nil) != tt.ok {
				t.Fatalf("got %v", err)
			}
			if !tt.ok {
				return
			}
			if body, _ := io.ReadAll(resp.Body); string(body) != tt.body {
				t.Errorf("got body %q", body)
			}
			if want := map[bool]int{true: 204, false: 200}[tt.method == "DELETE"]; resp.StatusCode != want {
				t.Errorf("got status %d, which minio-go does not know", resp.StatusCode)
			}
		})
	}
}

// TestOddSuccesses goes through minio-go, which knows 200 alone.
func TestOddSuccesses(t *testing.T) {
	t.Parallel()
	for _, status := range []int{201, 204} {
		for _, tag := range []string{`"9dd4e461268c8034f5c8564e155c67a6"`, `W/"9dd4e461268c8034f5c8564e155c67a6"`} {
			server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("ETag", tag)
				w.WriteHeader(status)
			})
			etag, err := mustOpen(t, serverConfig(server.URL)).Put(t.Context(), segment("a.ts", "x"))
			if etag != "9dd4e461268c8034f5c8564e155c67a6" || err != nil {
				t.Errorf("%d %s: got %q, %v", status, tag, etag, err)
			}
		}
	}
}
