//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"time"
)

// hostile is one kind of writer that means harm.
type hostile struct {
	name string
	// writers is how many of them there are, every how often each of them acts.
	writers int
	every   time.Duration
	// act is one attack, the nth.
	act func(w *intruder, n int) error
}

// ground is where hostile writers write.
type ground struct {
	// Dir is the directory that honest streams share with them, Second that of a channel whose spool they attack.
	Dir, Second string
	// Outside is a folder that nobody asked to be shipped.
	Outside string
	// HTTP is the address of the program's HTTP server.
	HTTP string
	// Only is an expression for the names of the kinds that there are.
	Only string
}

// intruder is one that means harm. Half of them have a folder of their own, the others write into the top one.
type intruder struct {
	ground
	dir, prefix string
	open        []io.Closer
}

// done is what became of a kind of writers.
type done struct {
	// Acts counts what they did, Failed what could not be done; Err is the first reason.
	Acts, Failed int
	Err          string
}

// attackInstead lets the test binary be all hostile writers, in a process that can be another user's, until its
// standard input ends. It then says what they did.
func attackInstead() bool {
	text := os.Getenv("HLSSHIP_TEST_ATTACK")
	if text == "" {
		return false
	}
	var g ground
	if err := json.Unmarshal([]byte(text), &g); err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		os.Exit(1)
	}
	syscall.Umask(0)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // it only has to end
		cancel()
	}()
	if err := json.NewEncoder(os.Stdout).Encode(attack(ctx, g)); err != nil {
		os.Exit(1)
	}
	return true
}

// attack has all writers of all kinds at work until ctx ends.
func attack(ctx context.Context, g ground) map[string]done {
	var (
		mu  sync.Mutex
		all sync.WaitGroup
	)
	results := map[string]done{}
	for k, kind := range g.attacks() {
		for i := range kind.writers {
			w := &intruder{ground: g, dir: filepath.Join(g.Dir, fmt.Sprintf("h%d-%d", k, i))}
			if i%2 == 1 {
				w.dir, w.prefix = g.Dir, fmt.Sprintf("h%d-%d-", k, i)
			}
			// They do not all act at once, neither those of a kind nor the kinds, whose times have common multiples.
			_, phase := math.Modf(float64(k)*math.Phi + float64(i)/float64(kind.writers))
			first := time.Duration(phase * float64(kind.every))
			all.Go(func() {
				one := w.work(ctx, kind, first)
				mu.Lock()
				defer mu.Unlock()
				sum := results[kind.name]
				sum.Acts, sum.Failed = sum.Acts+one.Acts, sum.Failed+one.Failed
				if sum.Err == "" {
					sum.Err = one.Err
				}
				results[kind.name] = sum
			})
		}
	}
	all.Wait()
	return results
}

// work acts until ctx ends.
func (w *intruder) work(ctx context.Context, kind hostile, first time.Duration) done {
	var d done
	if err := os.MkdirAll(w.dir, 0o777); err != nil {
		return done{Failed: 1, Err: err.Error()}
	}
	timer := time.NewTimer(first)
	defer timer.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			for _, c := range w.open {
				_ = c.Close()
			}
			return d
		case <-timer.C:
		}
		timer.Reset(kind.every)
		if err := kind.act(w, n); err != nil {
			d.Failed++
			if d.Err == "" {
				d.Err = err.Error()
			}
			continue
		}
		d.Acts++
	}
}

// name returns the name of a file of this writer below its folder, path its whole path.
func (w *intruder) name(name string) string { return w.prefix + name }
func (w *intruder) path(name string) string { return filepath.Join(w.dir, w.prefix+name) }

// put has a file appear whole.
func (w *intruder) put(name, content string) error {
	temporary := w.path("part.tmp")
	if err := os.WriteFile(temporary, []byte(content), 0o666); err != nil {
		return err
	}
	return os.Rename(temporary, w.path(name))
}

// write writes a file in place.
func (w *intruder) write(name, content string) error {
	return os.WriteFile(w.path(name), []byte(content), 0o666)
}

// hold keeps something open until the end, and the last few only.
func (w *intruder) hold(c io.Closer, most int) {
	w.open = append(w.open, c)
	if len(w.open) > most {
		_ = w.open[0].Close()
		w.open = slices.Delete(w.open, 0, 1)
	}
}

// fine returns nil for the errors that may happen.
func fine(err error, may ...error) error {
	for _, m := range may {
		if errors.Is(err, m) {
			return nil
		}
	}
	return err
}

// attacks are all kinds of writers: more than a hundred, each of which acts a few times a second at most, so that what
// is measured is what they make others do.
func (g ground) attacks() []hostile {
	only := regexp.MustCompile(g.Only)
	all := slices.Concat(manifestAttacks(), playlistAttacks(), nameAttacks(), fileAttacks(), serverAttacks())
	return slices.DeleteFunc(all, func(h hostile) bool { return !only.MatchString(h.name) })
}
