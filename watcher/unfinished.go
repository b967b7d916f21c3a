package watcher

import "os"

// keepOpen keeps f open, as file, until it is finished: from its creation on, if that was seen. A packager may remove it
// within milliseconds of its close (VLC at its end does in 6 ms), which is sooner than a busy machine lets this program
// run. It takes the file over, and closes it where nobody would say that the name means another one now, or where too
// many are open. One that was removed, with its folder perhaps, is about to be looked at for the last time. A file that
// is only read hinders nobody.
func (r *run) keepOpen(f *file, file *os.File) {
	r.letClose(f)
	if f.goneAt == nil && (!r.exact(f.in) || r.open >= r.config.Hold/4) {
		_ = file.Close()
		return
	}
	f.open = file
	r.open++
}

// tellUnfinished logs what is not finished at the end, and is not reported therefore.
func (r *run) tellUnfinished() {
	files, first := 0, ""
	for _, in := range r.folders {
		for _, f := range in.files {
			if f.open == nil && (f.alarm.index == 0 || f.told.same(f.seen)) {
				continue
			}
			if path := f.path(); files == 0 || path < first {
				first = path
			}
			files++
		}
	}
	if files > 0 {
		r.config.Logger.Info("files that are still being written are left to the next start", "files", files, "first", printable(first))
	}
}

// takeOpen returns what keeps f open and leaves it to the caller; nil if nothing does.
func (r *run) takeOpen(f *file) *os.File {
	file := f.open
	if file != nil {
		f.open = nil
		r.open--
	}
	return file
}

// letClose closes what keeps f open.
func (r *run) letClose(f *file) {
	if file := r.takeOpen(f); file != nil {
		_ = file.Close()
	}
}
