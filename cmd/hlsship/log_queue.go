package main

import (
	"bytes"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	// mostWaiting is how many bytes of lines wait for the reader of the log. What comes beyond that is dropped.
	mostWaiting = 1 << 20
	// linesAtOnce is how many bytes a pipe takes whole, so that no other writer's come between them (PIPE_BUF, pipe(7)).
	linesAtOnce = 4096
	// lastWords is how long the end of the program waits for what it has said to be read.
	lastWords = time.Second
)

// logQueue is between those who log and the reader of the log, for which nobody waits: a terminal that is stopped, a journal that is
// busy. It is an io.Writer of whole lines, safe for concurrent use.
type logQueue struct {
	out   io.Writer
	said  *slog.Logger  // writes into notice
	over  chan struct{} // closed once all is written
	wake  chan struct{} // has room for one token: there is news
	spare []byte        // owned by run, as is notice
	// notice is what the log says of itself.
	notice bytes.Buffer

	mu      sync.Mutex
	waiting []byte // whole lines
	ends    bool   // no more come
	dropped int64  // of which the log was not told
	lost    int64  // dropped, in all
}

// queuedLog returns a logger as newOne makes them, whose lines a goroutine writes to out. The caller closes the queue.
func queuedLog(out io.Writer, newOne func(io.Writer) *slog.Logger) (*slog.Logger, *logQueue) {
	q := &logQueue{out: out, over: make(chan struct{}), wake: make(chan struct{}, 1)}
	q.said = newOne(&q.notice)
	go q.run()
	return newOne(q), q
}

// Write has whole lines written. It never waits, and never fails.
func (q *logQueue) Write(lines []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting)+len(lines) > mostWaiting {
		n := int64(max(1, bytes.Count(lines, []byte("\n"))))
		q.dropped += n
		q.lost += n
		return len(lines), nil
	}
	q.waiting = append(q.waiting, lines...)
	q.ring()
	return len(lines), nil
}

// ring wakes run.
func (q *logQueue) ring() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// droppedLines returns how many lines were dropped so far.
func (q *logQueue) droppedLines() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.lost
}

// close returns once all lines are written, or after a time: who does not read does not keep the program from ending.
func (q *logQueue) close() {
	q.mu.Lock()
	q.ends = true
	q.mu.Unlock()
	q.ring()
	patient := time.NewTimer(lastWords)
	defer patient.Stop()
	select {
	case <-q.over:
	case <-patient.C:
	}
}

// run writes lines as they come.
func (q *logQueue) run() {
	defer close(q.over)
	for range q.wake {
		for {
			q.mu.Lock()
			lines, dropped, ends := q.waiting, q.dropped, q.ends
			q.waiting, q.dropped = q.spare[:0], 0
			q.mu.Unlock()
			q.spare = lines // whatever becomes of them: what was spare is where new ones wait
			if len(lines) == 0 && dropped == 0 {
				if ends {
					return
				}
				break
			}
			q.write(lines)
			if dropped > 0 {
				q.said.Warn("lines of the log were dropped, as nobody read it", "lines", dropped,
					"cure", "see what reads standard error, or log less: --log-level warn")
				q.write(q.notice.Bytes())
				q.notice.Reset()
			}
		}
	}
}

// write writes lines, as many at once as a pipe takes whole. Nothing can be done about an error.
func (q *logQueue) write(lines []byte) {
	for len(lines) > 0 {
		n := len(lines)
		if n > linesAtOnce {
			if n = bytes.LastIndexByte(lines[:linesAtOnce], '\n') + 1; n == 0 {
				if n = bytes.IndexByte(lines, '\n') + 1; n == 0 {
					n = len(lines)
				}
			}
		}
		_, _ = q.out.Write(lines[:n])
		lines = lines[n:]
	}
}

// lastly writes what the program says last, and waits for who reads it as long as close does.
func lastly(out io.Writer, words []byte) {
	if len(words) == 0 {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = out.Write(words)
	}()
	timer := time.NewTimer(lastWords)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}
