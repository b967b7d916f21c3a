package s3

import (
	"testing"

	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// TestConformsOnQuirks holds the Store against every store of quirks that can be used.
func TestConformsOnQuirks(t *testing.T) {
	t.Parallel()
	for _, q := range storetest.Quirks() {
		if !q.Conforms {
			continue
		}
		t.Run(q.Name, func(t *testing.T) {
			t.Parallel()
			server := storetest.Serve(t, q)
			c := serverConfig(server.URL)
			storetest.Conformance(t, func(t *testing.T) uploader.Store { return withHeaders{mustOpen(t, c)} }, q.Skips...)
		})
	}
}
