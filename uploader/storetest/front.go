package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// FrontServer is a real nginx with packaging/nginx/hls.conf, a cache before a store. Its fields do not change.
type FrontServer struct {
	// URL is its address; a key of the bucket is a path below it.
	URL string
	// Log is the file of its access log, one JSON object a line.
	Log string
}

// Front starts a FrontServer before the bucket of the store at the URL origin, and stops it with the test. The test
// is skipped where nginx is not installed.
func Front(t testing.TB, origin, bucket string) *FrontServer {
	t.Helper()
	root, err := ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	binary := ""
	// Debian leaves the last one out of the PATH of users.
	for _, candidate := range []string{filepath.Join(root, ".cache", "bin", "nginx"), "nginx", "/usr/sbin/nginx"} {
		if found, err := exec.LookPath(candidate); err == nil && binary == "" {
			binary = found
		}
	}
	if binary == "" {
		t.Skip("nginx is not installed")
	}
	// Another process may take the free port before nginx does; then it ends, and the next is tried.
	for range 5 {
		var f *FrontServer
		if f, err = startFront(t, binary, origin, bucket); err == nil {
			return f
		}
	}
	t.Fatalf("start nginx: %v", err)
	return nil
}

func startFront(t testing.TB, binary, origin, bucket string) (*FrontServer, error) {
	t.Helper()
	folder := t.TempDir()
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	if err := writeFront(folder, addr, origin, bucket); err != nil {
		return nil, err
	}
	var output Output
	cmd := exec.Command(binary, "-p", folder, "-e", filepath.Join(folder, "error.log"), "-c", filepath.Join(folder, "nginx.conf"))
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	stop := func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // its workers end with it
		<-ended
	}
	if err := answers(context.WithoutCancel(t.Context()), "http://"+addr, ended); err != nil {
		stop()
		return nil, fmt.Errorf("%w: %s", err, output.String())
	}
	t.Cleanup(stop)
	return &FrontServer{URL: "http://" + addr, Log: filepath.Join(folder, "hls.log")}, nil
}

// writeFront writes what nginx reads: the configuration of packaging with the lines changed that an operator
// changes, and one around it that uses nothing of the machine's.
func writeFront(folder, addr, origin, bucket string) error {
	root, err := ModuleRoot()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(root, "packaging", "nginx", "hls.conf"))
	if err != nil {
		return err
	}
	store, err := url.Parse(origin)
	if err != nil {
		return err
	}
	conf := string(text)
	for from, to := range map[string]string{
		"listen 8080;":              "listen " + addr + ";",
		"server 127.0.0.1:9000 ":    "server " + store.Host + " ",
		"/my-bucket/$1?;":           "/" + bucket + "/$1?;",
		"/var/log/nginx/hls.log":    filepath.Join(folder, "hls.log"),
		"/var/cache/nginx/hls-play": filepath.Join(folder, "hls-play"),
		"/var/cache/nginx/hls-medi": filepath.Join(folder, "hls-medi"),
	} {
		if strings.Count(conf, from) != 1 {
			return errors.New("hls.conf has not one " + from)
		}
		conf = strings.Replace(conf, from, to, 1)
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user root;\n" // the folders of tests are root's
	}
	main := user + `daemon off;
worker_processes 1;
pid nginx.pid;
events {}
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	include hls.conf;
}
`
	return errors.Join(os.WriteFile(filepath.Join(folder, "hls.conf"), []byte(conf), 0o644),
		os.WriteFile(filepath.Join(folder, "nginx.conf"), []byte(main), 0o644))
}
