// Package spool keeps the bytes of finished files alive until they are stored: through deletes by the
// packager, through a kill of this process and, but for the last seconds, through a loss of power. It
// keeps its part of the promises P4 (lossless) and P6 (harmless) of the project: the packager's files are
// never changed, moved, removed or waited for.
//
// # How a file is pinned
//
// Spool.Pin keeps the file open, and nothing else: most files are stored within a second, and cost the disk nothing then. Run puts
// what still waits into the spool folder, Close all that waits. So does Pin itself where more than Config.Hold files would be open,
// with those that were finished first. The first way that works for the file is taken:
//
//   - "link": a hard link in the spool folder. Free, and within the file system only. Linux forbids
//     linking a file that belongs to somebody else and may not be written (fs.protected_hardlinks).
//   - "reflink": a copy that shares its blocks (FICLONE: Btrfs, XFS). The kernel writes the file's dirty
//     pages to disk first.
//   - "copy": a copy of the bytes. It is the way of playlists, and of what was deleted within the second and has no name to be linked.
//   - "held": the file stays open, and is not in the spool folder: another try follows, or it is for the caller to hold it.
//
// So nobody waits for a copy, and hardly any is made while the store answers. What a kill within the second loses is what was finished
// within it and is deleted by the packager before the next start.
//
// A link shares the inode: if the packager truncates the file and writes it again in place, the pinned
// bytes are gone. Reader.Version then differs, so that they are void, never wrong. Once a name came back
// in the same inode, its folder is pinned by reflink or copy, and by Pin itself: by reflink, or if the file has no more than 64 KiB.
//
// The newest version of each playlist is pinned until it is published, as packagers delete playlists, too. It is copied
// if it has no more than 64 KiB, and by Pin itself once the playlist was written again in place.
//
// # What is on disk
//
// The folders are the state; there is no journal. A pin of hi/seg_1.ts is
//
//	settled/hi/seg_1.ts@SIZE-MTIME-INODE    pinned
//	named/hi/seg_1.ts@SIZE-MTIME-INODE      Keep was called: a playlist named it, or it is the newest playlist
//
// with the original's size in decimal, its modification time in nanoseconds and its inode in hexadecimal
// digits. One that is kept for keys in the folders of sessions names these behind it, as @20261130T010203Z+20261130T010203Z.2+own, where own is
// the key that is the file's path. Each step is one link, rename or unlink, so that a process killed at any instant leaves a pin
// or none. Copies grow in the folder part, which Open empties. The file lock is locked (flock) by the one
// process that uses the spool, and holds its number. The file began, if Resume was asked, says when the run began
// and by its modification time when it still went on; End removes it. The file stored, if Notes was asked, says what was stored, one
// line a file: a sum, the fingerprint, the change time of the inode, ETag and path. It is written at most once a second, begun
// again when it has doubled, and has 64 MiB at most. Nothing is lost with it: what it does not say is read and compared. The file taped, if Tapes
// was asked, keeps what is recorded of runs that are not closed, in the same way: what it does not say is read from the store.
//
// # What is trusted
//
// The spool folder mostly lies where somebody else writes: he can make it before hlsship does, or move it away and put
// his own there. So the spool folder, every folder in it, lock, began, stored and taped are looked at whenever they are opened: each is
// what it should be, no link, of the user who runs hlsship, writable for nobody else, and each file has one name. Nobody else
// can then have put anything into it. That alone is why pins are believed, which are links and mostly belong to the
// packager. Below the watched directory no link is followed on the way to the spool; elsewhere those of root and of
// this user are, which the operator made. Nothing is opened that could be waited for.
//
// What is not so is a ForeignError: it is left alone, neither followed nor changed. If it is the spool folder, settled, named,
// part or lock, there is no spool until somebody removes it; files are held open meanwhile, the log says so as an
// error, and Run tries again. If it is a folder below settled or named, the files of that folder alone are held. A file
// system that keeps no owners or modes can have no spool that could be trusted: a new folder is foreign at once there, with a
// cure of its own. What began says is believed if it can be true, and what stored says of a file that was not touched since.
//
// # What is recovered
//
// What an earlier process left becomes facts, unless it is excluded (Config.Exclude). What is not whole is told as lost, so that no older
// bytes of its name are taken for it. Of a playlist, the newest
// version that can be read supersedes the others. Playlists take their share of Config.Memory, the newest first, and
// one file is read once, however many names it has. What is excluded, finds no memory, or cannot be read for want of
// descriptors stays where it is; it is counted and named. Torn tells what a loss of power made of files that were finished.
//
// # What survives what
//
//	                            link             reflink, copy     open
//	deleted by the packager     yes              yes               yes
//	rewritten in place          void             yes               void
//	spool folder removed        the newest Hold  no                yes
//	SIGTERM                     yes              yes               yes
//	SIGKILL of this process     yes              yes               what is still in the directory
//	loss of power               after 1 to 2 s   after 1 to 2 s    no
//
// Pinning makes nothing durable by itself. Run flushes to disk what was finished more than a second ago: the bytes, then the
// folders. What a power loss tore or
// took is of another size or time than its name says, and is dropped by Open. A file that was touched
// (Touch) in the very moment of a crash is dropped, too.
//
// # Goroutines
//
// None is started. Run is the one loop; everything else may be called from any goroutine.
//
// The package imports hls, openfile and golang.org/x/sys, and never uploader, watcher, metrics or cmd.
package spool
