package s3

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// TestRenewOnVersityGateway goes over to a second account, by other keys and by other content of the same files, and
// keeps the keys where the new ones cannot be had.
func TestRenewOnVersityGateway(t *testing.T) {
	t.Parallel()
	g := storetest.Gateway(t)
	if err := g.AddAdmin(t.Context(), "second", "second-secret"); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, gatewayConfig(g))
	put := func() error {
		_, err := s.Put(t.Context(), segment("live/a.ts", "x"))
		return err
	}
	renew := func(c Credentials) error {
		use, err := s.Renew(t.Context(), c)
		if err == nil {
			use()
		}
		return err
	}
	files := Credentials{AccessKeyFile: writeFile(t, "second\n"), SecretKeyFile: writeFile(t, " second-secret \n")}
	steps := []struct {
		name          string
		c             Credentials
		refused, void bool // by Renew, by the store
	}{
		{"wrong secret", Credentials{AccessKey: "second", SecretKey: "wrong"}, false, true},
		{"second account", Credentials{AccessKey: "second", SecretKey: "second-secret"}, false, false},
		{"no such file", Credentials{AccessKeyFile: "/nonexistent/a", SecretKeyFile: "/nonexistent/s"}, true, false},
		{"first account", Credentials{AccessKey: g.AccessKey, SecretKey: Secret(g.SecretKey)}, false, false},
		{"files", files, false, false},
		{"file with two words", Credentials{AccessKeyFile: files.AccessKeyFile, SecretKeyFile: writeFile(t, "a secret")}, true, false},
		{"empty file", Credentials{AccessKeyFile: files.AccessKeyFile, SecretKeyFile: writeFile(t, "\n")}, true, false},
		{"file too large", Credentials{AccessKeyFile: files.AccessKeyFile, SecretKeyFile: writeFile(t, strings.Repeat("s", maxKeyFile+1))}, true, false},
	}
	for _, step := range steps {
		if err := renew(step.c); (err != nil) != step.refused {
			t.Errorf("%s: Renew returned %v, want an error: %v", step.name, err, step.refused)
		} else if err != nil && strings.Contains(err.Error(), "a secret") {
			t.Errorf("%s: the error shows the secret: %v", step.name, err)
		}
		if err := put(); (err != nil) != step.void {
			t.Errorf("%s: Put returned %v, want an error: %v", step.name, err, step.void)
		}
	}
}

// TestRenewIsNotUndone: keys that a source gave that was replaced meanwhile are not used.
func TestRenewIsNotUndone(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	s := mustOpen(t, Config{Endpoint: server.URL, Bucket: "bucket", Credentials: Credentials{AccessKey: "first", SecretKey: "s"}})
	use, err := s.Renew(t.Context(), Credentials{AccessKey: "second", SecretKey: "s"})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.keys.current.Load().AccessKeyID; got != "first" {
		t.Errorf("keys are %q before they are to be used", got)
	}
	s.keys.find.Store(foundAt(func(context.Context, *http.Client) (credentials.Value, error) {
		use()
		return credentials.Value{AccessKeyID: "late", SecretAccessKey: "s", Expiration: time.Now().Add(time.Hour)}, nil
	}))
	if err := s.keys.resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.keys.current.Load().AccessKeyID; got != "second" {
		t.Errorf("keys are %q, want those of Renew", got)
	}
}
