//go:build linux

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Keys of the second account, which takes over.
const (
	secondAccess = "second-access"
	secondSecret = "second-secret-key-of-the-test"
)

// gate lets only requests through that an account in force has signed.
type gate struct {
	url string
	// used is told the account of every request.
	used chan string

	mu      sync.Mutex
	revoked string
	refused []string
}

// newGate stands before the store of l.
func newGate(t *testing.T, l *live) *gate {
	t.Helper()
	target, err := url.Parse(l.url)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{used: make(chan string, 100000)}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		account, _, _ := strings.Cut(rest, "/")
		g.used <- account
		g.mu.Lock()
		refused := account == g.revoked
		if refused {
			g.refused = append(g.refused, r.Method+" "+r.URL.Path)
		}
		g.mu.Unlock()
		if refused {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// revoke has the account refused from now on.
func (g *gate) revoke(account string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.revoked = account
}

// keyFiles writes the two files of an account's keys into a folder.
func keyFiles(t *testing.T, dir, access, secret string) {
	t.Helper()
	for name, text := range map[string]string{"access": access, "secret": secret} {
		replaceFile(t, filepath.Join(dir, name), text+"\n")
	}
}

// replaceFile renames a new file into place, as careful tools do.
func replaceFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// channelOf is the entry of a stream in the configuration file.
func (l *live) channelOf(name, url, keys string, more ...string) string {
	return fmt.Sprintf("- name: %s\n  dir: %s\n  destination: s3://%s/%s\n  endpoint: %s\n  access_key_file: %s\n  secret_key_file: %s\n%s",
		name, l.dir, l.gateway.Bucket, strings.TrimSuffix(livePrefix, "/"), url, filepath.Join(keys, "access"), filepath.Join(keys, "secret"),
		strings.Join(more, ""))
}

// TestReload changes, while three streams run, the credentials of the first, the settings of the second, and adds the
// third. The old account is revoked as soon as the new one is in use. A file that is wrong changes nothing.
func TestReload(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("ships in real time")
	}
	if _, found := findFFmpeg(); !found {
		t.Skip("ffmpeg is not installed")
	}
	judged(t, reloadLive)
}

func reloadLive(t *testing.T) (why string) {
	t.Helper()
	one, two, three := newLive(t), newLive(t), newLive(t)
	if err := one.gateway.AddAdmin(t.Context(), secondAccess, secondSecret); err != nil {
		t.Fatal(err)
	}
	gate := newGate(t, one)
	oneKeys, otherKeys := t.TempDir(), t.TempDir()
	keyFiles(t, oneKeys, one.gateway.AccessKey, one.gateway.SecretKey)
	keyFiles(t, otherKeys, two.gateway.AccessKey, two.gateway.SecretKey)
	file := filepath.Join(t.TempDir(), "hlsship.yml")
	head := "http_listen: 127.0.0.1:0\nchannels:\n"
	first, second := one.channelOf("one", gate.url, oneKeys), two.channelOf("two", two.url, otherKeys)
	replaceFile(t, file, head+first+second)
	program := startIn(t, nil, "run", "--config", file)
	address := program.says(t, `listening for HTTP.* address=(\S+)`)[1]

	three.interrupt(false) // nobody ships it yet
	sliding := []string{"-hls_list_size", "5", "-hls_flags", "delete_segments+temp_file", "-hls_delete_threshold", "2"}
	packagers := []*packager{
		one.packager(t, "testsrc", outageSeconds, append(sliding, "index.m3u8")...),
		two.packager(t, "testsrc", outageSeconds, append(sliding, "index.m3u8")...),
		three.packager(t, "testsrc", outageSeconds, "index.m3u8"),
	}
	await(t, one.seen, "index3.ts")

	// A mistake is refused as a whole, though it begins with a good change.
	replaceFile(t, file, head+first+second+"  max_lag: 9s\n  max_lgag: 9s\n")
	program.says(t, `configuration refused.*max_lgag.*did you mean`)
	if body := fetch(t, "http://"+address+"/metrics"); !strings.Contains(body, "\nhlsship_config_reload_success 0\n") {
		t.Error("the metric does not say that the file was refused")
	}

	// New keys, in the files that the configuration names: no setting changes.
	await(t, gate.used, one.gateway.AccessKey)
	keyFiles(t, oneKeys, secondAccess, secondSecret)
	replaceFile(t, file, head+first+two.channelOf("two", two.url, otherKeys, "  max_lag: 9s\n")+three.channelOf("three", three.url, otherKeys))
	await(t, gate.used, secondAccess)
	gate.revoke(one.gateway.AccessKey)
	program.says(t, `configuration taken.*added=\[three\].*removed=\[\].*restarted=\[two\].*unchanged=\[one\]`)
	program.says(t, `msg=shipping channel=three`)
	three.resume()
	if body := fetch(t, "http://"+address+"/metrics"); !strings.Contains(body, "\nhlsship_config_reload_success 1\n") ||
		!strings.Contains(body, `hlsship_store_up{channel="two"} 1`) {
		t.Error("the metrics do not show the new configuration")
	}

	for _, p := range packagers {
		p.ends(t)
	}
	program.signal(t, syscall.SIGTERM)
	program.exits(t, exitDone)
	for _, l := range []*live{one, two, three} {
		l.stopRecorder(t)
		l.closeStore(t)
		l.viewer.Finale()
		l.judge(t, program)
		l.holds(t, "index.m3u8")
		l.holdsSegments(t, "index%d.ts", outageSeconds)
		why += l.verdict(t)
	}
	if len(gate.refused) > 0 {
		t.Errorf("%d requests were signed with the old keys after the new ones: %q", len(gate.refused), gate.refused)
	}
	if n := strings.Count(program.output(), "msg=shipping channel=one"); n != 1 {
		t.Errorf("the channel whose keys changed was started %d times, want once", n)
	}
	for _, secret := range []string{secondSecret, one.gateway.SecretKey} {
		if strings.Contains(program.output(), secret) {
			t.Error("a secret was printed")
		}
	}
	return why
}
