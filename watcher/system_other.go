//go:build !unix

package watcher

import "io/fs"

// links is unknown here: 0.
func links(fs.FileInfo) uint64 { return 0 }

// defaultHold is a number of files that every system lets a process open.
func defaultHold() int { return 256 }

// tooManyFiles and noMoreWatches are conditions that only Unix systems tell of.
func tooManyFiles(error) bool  { return false }
func noMoreWatches(error) bool { return false }
