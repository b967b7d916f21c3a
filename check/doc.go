// Package check looks at a set-up before it is used: whether hlsship can watch the directory, keep its files and
// ship them to the store, what would fail, and what to do about it. Each [Finding] has a stable name, so that
// scripts and people can rely on it.
//
// # Promises
//
// P6 (harmless): in the watched directory it does what the spool would do and nothing else, in a folder of its own
// within the spool folder; both are gone afterwards unless they were there before. In the bucket it writes one
// object below the prefix, PREFIX/.hlsship-check- and eight random digits, and removes it; where it may not, it
// leaves some bytes and says so. P7 (honest): what could not be found out is a finding, too.
//
// [Run] ends within [Limit], whatever hangs.
//
// # Goroutines
//
// Run works in the caller's goroutine and one more for the directory, as a file system that does not answer can be
// interrupted by nothing: that goroutine alone may outlive Run.
//
// The package imports hls, openfile, watcher, uploader, uploader/s3 and uploader/spool, and never metrics or cmd.
package check
