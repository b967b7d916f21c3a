package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"
)

// packagerPatience is how long a packager may take to end after it was asked to. It writes its last segment meanwhile.
const packagerPatience = 10 * time.Second

// packagerEnded is the end of the packager that run started, if its exit code is not 0. It becomes the program's.
type packagerEnded struct{ code int }

func (e packagerEnded) Error() string {
	return fmt.Sprintf("the packager ended with exit code %d", e.code)
}

// child is a packager that is started once every directory has been scanned, and whose end has the program drain. Its fields do not
// change.
type child struct {
	argv           []string
	stdin          *os.File
	stdout, stderr io.Writer
	// relayed are signals that mean nothing to this program, and are passed on.
	relayed []os.Signal
	logger  *slog.Logger
}

// findPackager returns the arguments of a packager with the path of its program; an error is one of usage.
func findPackager(argv []string) ([]string, error) {
	if len(argv) == 0 {
		return nil, usageError{errors.New("no command stands behind --: name the packager, such as ffmpeg")}
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return nil, usageError{fmt.Errorf("the packager cannot be started: %w", err)}
	}
	return append([]string{path}, argv[1:]...), nil
}

// run starts the packager once begun is closed and returns when it has ended: nil, a packagerEnded, or why it could not be started.
// When asked ends, it is passed the signal that its cause is, and killed if it has not ended in time. When hard ends it is
// killed. Whatever of its process group is left is asked to end.
func (p child) run(hard, asked context.Context, begun <-chan struct{}) error {
	select {
	case <-begun:
	case <-asked.Done():
		return nil // which is to say that there was none
	}
	cmd := exec.Command(p.argv[0], p.argv[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = p.stdout, p.stderr, time.Second
	if p.stdin != nil && !term.IsTerminal(int(p.stdin.Fd())) { // one that reads of a terminal without being in its foreground is stopped
		cmd.Stdin = p.stdin
	}
	detach(cmd)
	relayed := make(chan os.Signal, 4)
	if len(p.relayed) > 0 {
		signal.Notify(relayed, p.relayed...)
		defer signal.Stop(relayed)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the packager: %w", err)
	}
	p.logger.Info("packager started", "command", p.argv[0], "pid", cmd.Process.Pid)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	err := p.attend(hard, asked, cmd, relayed, ended)
	signalGroup(cmd, syscall.SIGTERM) // what it leaves behind
	code := exitCodeOf(cmd, err)
	p.logger.Info("packager ended", "command", p.argv[0], "exit_code", code)
	if code != 0 {
		return packagerEnded{code}
	}
	return nil
}

// attend passes signals on until the command has ended, and returns what its Wait did.
func (p child) attend(hard, asked context.Context, cmd *exec.Cmd, relayed <-chan os.Signal, ended <-chan error) error {
	ask, cutOff := asked.Done(), hard.Done()
	overdue := time.NewTimer(0)
	overdue.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case s := <-relayed:
			signalGroup(cmd, s)
		case <-ask:
			ask = nil
			var s os.Signal = syscall.SIGTERM
			if caught, ok := errors.AsType[caughtSignal](context.Cause(asked)); ok {
				s = caught.signal
			}
			signalGroup(cmd, s)
			overdue.Reset(packagerPatience)
		case <-overdue.C:
			p.logger.Warn("packager does not end, it is killed", "command", p.argv[0], "waited", packagerPatience, "cure", "have it end at SIGTERM")
			signalGroup(cmd, syscall.SIGKILL)
		case <-cutOff:
			cutOff = nil
			signalGroup(cmd, syscall.SIGKILL)
		}
	}
}

// exitCodeOf returns the exit code of a command that has ended, as a shell does.
func exitCodeOf(cmd *exec.Cmd, err error) int {
	state := cmd.ProcessState
	if state == nil {
		return exitFailed
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	if code := state.ExitCode(); code >= 0 {
		return code
	}
	if err != nil {
		return exitFailed
	}
	return exitDone
}
