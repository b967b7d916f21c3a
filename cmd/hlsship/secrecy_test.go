package main

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/uploader/s3"
)

func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]bool{
		"http://s3.example.com": true, "http://s3.example.com:9000": true, "HTTP://s3.example.com": true, "http://203.0.113.7:9000": true,
		"http://[2001:db8::1]": true, "http://[::ffff:203.0.113.7]": true, "http://172.32.0.1": true, "http://local.example.com": true,
		"http://internal.example.com": true, "http://10.0.0.1.example.com": true, "http://mylocal.com": true,
		"": false, "https://s3.example.com": false, "s3.example.com": false, "http://localhost:9000": false, "http://127.0.0.1": false,
		"http://[::1]:9000": false, "http://10.1.2.3": false, "http://172.16.0.1": false, "http://192.168.1.1": false, "http://169.254.1.1": false,
		"http://[fd00::1]": false, "http://[fe80::1]": false, "http://[::ffff:10.0.0.1]": false, "http://minio:9000": false, "http://nas.local": false,
		"http://nas.local.": false, "http://minio.media.svc:9000": false, "http://minio.media.svc.cluster.local": false,
		"http://s3.corp.internal": false, "http://hls.localhost": false,
	} {
		if got := (storeConfig{endpoint: endpoint}).isPlain(); got != want {
			t.Errorf("%q: %v, want %v", endpoint, got, want)
		}
	}
}

func TestKeyFilesInUse(t *testing.T) {
	t.Parallel()
	shared := map[string]string{"AWS_SHARED_CREDENTIALS_FILE": "/shared", "HOME": "/home"}
	static := map[string]string{"AWS_SHARED_CREDENTIALS_FILE": "/shared", "AWS_ACCESS_KEY_ID": "k"}
	for name, tt := range map[string]struct {
		keys s3.Credentials
		env  map[string]string
		want []string
	}{
		"two files":             {s3.Credentials{AccessKeyFile: "/a", SecretKeyFile: "/s"}, static, []string{"/a", "/s"}},
		"file of the setting":   {s3.Credentials{File: "/c"}, static, []string{"/c"}},
		"profile":               {s3.Credentials{Profile: "p"}, static, []string{"/shared"}},
		"variables":             {s3.Credentials{}, static, nil},
		"file of the variable":  {s3.Credentials{}, shared, []string{"/shared"}},
		"file of the home":      {s3.Credentials{}, map[string]string{"HOME": "/home"}, []string{"/home/.aws/credentials"}},
		"profile from the home": {s3.Credentials{Profile: "p"}, map[string]string{"HOME": "/home"}, []string{"/home/.aws/credentials"}},
	} {
		if got := tt.keys.Files(func(name string) string { return tt.env[name] }); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// publicFolder returns a new folder that everybody can enter.
func publicFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "secrecy")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for at := dir; at != filepath.Dir(at); at = filepath.Dir(at) {
		if info, err := os.Stat(at); err != nil || info.Mode()&0o001 == 0 {
			t.Skipf("%s cannot be entered by everybody", at)
		}
	}
	return dir
}

func TestOpenToAll(t *testing.T) {
	t.Parallel()
	dir := publicFolder(t)
	for i, tt := range []struct {
		name         string
		file, folder fs.FileMode
		want         bool
	}{
		{"for the owner", 0o600, 0o755, false},
		{"for the group", 0o640, 0o755, false},
		{"for all to read", 0o644, 0o755, true},
		{"for all to write", 0o602, 0o755, true},
		{"for all to do all", 0o666, 0o777, true},
		{"in a folder of the owner", 0o666, 0o700, false},
		{"in a folder of the group", 0o644, 0o750, false},
		{"in a folder that can be entered only", 0o644, 0o711, true},
	} {
		folder := filepath.Join(dir, string(rune('a'+i)))
		file := filepath.Join(folder, "keys")
		for _, err := range []error{
			os.Mkdir(folder, 0o700), os.WriteFile(file, nil, 0o600), os.Chmod(file, tt.file), os.Chmod(folder, tt.folder),
			os.Symlink(file, filepath.Join(dir, string(rune('A'+i)))),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, at := range []string{file, filepath.Join(dir, string(rune('A'+i)))} {
			if mode, open := openToAll(at); open != tt.want || open && mode != tt.file {
				t.Errorf("%s: %v with %v, want %v", tt.name, open, mode, tt.want)
			}
		}
	}
	if _, open := openToAll(filepath.Join(dir, "none")); open {
		t.Error("a file that is not there is open to all")
	}
}

// TestWarnedOnce connects a channel several times.
func TestWarnedOnce(t *testing.T) {
	t.Parallel()
	keys := filepath.Join(publicFolder(t), "keys")
	for _, err := range []error{os.WriteFile(keys, nil, 0o600), os.Chmod(keys, 0o644)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	f, log := twoChannels(t, newGateway(t, false), func() {})
	f.credentials, f.logger = s3.Credentials{}, slog.New(slog.NewTextHandler(log, nil))
	c := f.config.channels[0]
	c.store.credentials.File, c.store.endpoint = keys, "http://s3.example.com"
	for s, tries := f.shipment(c, f.config), 0; tries < 3; tries++ {
		if _, err := s.connect(t.Context()); err == nil {
			t.Error("an empty file has keys")
		}
	}
	for _, want := range []string{"every user of this machine can get at the keys", "the store is asked over plain http"} {
		if n := strings.Count(log.String(), `level=WARN msg="`+want+`" channel=good`); n != 1 {
			t.Errorf("%q is said %d times:\n%s", want, n, log)
		}
	}
}
