// Package watcher turns a changing directory into facts: this file, with these bytes, is finished; that
// one is gone. It keeps the promises P2 (no bytes that a packager was still writing) and P6 (the
// packager is never slowed, nothing outside the directory is read) of the project.
//
// # When a file counts as finished
//
// Settled is evidence, and every fact rests on one of five kinds of it:
//
//   - "close": a writer closed it (inotify IN_CLOSE_WRITE), and no other process has it open for writing.
//   - "rename": it was renamed here from a name under which its close was seen.
//   - "lease": nobody has it open for writing (fcntl F_SETLEASE). Used where the close was not seen: for
//     files met by a scan, and for files moved in from elsewhere.
//   - "quiet": size and modification time stayed the same for Config.Settle. Used where the kernel tells
//     neither of closes nor of writers: other systems than Linux, network mounts, files of another user.
//   - "note": it is what it was, change time and all, when an earlier process was done with it (Config.Noted). Used for files that the
//     first scan meets in folders where closes are announced. They are not opened (glance.go).
//
// A file to which its packager appends until the stream ends (ffmpeg's single_file) is never settled while it is
// live. Of such a file, the bytes that come before the end of a range in a settled playlist are reported as
// hls.Growing, with the evidence "range": packagers list a range when it is written. Until the file is so long
// it is looked at ten times a second.
//
// The first version of a playlist that was written under its name waits for 50 ms, as the name may be a temporary one (moved.go).
//
// A playlist that its writer never closes, or that changes sooner on a network mount than it could be quiet, is read as it
// stands (standing.go). It is quiet if it has the same bytes at two looks, Config.Settle or half its target duration apart.
//
// The kernel announces a close before it counts the writer out, so a probe may still meet the writer
// that closed. It is then repeated after 1, 2, 4 … 250 ms. Where a probe cannot tell, the close is taken at its word.
//
// A file of hls.MaxSummed bytes or less is read when it is looked at, so that its fact says which bytes it has (hls.File.Sum): packagers
// write init sections and keys again with the same ones.
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
// temporary names are tracked for their rename only, and neither the folder .hlsship at the top nor those of
// Config.Leave are looked at. Every file is opened through an os.Root, without waiting for the other end of a FIFO.
// A segment without a byte is never finished, and folders more than 64 below the directory are left out.
//
// That something cannot be opened or listed for want of descriptors or memory, or as a disk or a server fails, says nothing
// about it: it is looked at again after 250 ms, and ever less often.
//
// # Events are a short cut
//
// The directory is the truth. It is scanned at the start, when the kernel's queue overflowed, when a
// folder appeared or the directory was replaced, on a timer, and at the end. A lost event costs time,
// never a file. Folders on network mounts, where other machines write unheard, and those that cannot be watched are listed
// every Config.Settle, or every half target duration of their playlists (remote.go). Writes are not subscribed to: watching costs nothing while a segment is written.
//
// # Goroutines
//
// New starts none. Run is one loop that owns all state. What may take long is a job, with a goroutine of its own that shares
// nothing with the loop: a look at a name, the listing of a folder, the reading of a playlist, Config.Pin. Each kind has few
// goroutines (work.go), small playlists other ones than large, and no more than two look at the files of one folder. A
// job that hangs, as one below a mount whose server is away does, is made up for by another goroutine after 5 s, a look
// after 1 s, up to 64 of them. Run joins them all, and the goroutine of its fsnotify.Watcher, but for those that hang. Look
// and the methods of a Source may be called from any goroutine.
//
// # In which order facts come
//
// Facts of one path come in order. Facts of different paths come as soon as they are known, with two exceptions, on which
// P1 rests (order.go): that a name has other bytes than before, or is gone, comes after the playlists that the look
// began at before; and a playlist comes after those of its names that the look began at before, since it means them, and after what it has looked
// for itself (byte ranges), which comes as if the look had begun before.
// A playlist for which others waited 5 s is read again instead. Of a playlist's versions the one that is read, the next and the
// newest are reported, if more come meanwhile.
//
// # How much a playlist may cost
//
// It takes its memory from Config.Memory before it is read, and again for what it names. Where there is none it waits, and the
// version that is then on disk is read; what would never fit is refused. One that took more than 50 ms to read, or was refused
// as too large, is left alone for a while, so that it takes no more than a part of one processor.
//
// The package imports hls, openfile, fsnotify and golang.org/x/sys, and never uploader, metrics or cmd.
package watcher
