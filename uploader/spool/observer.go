package spool

// Observer is told what the spool does; metrics and tests are observers. Its methods are called from
// several goroutines and must return quickly. Parameters are basic types, so that an observer need not
// import this package.
type Observer interface {
	// Pinned is called for every file that was put into the spool folder, or could not be. way is one of hls.PinWays. It is called
	// again, with "copy", for one that was held and is copied later.
	Pinned(way string)
	// Usage is called from Run when the number of pinned files or their size in bytes changed, and first
	// of all. A link's bytes take up space of their own only once the packager removed the file.
	Usage(files int, bytes int64)
	// Dropped is called for every entry that Open met and did not recover. reason is one of hls.DropReasons.
	Dropped(reason string)
}

// silent is the Observer of those who want none.
type silent struct{}

func (silent) Pinned(string)    {}
func (silent) Usage(int, int64) {}
func (silent) Dropped(string)   {}
