//go:build !linux

package main

// recordInstead does nothing where there is no recorder.
func recordInstead() bool { return false }

// attackInstead likewise.
func attackInstead() bool { return false }
