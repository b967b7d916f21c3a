package watcher

import "time"

// Observer is told what the watcher does; metrics and tests are observers. All methods are called from
// the goroutine of Run, one at a time, and must return quickly. Parameters are basic types, so that an
// observer need not import this package.
type Observer interface {
	// Settled is called for every file reported as finished, or as finished up to the end of a byte range.
	// evidence is one of hls.Evidences (see the package comment); kind is one of hls.Kinds.
	Settled(kind, evidence string)
	// Refused is called for what is never reported. reason is one of hls.Refusals.
	Refused(reason string)
	// Scanned is called after every scan of the directory. reason is one of hls.ScanReasons; files counts the
	// regular files met, took is the time that it needed.
	Scanned(reason string, files int, took time.Duration)
	// Watching is called when the number of watched folders or the way of watching changed. exact is
	// false when the kernel does not tell of closed files, so that the quiet rule alone decides, and while a folder
	// is on a network mount or cannot be watched.
	Watching(folders int, exact bool)
	// Holding is called when the number of files held open changed.
	Holding(files int)
	// Waiting is called when the number of playlists changed whose newest version is not read yet, as playlists take all the
	// memory that they may (Config.Memory).
	Waiting(playlists int)
}
