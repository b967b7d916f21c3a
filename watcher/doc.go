// Package watcher turns a changing directory into facts: this file, with these bytes, is finished; that
// one is gone. It keeps the promises P2 (no bytes that a packager was still writing) and P6 (the
// packager is never slowed, nothing outside the directory is read) of the project.
//
// # When a file counts as finished
//
// Settled is evidence, and every fact rests on one of four kinds of it:
//
//   - "close": a writer closed it (inotify IN_CLOSE_WRITE), and no other process has it open for writing.
//   - "rename": it was renamed here from a name under which its close was seen.
//   - "lease": nobody has it open for writing (fcntl F_SETLEASE). Used where the close was not seen: for
//     files met by a scan, and for files moved in from elsewhere.
//   - "quiet": size and modification time stayed the same for Config.Settle. Used where the kernel tells
//     neither of closes nor of writers: other systems than Linux, NFS, files of another user.
//
// A file to which its packager appends until the stream ends (ffmpeg's single_file) is never settled while it is
// live. Of such a file, the bytes that come before the end of a range in a settled playlist are reported as
// hls.Growing, with the evidence "range": packagers list a range when it is written. Until the file is so long
// it is looked at ten times a second.
//
// The kernel announces a close before it counts the writer out, so a probe may still meet the writer
// that closed. It is then repeated after 1, 2, 4 … 250 ms. Where a probe cannot tell, the close is taken at its word.
//
// A file whose creation is seen is kept open from then on, so that no unlink can take its bytes away, however late its
// close is dealt with.
//
// The lease is given back at once, within microseconds, and never held across a read. A writer that
// opens the file in that moment waits for its end; one that opens it with O_NONBLOCK would be refused.
//
// # What is never reported
//
// Symbolic links, FIFOs, sockets and devices are neither followed nor opened, files under a packager's
// temporary names are tracked for their rename only, and the folder .hlsship at the top is not looked
// at. Every file is opened through an os.Root.
//
// # Events are a short cut
//
// The directory is the truth. It is scanned at the start, when the kernel's queue overflowed, when a
// folder appeared or the directory was replaced, on a timer, and at the end. A lost event costs time,
// never a file. Writes are not subscribed to: watching costs nothing while a segment is written.
//
// # Goroutines
//
// New starts none. Run is one loop that owns all state; it starts the one goroutine of an
// fsnotify.Watcher and joins it. Look and the methods of a Source may be called from any goroutine.
//
// The package imports hls, fsnotify and golang.org/x/sys, and never uploader, metrics or cmd.
package watcher
