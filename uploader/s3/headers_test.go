package s3

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

func TestCheckHeader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, value, want string }{ // want "" is fine
		{"x-amz-server-side-encryption", "AES256", ""},
		{"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "arn:aws:kms:eu-west-1:1:key/a", ""},
		{"x-amz-server-side-encryption", "aes256", "none of AES256"},
		{"x-amz-acl", "public-read", ""},
		{"x-amz-acl", "public", "none of private"},
		{"x-amz-grant-read", `id="abc"`, ""},
		{"x-amz-storage-class", "INTELLIGENT_TIERING", ""},
		{"x-amz-storage-class", "GLACIER", "no player"},
		{"x-amz-tagging", "team=live&stage=prod", ""},
		{"x-amz-tagging", "%zz", "one to ten tags"},
		{"x-amz-tagging", "a&b&c&d&e&f&g&h&i&j&k", "one to ten tags"},
		{"x-amz-meta-owner", "live", ""},
		{"x-amz-meta-", "live", "not sent"},
		{"X-Amz-Meta-Mtime", "1", "cannot be set"},
		{"x-amz-request-payer", "requester", ""},
		{"x-amz-request-payer", "me", "none of requester"},
		{"Expires", "Wed, 21 Oct 2026 07:28:00 GMT", ""},
		{"Expires", "3600", "no time"},
		{"content-disposition", "inline", ""},
		{"content-disposition", ";;", "nothing like inline"},
		{"Access-Control-Allow-Origin", "*", ""},
		{"authorization", "x", "not sent"},
		{"host", "x", "not sent"},
		{"content-length", "1", "cannot be set"},
		{"content-md5", "x", "not sent"},
		{"x-amz-content-sha256", "x", "not sent"},
		{"x-amz-checksum-crc32c", "x", "not sent"},
		{"x-amz-date", "x", "not sent"},
		{"x-amz-copy-source", "/a/b", "not sent"},
		{"if-none-match", "*", "not sent"},
		{"transfer-encoding", "chunked", "not sent"},
		{"cookie", "a=b", "not sent"},
		{"cache-control", "no-store", "setting of its own"},
		{"x-amz-server-side-encryption-customer-key", "x", "SSE-C"},
		{"x-amz-acl\r\nhost", "x", "cannot be the name of a header"},
		{"", "x", "cannot be the name of a header"},
		{"x-amz-meta-a", "a\r\nb: c", "printable"},
		{"x-amz-meta-a", " a", "printable"},
		{"x-amz-meta-a", "é", "printable"},
		{"x-amz-meta-a", "", "printable"},
	} {
		name, err := CheckHeader(tt.name, tt.value)
		switch {
		case tt.want == "" && (err != nil || name != http.CanonicalHeaderKey(tt.name)):
			t.Errorf("%s: %s: got %q, %v", tt.name, tt.value, name, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %s: got %v, want %q", tt.name, tt.value, err, tt.want)
		}
	}
}

// TestHeadersAndPayloadOnTheWire looks at what each request of the store carries: headers of an object with what makes it, that
// of who pays with all, and the bytes in the signature where that was asked for.
func TestHeadersAndPayloadOnTheWire(t *testing.T) {
	t.Parallel()
	network := newCloud(t, theSecret, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Last-Modified", "Wed, 21 Oct 2026 07:28:00 GMT")
		switch query := r.URL.Query(); {
		case query.Has("uploads"):
			_, _ = w.Write([]byte(`<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>`))
		case r.Header.Get("X-Amz-Copy-Source") != "":
			_, _ = w.Write([]byte(`<CopyPartResult><ETag>"p"</ETag></CopyPartResult>`))
		case r.Method == http.MethodPost:
			_, _ = w.Write([]byte(`<CompleteMultipartUploadResult><Bucket>live</Bucket><ETag>"e-2"</ETag></CompleteMultipartUploadResult>`))
		case query.Has("list-type"):
			_, _ = w.Write([]byte(`<ListBucketResult/>`))
		default:
			accept(w, r)
		}
	})
	s := mustOpen(t, network.reached(Config{Endpoint: "http://store.test", Bucket: "live", SignedPayload: true, RequestPayer: true}))
	s.transport.base.Proxy = nil
	o := segment("a.ts", strings.Repeat("x", 6<<20))
	o.Headers = map[string]string{"X-Amz-Acl": "public-read", "X-Amz-Meta-Owner": "live"}
	for name, call := range map[string]func(context.Context) error{
		"put": func(ctx context.Context) error { _, err := s.Put(ctx, o); return err },
		"append": func(ctx context.Context) error {
			p := o
			p.IfMatch = "e"
			_, err := s.Append(ctx, p, 5<<20)
			return err
		},
		"stat": func(ctx context.Context) error { _, err := s.Stat(ctx, "a.ts"); return err },
		"list": func(ctx context.Context) error {
			for _, err := range s.List(ctx, "") {
				return err
			}
			return nil
		},
		"remove": func(ctx context.Context) error { return s.Remove(ctx, "a.ts") },
	} {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	makes := 0
	for _, r := range network.requests {
		_, begins := r.URL.Query()["uploads"]
		made := begins || r.Method == http.MethodPut && r.URL.RawQuery == ""
		if made {
			makes++
		}
		if got := r.Header.Get("X-Amz-Acl") == "public-read" && r.Header.Get("X-Amz-Meta-Owner") == "live"; got != made {
			t.Errorf("%s %s: headers of the object: %v", r.Method, r.RequestURI, r.Header)
		}
		if r.Header.Get("X-Amz-Request-Payer") != "requester" {
			t.Errorf("%s %s does not say who pays", r.Method, r.RequestURI)
		}
		if r.Header.Get("X-Amz-Content-Sha256") == unsigned {
			t.Errorf("%s %s does not sign its payload", r.Method, r.RequestURI)
		}
	}
	if makes != 2 {
		t.Errorf("%d requests make an object, want 2: %d requests in all", makes, len(network.requests))
	}
}
