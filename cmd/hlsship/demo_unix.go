//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// detach gives the command a process group of its own, so that Ctrl-C in the terminal reaches this
// process only, which then stops the command in its turn.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
