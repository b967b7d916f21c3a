package check

import "os"

// system is what is asked of the kernel; tests replace parts of it.
type system struct {
	// mount describes the file system of a folder.
	mount func(folder string) (mount, error)
	// watches makes an inotify instance, watches the folders, and gives all back. instance is false if there was no
	// instance to be had; n is how many folders could be watched.
	watches func(folders []string) (instance bool, n int, err error)
	// openFiles is how many files this process may have open; 0 if that is not known.
	openFiles func() uint64
	// writes reports whether somebody has the file open for writing, as far as the kernel tells.
	writes func(file *os.File) bool
	// user is this process's effective user; -1 if users have no numbers.
	user func() int
	// lists reports whether this process may list and enter the folder.
	lists func(folder string) error
}

// mount is a file system.
type mount struct {
	// kind is its name, such as "ext4"; empty if it is not known.
	kind string
	// remote means that other machines write to it and that this kernel does not hear of it; volatile that it is
	// memory.
	remote, volatile bool
	// free is in bytes, for this user; inodes are those left, inodesInAll all of them, 0 if it does not count them.
	free                int64
	inodes, inodesInAll uint64
	// known is false on systems that cannot be asked; everything else is zero then.
	known bool
}
