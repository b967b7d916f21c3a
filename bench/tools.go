package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// stopPatience is how long a tool may take to end.
const stopPatience = 30 * time.Second

// client is a tool at work in a process of its own.
type client struct {
	cmd *exec.Cmd
	// listed tells bare what was listed; nil for the others, which watch the directory.
	listed func(order)
	// end asks the process to end. mustSucceed says whether its exit code is to be 0.
	end         func() error
	mustSucceed bool
	written     storetest.Output
	ended       chan struct{} // closed once err is set
	err         error
	watched     chan struct{} // closed once files and memory are known
	files       int
	memory      int64
	allocs      int64
}

// start starts the tool, which ships dir to the bucket of behind by way of f.
func (b *bench) start(tool, dir string, f *front, behind storetest.GatewayServer) (*client, error) {
	url := f.url
	env := append(os.Environ(), "AWS_ACCESS_KEY_ID="+behind.AccessKey, "AWS_SECRET_ACCESS_KEY="+behind.SecretKey,
		"AWS_EC2_METADATA_DISABLED=true")
	if f.authority != "" {
		env = append(env, "SSL_CERT_FILE="+f.authority, "AWS_CA_BUNDLE="+f.authority)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &client{ended: make(chan struct{}), watched: make(chan struct{}), allocs: -1, mustSucceed: true}
	c.end = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	switch tool {
	case "bare":
		c.cmd = exec.Command(self, bareCommand, url, behind.Region, behind.Bucket, dir)
		orders, err := c.cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		var mu sync.Mutex
		c.listed = func(o order) {
			mu.Lock()
			defer mu.Unlock()
			_, _ = fmt.Fprintf(orders, orderLine, o.stream, o.segment, o.playlist) // a process that is gone is noticed by its end
		}
		c.end = orders.Close
	case sidecarCommand:
		c.cmd = exec.Command(self, sidecarCommand, url, behind.Region, behind.Bucket, dir)
	case "hlsship":
		c.cmd = exec.Command(b.hlsship, "run", "--endpoint", url, "--region", behind.Region, "--http-listen", "127.0.0.1:0",
			dir, "s3://"+behind.Bucket+"/"+strings.TrimSuffix(prefix, "/"))
	case "mc":
		c.cmd = exec.Command(b.mc, "mirror", "--watch", "--overwrite", "--quiet", "--exclude", "*.tmp",
			dir, "bench/"+behind.Bucket+"/"+strings.TrimSuffix(prefix, "/"))
		host := strings.Replace(url, "://", "://"+behind.AccessKey+":"+behind.SecretKey+"@", 1)
		env = append(env, "MC_CONFIG_DIR="+filepath.Join(b.room, "mc"), "MC_HOST_bench="+host)
		c.mustSucceed = false // it has no other end than a signal
	case "rclone":
		c.cmd = exec.Command(self, againCommand, b.rclone, "copy", "--s3-provider", "Other", "--s3-env-auth", "--s3-endpoint", url, "--s3-region", behind.Region,
			"--s3-no-check-bucket", "--transfers", "64", "--checkers", "64", "--exclude", "*.tmp", "--config", filepath.Join(b.room, "rclone.conf"), "--retries", "1",
			dir, ":s3:"+behind.Bucket+"/"+strings.TrimSuffix(prefix, "/"))
	}
	c.cmd.Env = env
	c.cmd.Stdout, c.cmd.Stderr = &c.written, &c.written
	c.cmd.WaitDelay = time.Second
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.ended)
	}()
	go c.watch()
	return c, nil
}

// tools returns what is measured in the scene, of what was asked for.
func (s *scene) tools(wanted []string) []string {
	if i := slices.Index(wanted, "hlsship"); s.priced && i >= 0 && !slices.Contains(wanted, sidecarCommand) {
		return slices.Insert(slices.Clone(wanted), i+1, sidecarCommand)
	}
	return wanted
}

// stop ends the process.
func (c *client) stop() error {
	if err := c.ask(); err != nil {
		return err
	}
	if err := c.end(); err != nil {
		return err
	}
	timer := time.NewTimer(stopPatience)
	defer timer.Stop()
	select {
	case <-c.watched:
	case <-timer.C:
		return errors.New("it does not end")
	}
	if c.err != nil && c.mustSucceed {
		return fmt.Errorf("%w: %s", c.err, c.output())
	}
	return nil
}

// kill makes sure that the process is gone.
func (c *client) kill() {
	_ = c.cmd.Process.Kill() // it has ended already, mostly
	<-c.watched
}

// output returns the end of what the process wrote.
func (c *client) output() string {
	const most = 2000
	text := strings.TrimSpace(c.written.String())
	return text[max(0, len(text)-most):]
}
