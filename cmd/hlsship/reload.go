package main

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/hlsship/hlsship/uploader/s3"
)

// reload reads the configuration again and applies what is different, all of it or nothing.
func (f *fleet) reload(hard, soft context.Context) {
	if soft.Err() != nil {
		return
	}
	defer f.roster.enter("read the configuration again")()
	defer f.supervisor.reloading()()
	next, err := f.read()
	if err == nil {
		err = f.change(hard, soft, next)
	}
	f.metrics.Reloaded(err == nil)
	if err != nil {
		for problem := range strings.SplitSeq(err.Error(), "\n") {
			f.logger.Error("configuration refused, the one before goes on", "problem", problem)
		}
	}
}

// delta is what has to be done for another configuration.
type delta struct {
	// stop are channels to be stopped, and why; start are those to be started.
	stop  map[*channelRun]error
	start []*channelRun
	// renew has new credentials used.
	renew []func()

	added, removed, restarted, unchanged []string
}

// change applies another configuration. Where it fails nothing has changed.
func (f *fleet) change(hard, soft context.Context, next config) error {
	d, err := f.compare(hard, next)
	if err != nil {
		return err
	}
	for _, use := range d.renew {
		use()
	}
	for r, why := range d.stop {
		r.stop(why)
	}
	f.later(next)
	next.httpListen, next.webConfig = f.config.httpListen, f.config.webConfig
	next.memoryBudget, next.logJSON = f.config.memoryBudget, f.config.logJSON
	next.quiet = f.config.quiet
	if f.level != nil {
		f.level.Set(next.logLevel)
	}
	f.config = next
	for _, r := range d.start {
		f.launch(hard, soft, r, 0)
	}
	f.files.watch(next.files())
	f.logger.Info("configuration taken", "added", d.added, "removed", d.removed, "restarted", d.restarted, "unchanged", d.unchanged)
	return nil
}

// later says which settings were changed that are read at the start only.
func (f *fleet) later(next config) {
	for name, changed := range map[string]bool{
		nameHTTPListen: next.httpListen != f.config.httpListen, nameLogFormat: next.logJSON != f.config.logJSON,
		nameLogFiles:  next.quiet != f.config.quiet,
		nameWebConfig: next.webConfig != f.config.webConfig, nameMemory: next.memoryBudget != f.config.memoryBudget,
	} {
		if changed {
			f.logger.Warn("setting is taken by the next start only", "setting", name)
		}
	}
}

// compare compares another configuration with what runs, and asks for the credentials of what it starts or
// renews.
func (f *fleet) compare(ctx context.Context, next config) (delta, error) {
	d := delta{stop: map[*channelRun]error{}, added: []string{}, removed: []string{}, restarted: []string{}, unchanged: []string{}}
	var errs []error
	for _, c := range next.channels {
		r, s := f.current(c.name), f.shipment(c, next)
		var store *s3.Store
		switch same := r != nil && r.channel.isBut(c) && r.leavesAlone(s.leave); {
		case same && r.store.Load() != nil:
			use, err := r.renewed(ctx, c)
			errs = append(errs, c.failed(err))
			d.renew = append(d.renew, use)
			d.unchanged = append(d.unchanged, c.title())
			continue
		case same: // it could not begin, which is no reason to refuse what is new, and perhaps it can now
		default:
			var err error
			store, err = s.connect(ctx)
			errs = append(errs, c.failed(err))
		}
		d.start = append(d.start, newChannelRun(s, store))
		if r == nil {
			d.added = append(d.added, c.title())
			continue
		}
		d.stop[r] = errReplaced
		d.restarted = append(d.restarted, c.title())
	}
	for _, c := range f.config.channels {
		if slices.ContainsFunc(next.channels, func(n channel) bool { return n.name == c.name }) {
			continue
		}
		d.removed = append(d.removed, c.title())
		if r := f.current(c.name); r != nil {
			d.stop[r] = errRemoved
		}
	}
	return d, errors.Join(errs...)
}

// title is what the log calls the channel.
func (c channel) title() string {
	if c.name == "" {
		return c.dir
	}
	return c.name
}

// current returns the run of that name that nobody stopped; nil if there is none.
func (f *fleet) current(name string) *channelRun {
	for _, r := range f.runs {
		if r.channel.name == name && !r.replaced() && !r.removed() {
			return r
		}
	}
	return nil
}

// isBut says whether d is the same channel but for its credentials.
func (c channel) isBut(d channel) bool {
	c.store.credentials = d.store.credentials
	return reflect.DeepEqual(c, d)
}

// leavesAlone says whether the run knows of those spool folders that lie in its directory.
func (r *channelRun) leavesAlone(folders []string) bool {
	dir := realPath(r.channel.dir)
	return !slices.ContainsFunc(folders, func(folder string) bool { return within(realPath(folder), dir) && !slices.Contains(r.leave, folder) })
}

// renewed asks for the keys of d, which is the same channel as r, which has a store, but for its credentials. The
// function has them used for the next requests; nothing is stopped for that.
func (r *channelRun) renewed(ctx context.Context, d channel) (use func(), err error) {
	credentials := d.store.credentials
	if credentials == r.credentials && credentials == (s3.Credentials{}) {
		return func() {}, nil // the standard chain looks after itself
	}
	take, err := r.store.Load().Renew(ctx, credentials)
	if err != nil {
		return nil, err
	}
	return func() {
		take()
		r.credentials = credentials
	}, nil
}

// files returns the files that the configuration was read from or names, of which a change is to be noticed.
func (c config) files() []string {
	var all []string
	if c.path != "" {
		all = append(all, c.path)
	}
	for _, one := range c.channels {
		k := one.store.credentials
		for _, name := range []string{k.AccessKeyFile, k.SecretKeyFile, k.File} {
			if name != "" && !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}
