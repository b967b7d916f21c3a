package storetest

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
)

// message is what a process that catches says: that it is ready, what it caught, and how it ended.
type message struct {
	Ready, Over bool
	Caught      catch
	Trouble     string
}

// Catch is the body of a Recorder's Process: it records the directory until in can be read or is closed, and writes
// what it finds to out.
func Catch(dir string, in *os.File, out io.Writer) error {
	c, err := newCatcher(dir, in)
	if err != nil {
		return err
	}
	defer c.close()
	to := gob.NewEncoder(out)
	if err := to.Encode(message{Ready: true}); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- c.run() }()
	for caught := range c.catches {
		if err := to.Encode(message{Caught: caught}); err != nil {
			return err // nobody listens any more, and the process ends
		}
	}
	over := message{Over: true}
	if err := <-done; err != nil {
		over.Trouble = err.Error()
	}
	return to.Encode(over)
}

// remote is Run with a process of its own.
func (r *Recorder) remote(ctx context.Context) error {
	cmd := r.Process()
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the recorder: %w", err)
	}
	defer context.AfterFunc(ctx, func() { _ = in.Close() })()
	err = r.listen(gob.NewDecoder(out))
	_ = in.Close()
	return errors.Join(err, cmd.Wait())
}

// listen takes in what the process says, to its end.
func (r *Recorder) listen(from *gob.Decoder) error {
	for {
		var m message
		if err := from.Decode(&m); err != nil {
			return fmt.Errorf("listen to the recorder: %w", err)
		}
		switch {
		case m.Ready:
			close(r.ready)
		case m.Over && m.Trouble != "":
			return errors.New(m.Trouble)
		case m.Over:
			return nil
		default:
			r.tell(m.Caught)
		}
	}
}
