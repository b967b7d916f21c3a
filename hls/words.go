package hls

// The words in which the watcher and the spool tell their observers what they do, for logs and metrics. Metrics make one label
// value of each.

// Why a file counts as finished.
const (
	// ByClose: a writer closed it, and nobody else writes.
	ByClose = "close"
	// ByRename: it was renamed from a name under which its close was seen.
	ByRename = "rename"
	// ByLease: the kernel says that nobody has it open for writing.
	ByLease = "lease"
	// ByQuiet: its size and modification time stayed the same.
	ByQuiet = "quiet"
	// ByRange: a playlist names its bytes up to here, though it grows.
	ByRange = "range"
	// ByNote: it is what it was when an earlier process was done with it.
	ByNote = "note"
)

// Evidences returns every word for why a file counts as finished.
func Evidences() []string { return []string{ByClose, ByRename, ByLease, ByQuiet, ByRange, ByNote} }

// Why a file is never reported.
const (
	// RefusedLink is a symbolic link.
	RefusedLink = "link"
	// RefusedIrregular is a FIFO, a device or a socket.
	RefusedIrregular = "irregular"
	// RefusedName is a name that is no UTF-8 or holds control characters.
	RefusedName = "name"
	// RefusedPlaylist is a playlist that is none (no #EXTM3U).
	RefusedPlaylist = "playlist"
	// RefusedSize is a playlist above MaxPlaylistSize.
	RefusedSize = "size"
	// RefusedPermission is a file that this process may not read.
	RefusedPermission = "permission"
	// RefusedEmpty is a segment without a byte.
	RefusedEmpty = "empty"
	// RefusedDeep is a folder below too many others.
	RefusedDeep = "deep"
	// RefusedLong is a path that no key has room for.
	RefusedLong = "long"
	// RefusedTorn is a file that a loss of power tore.
	RefusedTorn = "torn"
)

// Refusals returns every word for why a file is never reported.
func Refusals() []string {
	return []string{
		RefusedLink, RefusedIrregular, RefusedName, RefusedPlaylist, RefusedSize, RefusedPermission, RefusedEmpty, RefusedDeep,
		RefusedLong, RefusedTorn,
	}
}

// Why the directory is scanned.
const (
	// ScanStart is the first scan, ScanStop the last.
	ScanStart, ScanStop = "start", "stop"
	// ScanOverflow comes after events were lost.
	ScanOverflow = "overflow"
	// ScanFolder is that of a folder that appeared.
	ScanFolder = "folder"
	// ScanTimer comes every now and then.
	ScanTimer = "timer"
	// ScanReplaced is that of another directory under the same name.
	ScanReplaced = "replaced"
)

// ScanReasons returns every word for why the directory is scanned.
func ScanReasons() []string {
	return []string{ScanStart, ScanOverflow, ScanFolder, ScanTimer, ScanReplaced, ScanStop}
}

// How a finished file is kept alive.
const (
	// PinnedByLink is a hard link.
	PinnedByLink = "link"
	// PinnedByReflink is a copy that shares its blocks.
	PinnedByReflink = "reflink"
	// PinnedByCopy is a copy of the bytes.
	PinnedByCopy = "copy"
	// PinnedOpen is a file that is kept open, as the other ways failed, and does not outlive the process.
	PinnedOpen = "held"
)

// PinWays returns every word for how a finished file is kept alive, the strongest first.
func PinWays() []string { return []string{PinnedByLink, PinnedByReflink, PinnedByCopy, PinnedOpen} }

// Why what an earlier process left in the spool is not recovered.
const (
	// DroppedChanged is not the file that its name speaks of any more; it is removed.
	DroppedChanged = "changed"
	// DroppedForeign was not made by the spool; it is left alone.
	DroppedForeign = "foreign"
	// DroppedExcluded is excluded; it stays.
	DroppedExcluded = "excluded"
	// DroppedLater has no memory to be had, or cannot be read now; it stays for the next process.
	DroppedLater = "later"
)

// DropReasons returns every word for why what an earlier process left is not recovered.
func DropReasons() []string {
	return []string{DroppedChanged, DroppedForeign, DroppedExcluded, DroppedLater}
}
