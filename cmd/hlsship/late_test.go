package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// giver is the service of a container that has keys only once it is told to.
func giver(t *testing.T) (url string, ready *atomic.Bool) {
	t.Helper()
	ready = &atomic.Bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, `{"AccessKeyId":%q,"SecretAccessKey":%q,"Token":%q}`, testAccess, testSecret, testToken)
	}))
	t.Cleanup(server.Close)
	return server.URL, ready
}

// TestKeysComeLate has a source without keys at the start, in each of the ways in which one is: what the packager finishes
// and removes meanwhile is shipped when there are keys, and nothing is sent before.
func TestKeysComeLate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, env, source string }{
		{"service that is not up yet", "AWS_CONTAINER_CREDENTIALS_FULL_URI=GIVER", `source="container role".*answered 503.*cure=.*agent`},
		{"token service that is not up yet", "AWS_WEB_IDENTITY_TOKEN_FILE=HOME/token\nAWS_ENDPOINT_URL_STS=GIVER", `source="web identity".*answered 503.* cure=`},
		{"program that hangs", "AWS_PROFILE=hangs", `source=credential_process profile=hangs err="no answer within 1s" cure=`},
		{"program that fails", "AWS_PROFILE=fails", `source=credential_process profile=fails .*exit status 3.*cure=.*by hand`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g, dir, home := newGateway(t, false), stream(t), t.TempDir()
			url, ready := giver(t)
			keys := fmt.Sprintf(`{"Version":1,"AccessKeyId":%q,"SecretAccessKey":%q,"SessionToken":%q}`, testAccess, testSecret, testToken)
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			write := func(name, text string, mode os.FileMode) {
				t.Helper()
				must(os.WriteFile(filepath.Join(home, name), []byte(strings.ReplaceAll(text, "HOME", home)), mode))
			}
			must(os.Mkdir(filepath.Join(home, ".aws"), 0o700))
			write(".aws/config", "[profile hangs]\ncredential_process = HOME/keys 3 0\n[profile fails]\ncredential_process = HOME/keys 0 3\n", 0o600)
			write("keys", "#!/bin/sh\ntest -e HOME/ready && echo '"+keys+"' && exit 0\nsleep $1\nexit $2\n", 0o700)
			write("token", "jwt", 0o600)
			env := append([]string{"HLSSHIP_ENDPOINT=" + g.url, "HOME=" + home},
				strings.Split(strings.NewReplacer("GIVER", url, "HOME", home).Replace(tt.env), "\n")...)
			p := startIn(t, env, "run", dir, "s3://bucket/live", "--http-listen", "127.0.0.1:0", "--drain-timeout", "1s")
			address := p.says(t, `listening for HTTP.* address=(\S+)`)[1]
			p.says(t, `level=WARN msg="no credentials yet.* `+tt.source)
			p.ships(t)
			asks(t, address, "/metrics", `hlsship_queue_files 1\n`)
			asks(t, address, "/readyz", `no credentials yet: `)
			must(os.WriteFile(filepath.Join(dir, "seg1.ts"), []byte("second"), 0o644))
			must(os.WriteFile(filepath.Join(dir, "index.m3u8"), []byte("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nseg0.ts\n#EXTINF:1,\nseg1.ts\n"), 0o644))
			asks(t, address, "/metrics", `hlsship_queue_files 2\n`)
			must(os.Remove(filepath.Join(dir, "seg0.ts")))
			if n := len(g.asked); n != 0 {
				t.Errorf("%d objects were sent without keys", n)
			}
			if tt.name == "token service that is not up yet" {
				p.signal(t, syscall.SIGTERM)
				p.exits(t, exitUnshipped)
				return
			}
			write("ready", "", 0o600)
			ready.Store(true)
			p.says(t, `msg="credentials taken" source=`)
			for _, key := range []string{"live/seg0.ts", "live/seg1.ts", "live/index.m3u8"} {
				awaitStored(t, g, key)
			}
			asks(t, address, "/readyz", `^ready\n`)
			p.signal(t, syscall.SIGTERM)
			p.exits(t, exitDone)
		})
	}
}

// awaitStored waits until the key is in the bucket.
func awaitStored(t *testing.T, g *gateway, key string) {
	t.Helper()
	limit := time.After(deadline)
	for {
		if _, err := g.backend.HeadObject("bucket", key); err == nil {
			return
		}
		select {
		case <-g.stored:
		case <-limit:
			t.Fatalf("%s is not stored", key)
		}
	}
}

// asks waits until what the address answers matches the expression.
func asks(t *testing.T, address, path, expression string) {
	t.Helper()
	re, limit, tick := regexp.MustCompile(expression), time.After(deadline), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		res, err := http.Get("http://" + address + path) //nolint:noctx // the client of a test
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || re.Match(body) {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s does not match %q:\n%.2000s", path, expression, body)
		}
	}
}

// TestNamedKeysOrNothing has a profile or a file be named that cannot be used, on a machine whose container has a role: the
// program ends, and says what to mend.
func TestNamedKeysOrNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, env, says string }{
		{"profile that nobody wrote", "AWS_PROFILE=partner", `no credentials: profile partner is not in \S*/config or \S*/credentials`},
		{"profile that asks for a code", "AWS_PROFILE=mfa", `no credentials: profile mfa in \S*/config: mfa_serial`},
		{"token file that is missing", "AWS_WEB_IDENTITY_TOKEN_FILE=HOME/none\nAWS_ROLE_ARN=arn:aws:iam::1:role/r", `no credentials: token file: \S* \S*/none: no such file`},
		{"profile by another tool's variable", "AWS_DEFAULT_PROFILE=half", `profile half in \S*/config: aws_access_key_id is there`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g, dir, home := newGateway(t, false), stream(t), t.TempDir()
			url, ready := giver(t)
			ready.Store(true)
			if err := os.Mkdir(filepath.Join(home, ".aws"), 0o700); err != nil {
				t.Fatal(err)
			}
			const shared = "[profile half]\naws_access_key_id = a\n[profile mfa]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = half\nmfa_serial = m\n"
			if err := os.WriteFile(filepath.Join(home, ".aws", "config"), []byte(shared), 0o600); err != nil {
				t.Fatal(err)
			}
			env := append([]string{"HLSSHIP_ENDPOINT=" + g.url, "HOME=" + home, "AWS_CONTAINER_CREDENTIALS_FULL_URI=" + url},
				strings.Split(strings.ReplaceAll(tt.env, "HOME", home), "\n")...)
			p := startIn(t, env, "run", dir, "s3://bucket/live", "--http-listen", "off")
			p.says(t, tt.says)
			p.exits(t, exitFailed)
			if len(g.asked) > 0 || strings.Contains(p.output(), "credentials taken") {
				t.Errorf("other keys took their place:\n%s", p.output())
			}
		})
	}
}
