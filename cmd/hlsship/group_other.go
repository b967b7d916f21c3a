//go:build !unix

package main

import (
	"os"
	"os/exec"
)

// detach does nothing: there are no process groups.
func detach(*exec.Cmd) {}

// signalGroup ends the command, as there are no signals to send.
func signalGroup(cmd *exec.Cmd, _ os.Signal) { _ = cmd.Process.Kill() }

// otherSignals is empty: there are none.
func otherSignals() []os.Signal { return nil }
