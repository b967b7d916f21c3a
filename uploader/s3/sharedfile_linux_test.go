package s3

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// TestHomeOfAnother has the keys in a file that is named, and HOME as runuser leaves it: the home of root, which the service may not enter.
func TestHomeOfAnother(t *testing.T) {
	t.Parallel()
	root, err := os.MkdirTemp("", "hlsship-home")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	home, keys := filepath.Join(root, "home"), filepath.Join(root, "credentials")
	for folder, mode := range map[string]os.FileMode{root: 0o755, filepath.Join(home, ".aws"): 0o700} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(folder, mode); err != nil {
			t.Fatal(err)
		}
	}
	for file, mode := range map[string]os.FileMode{keys: 0o644, filepath.Join(home, "secret"): 0} {
		if err := os.WriteFile(file, []byte("[default]\naws_access_key_id = key\naws_secret_access_key = secret\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() != 0 {
		if err := os.Chmod(filepath.Join(home, ".aws"), 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(filepath.Join(home, ".aws"), 0o700) })
	}
	for name, tt := range map[string]struct {
		env  map[string]string
		keys string // those of the profile "default"
		ok   bool
	}{
		"named keys":               {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": keys}, "key", true},
		"nothing named":            {nil, "", true},
		"named, but out of sight":  {map[string]string{"AWS_CONFIG_FILE": filepath.Join(home, ".aws", "config")}, "", false},
		"in sight, but unreadable": {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, "secret")}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			var got shared
			var err error
			asNobody(func() {
				got, err = readShared("", func(key string) string {
					if key == "HOME" {
						return home
					}
					return tt.env[key]
				})
			})
			if (err == nil) != tt.ok || got.profiles["default"].values["aws_access_key_id"] != tt.keys {
				t.Errorf("got %v and %v", got.profiles, err)
			}
		})
	}
}

// asNobody calls f as a user who may not read what root may, in a thread that ends with it.
func asNobody(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread is of no more use
		if os.Geteuid() == 0 {
			_, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0)
		}
		f()
	}()
	<-done
}
