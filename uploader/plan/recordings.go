package plan

import (
	"bytes"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/disk"
	"github.com/hlsship/hlsship/uploader/plan/recorder"
	"github.com/hlsship/hlsship/uploader/plan/schedule"
	"github.com/hlsship/hlsship/uploader/plan/session"
	"github.com/hlsship/hlsship/uploader/store"
)

// Recordings: a recorder.Recorder hears where the files are that playlists name, and what became of them. What it has to store goes through the
// same slots as all else, its index as backlog.

// recordings are those of a Plan; the recorder is nil if nothing is recorded.
type recordings struct{ recorder *recorder.Recorder }

// newRecordings returns what c asks for. Nothing is recorded of playlists that are shipped as they are.
func newRecordings(c Config) recordings {
	if c.Record == nil || c.Continuous == nil {
		return recordings{}
	}
	return recordings{recorder.New(*c.Record)}
}

// hear takes in a fact of the directory.
func (r *recordings) hear(f *hls.File) {
	if r.recorder != nil {
		r.recorder.Heard(f)
	}
}

// record takes in what the sessions say of files and playlists.
func (p *Plan) record(facts []hls.File, listings []session.Listing) {
	if p.recordings.recorder == nil {
		return
	}
	for i := range facts {
		if f := &facts[i]; (f.State == hls.Settled || f.State == hls.Growing) && f.Playlist == nil {
			p.recordings.recorder.Given(f.Path, f.Version.Size, f.Growth != 0, f.Finished(), p.openedHere)
			if o := p.objects[f.Path]; o != nil && o.disk.Newest() != nil {
				p.recorded(o)
			}
		}
	}
	for _, l := range listings {
		p.recordings.recorder.Listed(l, p.openedHere)
	}
}

// openedHere reports whether this process opened a session.
func (p *Plan) openedHere(name string) bool { return p.continuous.machine.Opened(name + "/.") }

// published has the sessions closed that the published text of l names, unless this process opened them, or they go on.
func (p *Plan) published(l *list, text []byte) {
	if p.recordings.recorder == nil || text == nil {
		return
	}
	text = bytes.Clone(text)
	list, err := hls.Parse(text)
	if err != nil {
		return
	}
	for i := range list.References {
		key, target := p.cfg.Site.Resolve(l.path, list.References[i].URI)
		folder, _ := hls.SessionOf(key)
		if name, _, _ := strings.Cut(folder, "/"); target == hls.Local && name != "" && !p.openedHere(name) {
			p.recordings.recorder.Inherit(name, l.path, text)
		}
	}
}

// recorded notes that the store has the newest bytes of o, if it does, or those with which they begin.
func (p *Plan) recorded(o *object) {
	if p.recordings.recorder == nil || !p.continuous.owns(o.path) {
		return
	}
	if v := o.disk.Newest(); v == nil || o.stored(v) || o.cell.Begins(v) {
		p.recordings.recorder.Stored(o.path, o.held())
	}
}

// unrecorded notes that the store will never have the bytes of o, or not more than it has.
func (r *recordings) unrecorded(o *object) {
	if r.recorder != nil {
		r.recorder.Lost(o.path, o.held())
	}
}

// held returns how many bytes of o the store has, as far as that is known.
func (o *object) held() int64 {
	if ours := o.cell.Ours(); ours != nil {
		return ours.File.Version.Size
	}
	return 0
}

// pursue has everything shipped that a closing list waits for.
func (p *Plan) pursue() {
	for _, path := range p.recordings.recorder.Holds() {
		o := p.objects[path]
		switch {
		case o == nil:
			p.recordings.recorder.Doubted(path)
		case o.disk.Candidate() != nil || o.busy():
		case o.disk.Newest() == nil, o.stored(o.disk.Newest()):
			p.recordings.recorder.Stored(path, o.held())
			p.recordings.recorder.Doubted(path) // if that is not all
		case o.disk.Newest().Hopeless() && o.disk.Newest().Fate() != disk.Shelved:
			p.recordings.unrecorded(o)
		case !o.disk.Newest().Wanted():
			p.wantLater(o, o.disk.Newest(), p.unnamed(o.path))
		}
	}
}

// recordFor appends the requests for recordings that are allowed now.
func (p *Plan) recordFor(jobs []Job) []Job {
	if p.recordings.recorder == nil {
		return jobs
	}
	p.pursue()
	for {
		t, ok := p.recordings.recorder.Next(p.now, func(prompt bool) bool { return p.schedule.Try(classOf(prompt)) })
		if !ok {
			return jobs
		}
		jobs = append(jobs, p.begin(recordOf(&t, p.bucket.Conditional())))
	}
}

// classOf returns for what a request for a recording is.
func classOf(prompt bool) schedule.Class {
	if prompt {
		return schedule.ForPlaylist
	}
	return schedule.ForBacklog
}

// reportRecord takes the outcome of a request for a recording in.
func (p *Plan) reportRecord(e *errand, o Outcome) {
	p.schedule.End(classOf(e.Record.Prompt))
	a := o.Record
	switch {
	case o.Result == Done:
		a.Result = recorder.Done
	case o.Result == Different:
		a.Result = recorder.Taken
	case o.Result == Absent:
		a.Result = recorder.Empty
	case o.Result == Failed && o.Kind == store.Permanent:
		a.Result = recorder.Refused
	case o.Result == Failed && o.Kind == store.Unsupported:
		p.bucket.Unconditional()
		a.Result = recorder.Failed
	default:
		a.Result, a.Again = recorder.Failed, p.now.Add(max(o.RetryIn, min(o.Asked, schedule.MaxRetryAfter), time.Millisecond))
	}
	p.recordings.recorder.Report(*e.Record, a, p.now)
}

// wakeAt returns when recordings are to be looked at; zero for never.
func (r *recordings) wakeAt(now time.Time) time.Time {
	if r.recorder == nil {
		return time.Time{}
	}
	return r.recorder.Wake(now)
}

// unclosed returns the paths of what is to close recordings that are not closed.
func (r *recordings) unclosed() []string {
	if r.recorder == nil {
		return nil
	}
	return r.recorder.Unclosed()
}

// busy reports whether recordings are to be closed, now that the process ends.
func (r *recordings) busy() bool { return r.recorder != nil && r.recorder.Busy() }

// drain has all recordings closed.
func (r *recordings) drain() {
	if r.recorder != nil {
		r.recorder.Drain()
	}
}

// recover ends all waits.
func (r *recordings) recover() {
	if r.recorder != nil {
		r.recorder.Recover()
	}
}

// tell tells what became of recordings, and what is to be kept of them.
func (r *recordings) tell(e *Effects) {
	if r.recorder != nil {
		e.Recordings = append(e.Recordings, r.recorder.Take()...)
		e.Parts = append(e.Parts, r.recorder.Parts()...)
	}
}
