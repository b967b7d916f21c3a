//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
)

// detach gives the command a process group of its own, so that Ctrl-C in the terminal reaches this
// process only, which then stops the command in its turn.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// signalGroup sends a signal to all processes of a command that was detached and started. One that has ended needs none.
func signalGroup(cmd *exec.Cmd, s os.Signal) {
	if number, ok := s.(syscall.Signal); ok {
		_ = syscall.Kill(-cmd.Process.Pid, number)
	}
}

// otherSignals are those that a packager may know and that mean nothing to this program.
func otherSignals() []os.Signal { return []os.Signal{syscall.SIGUSR1, syscall.SIGUSR2} }
