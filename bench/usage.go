package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// usage is what a tool took of the machine.
type usage struct {
	cpu    time.Duration // user and system, of the process and those that it ran
	memory int64         // bytes, the most at a time, of the largest of them
	files  int           // descriptors, the most at a time, of all of them together
	allocs int64         // objects that were allocated; -1 if that is not known
}

// watch looks five times a second what the process and its children hold, until it ends. How much memory a process took at most the kernel
// knows (VmHWM). What it tells a parent afterwards (ru_maxrss) includes that of the parent, from which the process was forked.
func (c *client) watch() {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			files, memory := held(c.cmd.Process.Pid)
			c.files, c.memory = max(c.files, files), max(c.memory, memory)
		case <-c.ended:
			close(c.watched)
			return
		}
	}
}

// held returns how many descriptors a process and its children have, and the most memory in bytes that the largest of them had at a time;
// 0 for one that is gone.
func held(pid int) (files int, memory int64) {
	at := filepath.Join("/proc", strconv.Itoa(pid))
	open, err := os.ReadDir(filepath.Join(at, "fd"))
	if err != nil {
		return 0, 0
	}
	files = len(open)
	status, _ := os.ReadFile(filepath.Join(at, "status")) // 0 if it is gone by now
	if m := regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`).FindSubmatch(status); m != nil {
		memory, _ = strconv.ParseInt(string(m[1]), 10, 64) // digits
		memory <<= 10
	}
	tasks, _ := filepath.Glob(filepath.Join(at, "task", "*", "children")) // the pattern is good
	for _, task := range tasks {
		children, err := os.ReadFile(task)
		if err != nil {
			continue // the thread is gone
		}
		for _, text := range strings.Fields(string(children)) {
			if child, err := strconv.Atoi(text); err == nil {
				more, largest := held(child)
				files, memory = files+more, max(memory, largest)
			}
		}
	}
	return files, memory
}

// used returns what the process took, which has ended.
func (c *client) used() usage {
	u := usage{cpu: c.cmd.ProcessState.UserTime() + c.cmd.ProcessState.SystemTime(), memory: c.memory, files: c.files, allocs: c.allocs}
	if m := regexp.MustCompile(`(?m)^mallocs (\d+)$`).FindStringSubmatch(c.written.String()); m != nil {
		u.allocs, _ = strconv.ParseInt(m[1], 10, 64) // digits
	}
	return u
}

// ask takes in what the tool's metrics say of its memory, if it has any.
func (c *client) ask() error {
	m := regexp.MustCompile(`listening for HTTP.* address=(\S+)`).FindStringSubmatch(c.written.String())
	if m == nil {
		return nil
	}
	own := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	answer, err := own.Get("http://" + m[1] + "/metrics") //nolint:noctx // a process of ours
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	count := regexp.MustCompile(`(?m)^go_memstats_mallocs_total (\S+)$`).FindSubmatch(text)
	if count == nil {
		return fmt.Errorf("no go_memstats_mallocs_total at %s", m[1])
	}
	n, err := strconv.ParseFloat(string(count[1]), 64)
	c.allocs = int64(n)
	return err
}
