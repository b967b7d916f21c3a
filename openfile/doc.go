// Package openfile knows what makes two files one: the fingerprint of an open file (hls.Version), how a name is opened that
// somebody else may exchange meanwhile, and whether what is open still has the bytes that a fact tells of. The promise P2
// (no bytes that a packager was still writing) rests on it, for files that the watcher holds and for those of the spool alike.
//
// # Who closes
//
// A Shared counts the users of an open file, so that one descriptor serves a source and all its readers; the last one to leave
// closes it. A Reader is one of them.
//
// # Goroutines
//
// None is started. A Shared is safe for concurrent use.
//
// The package imports hls and golang.org/x/sys, and never watcher, uploader, metrics or cmd.
package openfile
