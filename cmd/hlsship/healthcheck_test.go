package main

import (
	"bytes"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHealthcheck asks servers of all kinds.
func TestHealthcheck(t *testing.T) {
	code := func(status int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/healthz" {
				status = http.StatusNotFound
			}
			http.Error(w, "so it is", status)
		}))
		t.Cleanup(s.Close)
		return s.Listener.Addr().String()
	}
	secret := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	secure := func(status int, want tls.ClientAuthType) string {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "so it is", status) }))
		s.TLS = &tls.Config{ClientAuth: want}
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		t.Cleanup(s.Close)
		return s.Listener.Addr().String()
	}
	t.Cleanup(secret.Close)
	alive, ill := code(http.StatusOK), code(http.StatusServiceUnavailable)
	_, port, _ := net.SplitHostPort(alive)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	file := filepath.Join(t.TempDir(), "hlsship.yml")
	if err := os.WriteFile(file, []byte("http_listen: "+alive+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, args string
		env        []string
		code       int
		says       string
	}{
		{"alive", "--http-listen " + alive, nil, exitDone, ""},
		{"listening everywhere", "", []string{"HLSSHIP_HTTP_LISTEN=0.0.0.0:" + port}, exitDone, ""},
		{"address from the file", "--config " + file, nil, exitDone, ""},
		{"file from the environment", "", []string{"HLSSHIP_CONFIG=" + file}, exitDone, ""},
		{"ill", "--http-listen " + ill, nil, exitFailed, "503 Service Unavailable: so it is"},
		{"password", "--http-listen " + secret.Listener.Addr().String(), nil, exitDone, ""},
		{"TLS", "--http-listen " + secure(http.StatusOK, tls.NoClientCert), nil, exitDone, ""},
		{"TLS and ill", "--http-listen " + secure(http.StatusServiceUnavailable, tls.NoClientCert), nil, exitFailed, "503 Service Unavailable: so it is"},
		{"TLS with certificates", "--http-listen " + secure(http.StatusOK, tls.RequireAnyClientCert), nil, exitDone, ""},
		{"nobody", "--http-listen " + gone.Addr().String(), nil, exitFailed, "refused"},
		{"off", "--http-listen off", nil, exitUsage, "is off"},
		{"no address", "--http-listen here", nil, exitUsage, "is no address"},
		{"no file", "--config " + file + ".none", nil, exitUsage, "no such file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			p := program{stdout: &out, stderr: &out, environ: tt.env}
			if got := p.runs(t.Context(), append([]string{"healthcheck"}, strings.Fields(tt.args)...)...); got != tt.code {
				t.Errorf("exit code %d, want %d", got, tt.code)
			}
			if tt.says == "" && out.Len() > 0 || !strings.Contains(out.String(), tt.says) {
				t.Errorf("got %q, want %q", out.String(), tt.says)
			}
		})
	}
}
