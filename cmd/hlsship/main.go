package main

import (
	"context"
	"os"

	"github.com/coreos/go-systemd/v22/journal"
)

// Set by the linker: -X main.version=1.2.3 -X main.commit=abcdef0.
var version, commit string

func main() {
	// An error means that the stream cannot be looked at, so that nothing is known of a journal.
	journalled, _ := journal.StderrIsJournalStream()
	p := program{
		stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ(), build: describe(version, commit), journal: journalled,
		stdin: os.Stdin,
	}
	os.Exit(p.run(context.Background(), os.Args))
}
