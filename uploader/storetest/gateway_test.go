package storetest_test

import (
	"net/http"
	"testing"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// TestGateway expects an S3 server that refuses strangers, and none of it left afterwards.
func TestGateway(t *testing.T) {
	t.Parallel()
	var endpoint string
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	t.Run("runs", func(t *testing.T) {
		g, other := storetest.Gateway(t), storetest.Gateway(t)
		if g.Endpoint == other.Endpoint {
			t.Fatalf("two gateways at %s", g.Endpoint)
		}
		endpoint = g.Endpoint
		resp, err := client.Get(g.Endpoint + "/" + g.Bucket + "/a")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("without a signature: got %s, want 403", resp.Status)
		}
	})
	if resp, err := client.Get(endpoint); err == nil {
		resp.Body.Close()
		t.Errorf("%s still answers", endpoint)
	}
}
