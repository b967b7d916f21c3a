package watcher

import "time"

// Where the kernel does not tell of all who write, on mounts that other machines write to and in folders that cannot be watched,
// a folder is listed every Config.Settle, or every half target duration if that is less. Events come all the same from
// writers on this machine. A folder is asked what it is on whenever it is listed, as anyone of them may be a mount.

// fastest is the shortest time from one look to the next at what announces nothing, whatever target duration somebody writes
// into a playlist.
const fastest = 500 * time.Millisecond

// pace returns the time from one look to the next at what announces nothing, where playlists have that target duration.
func (r *run) pace(target time.Duration) time.Duration {
	if target <= 0 {
		return r.config.Settle
	}
	return min(r.config.Settle, max(target/2, fastest))
}

// heard takes in how a folder that was listed is watched.
func (r *run) heard(f *folder, l *listing) {
	if f.remote = l.remote; f.remote == "" && l.refused == nil {
		r.hears(f)
		return
	}
	f.target = 0
	for _, file := range f.files {
		if t := file.read.target; t > 0 && (f.target == 0 || t < f.target) {
			f.target = t
		}
	}
	if l.refused != nil {
		r.disarm(f)
		r.notArmed(f, l.refused)
	}
	if f.remote == "" {
		return
	}
	r.listLater(f)
	if !r.remote {
		r.remote = true
		r.config.Logger.Warn("nothing announces what is written elsewhere to this file system, its folders are listed instead",
			"path", printable(f.path), "file_system", f.remote, "every", r.config.Settle,
			"cure", "run hlsship on the machine that writes the files, or have the packager write to a local disk; else expect "+
				"--settle and half a segment of latency more")
	}
}

// listLater has f listed before long: at its pace, or that of the nearest folder above that has live playlists.
func (r *run) listLater(f *folder) {
	if !f.deaf {
		f.deaf = true
		r.deaf++
	}
	with := f
	for with.target == 0 && with.parent != nil {
		with = with.parent
	}
	r.queue.set(&f.poll, time.Now().Add(r.pace(with.target)))
}

// hears says that the kernel tells of all that happens in f, or that it is forgotten.
func (r *run) hears(f *folder) {
	if f.deaf {
		f.deaf = false
		r.deaf--
	}
	r.queue.cancel(&f.poll)
}
