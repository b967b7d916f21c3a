package watcher

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/crew"
)

const (
	// hangTime is how long a job may take until it is taken to hang, as one at a file of a server that is away does; a look,
	// which takes microseconds, may take lookTime.
	hangTime = 5 * time.Second
	lookTime = time.Second
	// maxHanging is how many jobs that hang are made up for, so that others find a goroutine.
	maxHanging = 64
	// inOneFolder is how many files of one folder are looked at at once, whether they hang or not.
	inOneFolder = 2
)

// lane is a kind of jobs. A lane has goroutines of its own, so that none waits for those of another.
type lane uint8

const (
	looks      lane = iota // at names that events, alarms and questions tell of
	scanLooks              // at names that a scan met, one at a time and thus in their order
	listings               // of folders
	smallTexts             // of playlists
	largeTexts
	pinnings  // by Config.Pin
	rootLooks // to the directory itself, and to names that a folder had
	laneCount
)

// atOnce returns how many jobs of a lane run at once, but for those that hang.
func (l lane) atOnce() int {
	return [laneCount]int{looks: 16, scanLooks: 1, listings: 2, smallTexts: 2, largeTexts: 1, pinnings: 4, rootLooks: 2}[l]
}

// task is something that may take long: it touches the file system or reads a text.
type task interface {
	// do does it, in a goroutine of its own. It shares nothing with the loop.
	do()
	// deal deals with what was found out, in the loop.
	deal(r *run)
	// drop lets go of what the task holds, before or after it was done. It is called instead of deal.
	drop()
}

// job is a task in a lane.
type job struct {
	lane  lane
	task  task
	in    *folder // in which it looks at a file; nil if it does not
	hang  func()  // called by the loop when the job is taken to hang; may be nil
	began time.Time
	hangs bool
}

// limit returns how long j may take until it is taken to hang.
func (j *job) limit() time.Duration {
	if j.in != nil {
		return lookTime
	}
	return hangTime
}

// work has jobs done. It is owned by the loop.
type work struct {
	queues  [laneCount][]*job
	taken   [laneCount]int // goroutines, but for those made up for
	crew    crew.Crew
	running map[*job]bool
	folders map[*folder]*looked
	hanging int           // jobs made up for
	ended   chan *job     // for the loop
	over    chan struct{} // closed when nobody receives from ended any more
	full    bool          // more jobs hang than are made up for
}

// looked is a folder of which files are looked at.
type looked struct {
	running int
	waiting []*job
}

func newWork() *work {
	return &work{
		running: make(map[*job]bool), folders: make(map[*folder]*looked),
		ended: make(chan *job), over: make(chan struct{}),
	}
}

// add has j done as soon as its lane has room.
func (w *work) add(j *job) {
	if j.in != nil {
		if w.folders[j.in] == nil {
			w.folders[j.in] = &looked{}
		}
		if in := w.folders[j.in]; in.running == inOneFolder {
			in.waiting = append(in.waiting, j)
			return
		}
		w.folders[j.in].running++
	}
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
		w.crew.Go(func() {
			j.task.do()
			select {
			case w.ended <- j:
			case <-w.over:
				j.task.drop()
			}
		})
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
	if j.in == nil {
		return
	}
	in := w.folders[j.in]
	if in.running--; len(in.waiting) > 0 {
		next := in.waiting[0]
		in.waiting = in.waiting[1:]
		w.add(next)
	} else if in.running == 0 {
		delete(w.folders, j.in)
	}
}

// watch makes up for jobs that hang. full is true the first time when there are too many.
func (w *work) watch(now time.Time) (full bool) {
	for j := range w.running {
		if j.hangs || now.Sub(j.began) < j.limit() {
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

// idle reports whether nothing is to be done but what hangs and what waits for that.
func (w *work) idle() bool {
	for l := range laneCount {
		if w.taken[l] > 0 || len(w.queues[l]) > 0 {
			return false
		}
	}
	return true
}

// close drops what waits, joins what runs, but for what hangs, until patience is over, and has everything dropped that
// ends later.
func (w *work) close(patience <-chan time.Time) {
	defer func() {
		close(w.over)
		if w.crew.End(); len(w.running) == 0 {
			w.crew.Wait()
		}
	}()
	waiting := slices.Concat(w.queues[:]...)
	for _, in := range w.folders {
		waiting = append(waiting, in.waiting...)
		in.waiting = nil
	}
	w.queues = [laneCount][]*job{}
	for _, j := range waiting {
		j.task.drop()
	}
	for !w.idle() {
		select {
		case j := <-w.ended:
			w.finished(j)
			j.task.drop()
		case <-patience:
			return
		}
	}
}
