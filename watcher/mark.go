package watcher

import (
	"os"

	"github.com/fsnotify/fsnotify"
)

// The last scan sees all that is there, but where no lease tells who writes, a file that was finished a moment ago is known to
// be by its events alone. The kernel keeps those in order: once the event of something that was done after them is there, all are.

// mark is a job that has the kernel announce something outside of the directory.
type mark struct {
	notifier *fsnotify.Watcher
	add      func(*fsnotify.Watcher, string) error
	dir      string
	err      error
}

// mark has the end wait for the events that the kernel has queued. Where no mark can be made, linger has to do.
func (r *run) mark() {
	if _, within := r.relative(os.TempDir()); within {
		return // nothing is written there
	}
	r.marking = true
	r.work.add(&job{lane: rootLooks, task: &mark{notifier: r.notifier, add: r.arming.add}})
}

// do implements task.
func (m *mark) do() {
	if m.dir, m.err = os.MkdirTemp("", "hlsship-end-"); m.err != nil {
		return
	}
	m.err = m.add(m.notifier, m.dir)
	if err := os.Remove(m.dir); m.err == nil { // which is the mark
		m.err = err
	}
}

// drop implements task.
func (m *mark) drop() {}

// deal implements task.
func (m *mark) deal(r *run) {
	if m.err != nil {
		r.marking = false
	}
}
