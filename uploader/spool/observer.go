package spool

// The ways to pin a file; see the package comment.
const (
	byLink    = "link"
	byReflink = "reflink"
	byCopy    = "copy"
	byHolding = "held"
)

// Why an entry of the spool folder is not recovered.
const (
	droppedChanged = "changed"
	droppedForeign = "foreign"
	// These stay in the spool folder.
	droppedExcluded = "excluded"
	droppedLater    = "later"
)

// Observer is told what the spool does; metrics and tests are observers. Its methods are called from
// several goroutines and must return quickly. Parameters are basic types, so that an observer need not
// import this package.
type Observer interface {
	// Pinned is called for every file that was to be pinned. way is one of Ways. It is called again, with "copy", for one
	// that was held and is copied later.
	Pinned(way string)
	// Usage is called from Run when the number of pinned files or their size in bytes changed, and first
	// of all. A link's bytes take up space of their own only once the packager removed the file.
	Usage(files int, bytes int64)
	// Dropped is called for every entry that Open met and did not recover. reason is one of DropReasons.
	Dropped(reason string)
}

// Ways returns every way that Observer.Pinned is called with, the strongest first.
func Ways() []string { return []string{byLink, byReflink, byCopy, byHolding} }

// DropReasons returns every reason that Observer.Dropped is called with: an entry that is not the file
// that its name speaks of any more, which is removed; one that the spool did not make, which is left alone; one that is
// excluded, which stays; and one that there is no memory for, or that cannot be read now, which stays for the next process.
func DropReasons() []string {
	return []string{droppedChanged, droppedForeign, droppedExcluded, droppedLater}
}

// silent is the Observer of those who want none.
type silent struct{}

func (silent) Pinned(string)    {}
func (silent) Usage(int, int64) {}
func (silent) Dropped(string)   {}
