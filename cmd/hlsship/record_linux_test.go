package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// recordInstead lets the test binary be the recorder of a directory, in a process that does nothing else.
func recordInstead() bool {
	dir := os.Getenv("HLSSHIP_TEST_RECORDER")
	if dir == "" {
		return false
	}
	debug.SetMemoryLimit(256 << 20) // and no collection before
	debug.SetGCPercent(-1)
	if err := storetest.Catch(dir, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "recorder:", err)
		os.Exit(1)
	}
	return true
}
