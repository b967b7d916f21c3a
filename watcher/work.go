package watcher

import (
	"time"
)

const (
	// hangTime is how long a job may take until it is taken to hang, as one at a file of a server that is away does.
	hangTime = 5 * time.Second
	// maxHanging is how many jobs that hang are made up for, so that others find a goroutine.
	maxHanging = 64
)

// lane is a kind of jobs. A lane has goroutines of its own, so that none waits for those of another.
type lane uint8

const (
	looks      lane = iota // at names that events, alarms and questions tell of
	strolls                // at names that a scan met, one at a time and thus in their order
	listings               // of folders
	smallTexts             // of playlists
	largeTexts
	pinnings // by Config.Pin
	errands  // to the directory itself, and to names that a folder had
	laneCount
)

// atOnce returns how many jobs of a lane run at once, but for those that hang.
func (l lane) atOnce() int {
	return [laneCount]int{looks: 8, strolls: 1, listings: 2, smallTexts: 2, largeTexts: 1, pinnings: 4, errands: 2}[l]
}

// job is something that may take long: it touches the file system or reads a text. It runs in a goroutine of its own and
// shares nothing with the loop.
type job struct {
	lane  lane
	do    func() outcome
	hang  func() // called by the loop when the job is taken to hang; may be nil
	began time.Time
	hangs bool
}

// outcome is what a job has found out. One of its methods is called, once.
type outcome interface {
	// deal deals with it, in the loop.
	deal(r *run)
	// drop lets go of what it holds, as nobody needs it any more.
	drop()
}

// ended is a job that has ended.
type ended struct {
	job     *job
	outcome outcome
}

// work has jobs done. It is owned by the loop.
type work struct {
	queues  [laneCount][]*job
	taken   [laneCount]int // goroutines, but for those made up for
	running map[*job]bool
	hanging int           // made up for
	ended   chan ended    // for the loop
	over    chan struct{} // closed when nobody receives from ended any more
	full    bool          // more jobs hang than are made up for
}

func newWork() *work {
	return &work{running: make(map[*job]bool), ended: make(chan ended), over: make(chan struct{})}
}

// add has j done as soon as its lane has room.
func (w *work) add(j *job) {
	w.queues[j.lane] = append(w.queues[j.lane], j)
	w.start(j.lane)
}

// start starts what waits in a lane and has room.
func (w *work) start(l lane) {
	for w.taken[l] < l.atOnce() && len(w.queues[l]) > 0 {
		j := w.queues[l][0]
		w.queues[l][0] = nil
		w.queues[l] = w.queues[l][1:]
		w.taken[l]++
		w.running[j] = true
		j.began = time.Now()
		go func() {
			o := j.do()
			select {
			case w.ended <- ended{j, o}:
			case <-w.over:
				o.drop()
			}
		}()
	}
}

// finished says that j has ended.
func (w *work) finished(j *job) {
	delete(w.running, j)
	if j.hangs {
		w.hanging--
	} else {
		w.taken[j.lane]--
		w.start(j.lane)
	}
}

// watch makes up for jobs that hang. full is true the first time when there are too many.
func (w *work) watch(now time.Time) (full bool) {
	for j := range w.running {
		if j.hangs || now.Sub(j.began) < hangTime {
			continue
		}
		if w.hanging == maxHanging {
			full, w.full = !w.full, true
			return full
		}
		j.hangs = true
		w.hanging++
		w.taken[j.lane]--
		if j.hang != nil {
			j.hang()
		}
		w.start(j.lane)
	}
	return false
}

// idle reports whether nothing is to be done but what hangs.
func (w *work) idle() bool {
	for l := range laneCount {
		if w.taken[l] > 0 || len(w.queues[l]) > 0 {
			return false
		}
	}
	return true
}

// close drops what waits, joins what runs, but for what hangs, until patience is closed, and has everything dropped that ends later.
func (w *work) close(patience <-chan time.Time) {
	defer close(w.over)
	for l := range w.queues {
		w.queues[l] = nil
	}
	for !w.idle() {
		select {
		case e := <-w.ended:
			w.finished(e.job)
			e.outcome.drop()
		case <-patience:
			return
		}
	}
}
