package s3

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// withHeaders lets the conformance suite see the headers of an object.
type withHeaders struct{ *Store }

func (s withHeaders) Headers(ctx context.Context, key string) (contentType, cacheControl string, err error) {
	h, err := s.Inspect(ctx, key, "https://player.example")
	return h.Get("Content-Type"), h.Get("Cache-Control"), err
}

// gatewayConfig is the configuration for a real server.
func gatewayConfig(g *storetest.GatewayServer) Config {
	return Config{
		Endpoint: g.Endpoint, Region: g.Region, Bucket: g.Bucket,
		Credentials: Credentials{AccessKey: g.AccessKey, SecretKey: Secret(g.SecretKey)},
	}
}

// serverConfig is the configuration for a server of this process.
func serverConfig(url string) Config {
	return Config{Endpoint: url, Bucket: "live", Credentials: Credentials{AccessKey: "access", SecretKey: "secret-key-of-the-test"}}
}

func mustOpen(t *testing.T, c Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.transport.base.CloseIdleConnections)
	return s
}

func TestConformsOnVersityGateway(t *testing.T) {
	t.Parallel()
	for _, sum := range []Checksum{ChecksumMD5, ChecksumCRC32C, ChecksumNone} {
		t.Run(string(sum), func(t *testing.T) {
			t.Parallel()
			c := gatewayConfig(storetest.Gateway(t))
			c.Checksum = sum
			skips := []storetest.Skip{{Name: "key below key", Reason: "its objects are files, its prefixes folders"}}
			if sum != ChecksumMD5 {
				skips = append(skips, storetest.Skip{Name: "list many", Reason: "no listing depends on the checksum"})
			}
			if sum == ChecksumNone {
				for _, name := range []string{"cancelled while reading", "paced and cancelled"} {
					skips = append(skips, storetest.Skip{Name: name, Reason: "it stores what came of a body whose connection broke, one time in ten, unless a checksum forbids it"})
				}
			}
			storetest.Conformance(t, func(t *testing.T) store.Store { return withHeaders{mustOpen(t, c)} }, skips...)
		})
	}
}

// fakeServer starts gofakes3 in this process and returns its URL.
func fakeServer(t *testing.T) string {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("live"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.Handler(gofakes3.New(backend).Server()))
	t.Cleanup(server.Close)
	return server.URL
}

func TestConformsOnGofakes3(t *testing.T) {
	t.Parallel()
	c := serverConfig(fakeServer(t))
	storetest.Conformance(t, func(t *testing.T) store.Store { return withHeaders{mustOpen(t, c)} },
		storetest.Skip{Name: "append", Reason: "it knows no UploadPartCopy"},
		storetest.Skip{Name: "append to another", Reason: "it knows no UploadPartCopy"},
		storetest.Skip{Name: "append of a failing body", Reason: "it knows no UploadPartCopy"},
		storetest.Skip{Name: "headers", Reason: "it drops Cache-Control"})
}
