package s3

import (
	"crypto/fips140"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/uploader/store"
)

// TestFIPS runs itself again as a process that may use no MD5, and asks there for each checksum: that it is refused, or that
// nothing of the store panics.
func TestFIPS(t *testing.T) {
	t.Parallel()
	if fips140.Enforced() {
		inFIPS(t)
		return
	}
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFIPS$", "-test.v")
	again.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := again.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestFIPS") {
		t.Errorf("%v\n%s", err, out)
	}
}

func inFIPS(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		w.Header().Set("Last-Modified", "Wed, 21 Oct 2026 07:28:00 GMT")
		switch {
		case query.Has("uploads"):
			_, _ = fmt.Fprint(w, `<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>`)
		case query.Has("list-type"):
			_, _ = fmt.Fprint(w, `<ListBucketResult/>`)
		case r.Header.Get("X-Amz-Copy-Source") != "":
			_, _ = fmt.Fprint(w, `<CopyPartResult><ETag>"p"</ETag></CopyPartResult>`)
		case query.Has("partNumber") && r.Header.Get("X-Amz-Content-Sha256") == unsigned:
			refuse(http.StatusBadRequest, "InvalidRequest", "nothing guards the part")(w, r)
		case r.Method == http.MethodPost:
			_, _ = fmt.Fprint(w, `<CompleteMultipartUploadResult><Bucket>live</Bucket><ETag>"e-2"</ETag></CompleteMultipartUploadResult>`)
		default:
			w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
		}
	}))
	defer server.Close()
	c := serverConfig(server.URL)
	if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "crc32c") {
		t.Errorf("md5: got %v, want a word of crc32c", err)
	}
	for _, sum := range []Checksum{ChecksumCRC32C, ChecksumNone} {
		c.Checksum = sum
		s := mustOpen(t, c)
		o := segment("a.ts", strings.Repeat("x", 6<<20))
		if _, err := s.Put(t.Context(), o); err != nil {
			t.Errorf("%s: put: %v", sum, err)
		}
		o.IfMatch = "e"
		if _, err := s.Append(t.Context(), o, 5<<20); err != nil && sum == ChecksumCRC32C {
			t.Errorf("%s: append: %v", sum, err)
		}
		if _, err := s.Stat(t.Context(), "a.ts"); err != nil {
			t.Errorf("%s: stat: %v", sum, err)
		}
		for _, err := range s.List(t.Context(), "") {
			if store.KindOf(err) != store.NotFound {
				t.Errorf("%s: list: %v", sum, err)
			}
		}
	}
}
