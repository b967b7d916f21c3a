package main

import (
	"io"
	"log/slog"
	"testing"
	"testing/synctest"
)

// slow is a reader of the log that takes what it is given when it is told to, and until then only looks at it.
type slow struct {
	take chan struct{}
	read string
}

func (s *slow) Write(p []byte) (int, error) {
	<-s.take
	s.read += string(p)
	return len(p), nil
}

// TestLinesStayWhole: lines that come while others are written go over none of those, whatever the queue did before.
func TestLinesStayWhole(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(*logQueue, *slow){
		"nothing":         func(*logQueue, *slow) {},
		"a needless wake": func(q *logQueue, _ *slow) { q.ring(); synctest.Wait() },
		"a line":          func(q *logQueue, s *slow) { _, _ = q.Write([]byte("line\n")); s.take <- struct{}{}; synctest.Wait() },
		"a wake and a line": func(q *logQueue, s *slow) {
			q.ring()
			synctest.Wait()
			_, _ = q.Write([]byte("line\n"))
			s.take <- struct{}{}
			synctest.Wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				out := &slow{take: make(chan struct{})}
				_, q := queuedLog(out, func(io.Writer) *slog.Logger { return slog.New(slog.DiscardHandler) })
				before(q, out)
				out.read = ""
				want := ""
				for _, line := range []string{"first\n", "second\n", "third\n"} {
					want += line
					_, _ = q.Write([]byte(line))
					synctest.Wait()
				}
				close(out.take)
				q.close()
				if out.read != want {
					t.Errorf("%q was written, want %q", out.read, want)
				}
			})
		})
	}
}
