package watcher

import (
	"testing"
	"testing/synctest"
	"time"
)

// doing is a job that lasts until it is told to end.
type doing struct {
	w       *work
	end     chan struct{}
	dropped bool
}

func (d *doing) do() { <-d.end }

func (d *doing) deal(*run) {}

func (d *doing) drop() { d.dropped = true }

// begin adds n jobs to a lane, in a folder unless that is nil.
func begin(w *work, l lane, n int, in *folder) []*doing {
	var all []*doing
	for range n {
		d := &doing{w: w, end: make(chan struct{})}
		all = append(all, d)
		w.add(&job{lane: l, task: d, in: in})
	}
	return all
}

func TestJobsThatHangAreMadeUpFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWork()
		defer w.crew.End()
		all := begin(w, largeTexts, maxHanging+3, nil)
		running := func(want int) {
			t.Helper()
			if len(w.running) != want {
				t.Errorf("%d jobs run, want %d", len(w.running), want)
			}
		}
		running(1)
		small := begin(w, smallTexts, 1, nil) // waits for none of them
		close(small[0].end)
		w.finished(<-w.ended)
		running(1)
		told := 0
		for i := range maxHanging + 2 {
			time.Sleep(hangTime - 1)
			if w.watch(time.Now()) {
				t.Error("full too early")
			}
			time.Sleep(1)
			if w.watch(time.Now()) {
				told++
			}
			running(min(i+2, maxHanging+1))
		}
		if told != 1 {
			t.Errorf("told %d times that too many hang, want once", told)
		}
		close(all[0].end) // comes back after all
		w.finished(<-w.ended)
		w.watch(time.Now())
		running(maxHanging + 1)
		for _, d := range all[1:] {
			close(d.end)
		}
		for range maxHanging + 2 {
			w.finished(<-w.ended)
		}
		running(0)
		if !w.idle() || w.hanging != 0 {
			t.Errorf("%d hang, idle %v", w.hanging, w.idle())
		}
	})
}

// TestOneFolderTakesFewGoroutines has the files of two folders hang. Those of a third wait for none of them.
func TestOneFolderTakesFewGoroutines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWork()
		defer w.crew.End()
		dead := append(begin(w, looks, 100, &folder{}), begin(w, looks, 100, &folder{})...)
		if len(w.running) != 2*inOneFolder {
			t.Errorf("%d jobs run", len(w.running))
		}
		alive := &folder{}
		for range 100 {
			close(begin(w, looks, 1, alive)[0].end)
			w.finished(<-w.ended)
		}
		time.Sleep(lookTime)
		w.watch(time.Now())
		if !w.idle() {
			t.Error("what waits for what hangs is waited for")
		}
		for _, d := range dead {
			close(d.end)
		}
		for range dead {
			w.finished(<-w.ended)
		}
		if len(w.running)+len(w.folders)+w.hanging > 0 || !w.idle() {
			t.Errorf("left %+v", w)
		}
	})
}

func TestTheEndJoinsJobs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWork()
		hangs := begin(w, rootLooks, 1, nil)
		time.Sleep(hangTime)
		w.watch(time.Now())
		all := begin(w, pinnings, 6, nil) // two of them wait for the others
		began := time.Now()
		go func() {
			for _, d := range all[:4] {
				time.Sleep(time.Second)
				close(d.end)
			}
		}()
		w.close(time.After(time.Minute))
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("it took %v, want as long as what does not hang", took)
		}
		if !all[0].dropped || !all[5].dropped || hangs[0].dropped {
			t.Error("other jobs were dropped than those that ended and those that waited")
		}
		close(hangs[0].end)
		synctest.Wait()
		if !hangs[0].dropped {
			t.Error("what ended later was not dropped")
		}
	})
}

func TestTheEndIsNotPutOffForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWork()
		all := begin(w, looks, 3, nil)
		began := time.Now()
		w.close(time.After(patience))
		if took := time.Since(began); took != patience {
			t.Errorf("it took %v", took)
		}
		for _, d := range all {
			close(d.end)
		}
		synctest.Wait()
		if !all[2].dropped {
			t.Error("not dropped")
		}
	})
}
