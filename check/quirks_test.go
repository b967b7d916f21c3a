//go:build linux

package check

import (
	"regexp"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// TestQuirksAreFound looks at each store of quirks: what keeps files from being shipped is named, with the cure that
// mends it, and no store that works is called broken.
func TestQuirksAreFound(t *testing.T) {
	t.Parallel()
	for _, q := range storetest.Quirks() {
		t.Run(q.Name, func(t *testing.T) {
			t.Parallel()
			server := storetest.Serve(t, q)
			s := newStage(t, &storetest.GatewayServer{Endpoint: server.URL, Region: "us-east-1", Bucket: server.Bucket, AccessKey: "access", SecretKey: "secret-key-of-the-test"})
			began := time.Now()
			all := Run(t.Context(), s.config)
			if took := time.Since(began); took > Limit+cleanupLimit {
				t.Errorf("took %s", took)
			}
			want, level, cure := regexp.MustCompile("^("+q.Finding+")$"), regexp.MustCompile("^("+q.Level+")$"), regexp.MustCompile(q.Cure)
			found := false
			for _, f := range all {
				if q.Finding != "" && want.MatchString(f.ID) && level.MatchString(f.Level.String()) && cure.MatchString(f.Cure) {
					found = true
				} else if f.Level == Error && (q.Conforms || q.Finding != "" && q.Level != "error") {
					t.Errorf("another error: %+v", f)
				}
			}
			if q.Finding != "" && !found {
				t.Errorf("got no %s of level %s with a cure that says %q; all:\n%s", q.Finding, q.Level, q.Cure, listed(all))
			}
		})
	}
}
