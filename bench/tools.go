package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
}

// start starts the tool, which ships dir to the bucket of behind by way of the URL.
func (b *bench) start(tool, dir, url string, behind storetest.GatewayServer) (*client, error) {
	env := append(os.Environ(), "AWS_ACCESS_KEY_ID="+behind.AccessKey, "AWS_SECRET_ACCESS_KEY="+behind.SecretKey,
		"AWS_EC2_METADATA_DISABLED=true")
	c := &client{ended: make(chan struct{}), mustSucceed: true}
	c.end = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	switch tool {
	case "bare":
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
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
	case "hlsship":
		c.cmd = exec.Command(b.hlsship, "run", "--endpoint", url, "--region", behind.Region, "--http-listen", "127.0.0.1:0",
			dir, "s3://"+behind.Bucket+"/"+strings.TrimSuffix(prefix, "/"))
	case "mc":
		c.cmd = exec.Command(b.mc, "mirror", "--watch", "--overwrite", "--quiet", "--exclude", "*.tmp",
			dir, "bench/"+behind.Bucket+"/"+strings.TrimSuffix(prefix, "/"))
		host := strings.Replace(url, "://", "://"+behind.AccessKey+":"+behind.SecretKey+"@", 1)
		env = append(env, "MC_CONFIG_DIR="+filepath.Join(b.room, "mc"), "MC_HOST_bench="+host)
		c.mustSucceed = false // it has no other end than a signal
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
	return c, nil
}

// stop ends the process and returns its CPU time, of user and system.
func (c *client) stop() (time.Duration, error) {
	if err := c.end(); err != nil {
		return 0, err
	}
	timer := time.NewTimer(stopPatience)
	defer timer.Stop()
	select {
	case <-c.ended:
	case <-timer.C:
		return 0, errors.New("it does not end")
	}
	if c.err != nil && c.mustSucceed {
		return 0, fmt.Errorf("%w: %s", c.err, c.output())
	}
	return c.cmd.ProcessState.UserTime() + c.cmd.ProcessState.SystemTime(), nil
}

// kill makes sure that the process is gone.
func (c *client) kill() {
	_ = c.cmd.Process.Kill() // it has ended already, mostly
	<-c.ended
}

// output returns the end of what the process wrote.
func (c *client) output() string {
	const most = 2000
	text := strings.TrimSpace(c.written.String())
	return text[max(0, len(text)-most):]
}
