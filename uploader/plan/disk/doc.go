// Package disk is what a Plan knows of the directory: which finished bytes a path has and had, and what is to become of them.
//
// It decides nothing. An Entry and a Version change by their methods alone, each of which is something that happened. It is pure, starts
// no goroutine, and imports hls alone.
package disk
