package watcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hlsship/hlsship/hls"
)

// childVariable makes the test binary a packager: "DIR SEGMENTS WRITES".
const childVariable = "HLSSHIP_WATCHER_TEST_PACKAGER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		if err := packager(dir, os.Args[1], os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// packager writes segments of 1 MiB, each in the given number of writes. It begins each when it can read
// a byte from standard input, or standard input is at its end.
func packager(dir, segments, writes string) error {
	count, err := strconv.Atoi(segments)
	if err != nil {
		return err
	}
	pieces, err := strconv.Atoi(writes)
	if err != nil {
		return err
	}
	piece := make([]byte, (1<<20)/pieces)
	for i := range count {
		if _, err := os.Stdin.Read(make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("seg_%d.ts", i)))
		if err != nil {
			return err
		}
		for range pieces {
			if _, err := f.Write(piece); err != nil {
				return err
			}
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkWatchSegments shows that watching costs nothing while a segment is written: events and CPU
// time of this process for each segment, as the number of writes for each grows. Another process writes.
func BenchmarkWatchSegments(b *testing.B) {
	for _, writes := range []int{1, 100, 10000} {
		b.Run(fmt.Sprintf("writes=%d", writes), func(b *testing.B) {
			dir := b.TempDir()
			obs := newRecorder()
			w, err := New(Config{Dir: dir, Rescan: time.Hour, Observer: obs})
			check(b, err)
			ctx, cancel := context.WithCancel(context.Background())
			facts := make(chan hls.File, 1)
			ended := make(chan error, 1)
			go func() { ended <- w.Run(ctx, facts) }()
			check(b, os.WriteFile(filepath.Join(dir, "first.ts"), []byte("x"), 0o644))
			release(<-facts) // it runs
			w.Look("first.ts")
			release(<-facts)

			segments := max(b.N, 1)
			cmd := exec.Command(os.Args[0], strconv.Itoa(segments), strconv.Itoa(writes))
			cmd.Env = append(os.Environ(), childVariable+"="+dir)
			cmd.Stderr = os.Stderr
			events, cpu := w.events.Load(), cpuTime(b)
			b.ResetTimer()
			next, err := cmd.StdinPipe()
			check(b, err)
			check(b, cmd.Start())
			for range segments {
				_, err := next.Write([]byte{'\n'})
				check(b, err)
				f := <-facts
				if f.Version.Size == 0 {
					b.Fatalf("%s is empty", f.Path)
				}
				release(f)
			}
			b.StopTimer()
			cpu = cpuTime(b) - cpu
			check(b, next.Close())
			check(b, cmd.Wait())
			b.ReportMetric(float64(w.events.Load()-events)/float64(segments), "events/segment")
			b.ReportMetric(float64(cpu.Microseconds())/float64(segments), "cpu-µs/segment")
			cancel()
			for f := range facts {
				release(f)
			}
			check(b, <-ended)
		})
	}
}

// cpuTime returns the CPU time that this process used.
func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	check(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCloseToOpen measures the time from a segment's close to the moment when its bytes are held.
func BenchmarkCloseToOpen(b *testing.B) {
	dir := b.TempDir()
	w, err := New(Config{Dir: dir, Rescan: time.Hour})
	check(b, err)
	ctx, cancel := context.WithCancel(context.Background())
	facts := make(chan hls.File)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx, facts) }()
	var total time.Duration
	n := 0
	for b.Loop() {
		n++
		f, err := os.Create(filepath.Join(dir, "seg.ts.tmp"))
		check(b, err)
		_, err = f.Write(make([]byte, 1<<16))
		check(b, err)
		check(b, f.Close())
		closed := time.Now()
		check(b, os.Rename(f.Name(), filepath.Join(dir, fmt.Sprintf("seg_%d.ts", n))))
		fact := <-facts
		total += fact.Seen.Sub(closed)
		release(fact)
	}
	b.ReportMetric(float64(total.Microseconds())/float64(n), "µs/close-to-held")
	cancel()
	for f := range facts {
		release(f)
	}
	check(b, <-ended)
}

// BenchmarkFirstScan measures the start on a directory with the segments of a day, of which an earlier process noted all or none.
func BenchmarkFirstScan(b *testing.B) {
	dir := b.TempDir()
	const count = 43_200
	for i := range count {
		check(b, os.WriteFile(filepath.Join(dir, fmt.Sprintf("s%d.ts", i)), []byte("x"), 0o644))
	}
	for name, noted := range map[string]func(string, fs.FileInfo) bool{
		"noted": func(string, fs.FileInfo) bool { return true }, "unknown": nil,
	} {
		b.Run(name, func(b *testing.B) {
			total := time.Duration(0)
			for b.Loop() {
				cpu := cpuTime(b)
				w, err := New(Config{Dir: dir, Rescan: time.Hour, Noted: noted})
				check(b, err)
				ctx, cancel := context.WithCancel(context.Background())
				facts := make(chan hls.File, 64)
				ended := make(chan error, 1)
				go func() { ended <- w.Run(ctx, facts) }()
				for range count {
					release(<-facts)
				}
				b.StopTimer()
				total += cpuTime(b) - cpu
				cancel()
				for f := range facts {
					release(f)
				}
				check(b, <-ended)
				b.StartTimer()
			}
			b.ReportMetric(float64(total.Microseconds())/float64(b.N)/count, "cpu-µs/file")
		})
	}
}
