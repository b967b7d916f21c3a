package main

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/uploader/spool"
)

// mostNamed is how many files are named that a channel leaves behind. Whoever writes playlists decides how many there are.
const mostNamed = 100

// fewNamed is how many of them the last line names.
const fewNamed = 10

// channelRun is one run of a shipment.
type channelRun struct {
	shipment
	// store is nil until there is one, whose keys may be late.
	store atomic.Pointer[s3.Store]
	// soft is the context whose end makes it drain, stop ends it.
	soft context.Context
	stop context.CancelCauseFunc
	// credentials are those that its store uses. They belong to the fleet, as they may change while it runs.
	credentials s3.Credentials
	// err is how it went, once done is closed.
	err  error
	done chan struct{}
	// began is when it did, failures counts those in a row.
	began    time.Time
	failures int
}

// newChannelRun returns a run of s with that store; nil asks for one when it begins.
func newChannelRun(s shipment, store *s3.Store) *channelRun {
	r := &channelRun{shipment: s, credentials: s.channel.store.credentials, done: make(chan struct{})}
	r.store.Store(store)
	return r
}

// run waits for the pause and for those before it, and runs the shipment. Those end soon, as they were told to stop.
func (r *channelRun) run(hard context.Context, before []*channelRun, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.soft.Done(): // what the directory has is shipped all the same
	}
	left := r.enter("wait for the run before this one")
	for _, other := range before {
		select {
		case <-other.done:
		case <-hard.Done():
			<-other.done // which ends it as well
		}
	}
	left()
	if r.replaced() || r.removed() {
		return nil
	}
	r.helm.steer((*course).launched)
	left = r.enter("begin in " + r.channel.dir)
	o, err := r.begin(hard)
	left()
	if err != nil {
		return err
	}
	r.began = time.Now()
	return o.run(hard, r.soft)
}

// begin takes hold of the directory, with a store, whose keys may be late. The caller runs or closes what it returns.
func (r *channelRun) begin(ctx context.Context) (*opened, error) {
	if r.store.Load() == nil {
		store, err := r.connect(ctx)
		if err != nil {
			return nil, err
		}
		r.store.Store(store)
	}
	return r.open(r.store.Load())
}

// report logs what a run that has ended leaves behind.
func (r *channelRun) report() {
	if p, ok := errors.AsType[*panicked](r.err); ok {
		r.logger.Error("channel panicked", "err", p, "stack", string(p.stack), "cure", "please report it, with these lines")
		p.told = true
	}
	left, unshipped := errors.AsType[*uploader.Unshipped](r.err)
	switch {
	case unshipped && r.replaced() && !r.channel.spool.off:
		r.logger.Info("files wait in the spool for the channel's new settings", "files", len(left.Files))
	case unshipped:
		say, kept := r.logger.Error, !r.channel.spool.off
		if kept {
			say = r.logger.Debug // they are not lost
		}
		for _, name := range left.Files[:min(len(left.Files), mostNamed)] {
			say("file not shipped", "path", name)
		}
		if kept {
			r.logger.Warn("stopped with files unshipped, which wait in the spool", "files", len(left.Files),
				"first", strings.Join(left.Files[:min(len(left.Files), fewNamed)], " "), "spool", r.channel.spoolFolder(),
				"cure", "the next start ships them")
		} else {
			r.logger.Error("stopped with files unshipped", "files", len(left.Files), "cure", "set --spool-dir, so that the next start ships what is left")
		}
	case r.err != nil && (r.replaced() || r.removed()):
		r.logger.Error("channel ended with an error", "err", r.err)
	}
}

// failureCure says what to do about a channel that failed.
func failureCure(err error) string {
	const again = "; it is tried again by itself"
	if _, ok := errors.AsType[*panicked](err); ok {
		return "please report it, with the stack" + again
	}
	if _, ok := errors.AsType[*spool.InUseError](err); ok {
		return "end that process, or give the channel a --spool-dir of its own" + again
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "give the user of hlsship the right to it" + again
	case errors.Is(err, fs.ErrNotExist):
		return "make it, or correct the setting that names it" + again
	}
	return "mend what the error names" + again
}

// replaced reports whether the channel goes on with other settings.
func (r *channelRun) replaced() bool { return errors.Is(context.Cause(r.soft), errReplaced) }

// removed reports whether the channel is no longer configured.
func (r *channelRun) removed() bool { return errors.Is(context.Cause(r.soft), errRemoved) }
