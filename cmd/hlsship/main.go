package main

import (
	"context"
	"os"
)

// Set by the linker: -X main.version=1.2.3 -X main.commit=abcdef0.
var version, commit string

func main() {
	p := program{
		stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ(), build: describe(version, commit),
	}
	os.Exit(p.run(context.Background(), os.Args))
}
