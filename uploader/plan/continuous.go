package plan

import (
	"strings"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/disk"
	"github.com/hlsship/hlsship/uploader/plan/schedule"
	"github.com/hlsship/hlsship/uploader/plan/session"
	"github.com/hlsship/hlsship/uploader/store"
)

// Continuous playlists: facts of the directory go through a session.Machine, which gives media a folder for each run of their packager
// and edits playlists. All else in the Plan knows published paths alone.

// continuous is what stands before a Plan; the machine is nil for playlists that are shipped as they are.
type continuous struct {
	machine   *session.Machine
	questions []session.Question // that are to be asked when there is room
	noted     map[string]noted   // what was asked for, by the path in the directory
}

// noted is what an earlier process noted of a file: see Note.
type noted struct {
	version hls.Version
	folder  string // of the session; empty for none
	etag    string
}

// newContinuous returns what c asks for.
func (p *Plan) newContinuous(c *session.Config) continuous {
	if c == nil {
		return continuous{}
	}
	return continuous{noted: make(map[string]noted), machine: session.New(*c, session.Surroundings{
		Settle: p.cfg.Settle, Site: p.cfg.Site, Include: p.cfg.Include, Memory: p.cfg.Memory, Record: p.cfg.Record != nil,
		Noted: func(path string, v hls.Version) string { return p.continuous.remember(path, v, p.cfg.Known).folder },
	})}
}

// remember returns what is noted of a file.
func (c *continuous) remember(path string, v hls.Version, known func(string, hls.Version) string) noted {
	if n, ok := c.noted[path]; ok && n.version == v {
		return n
	}
	n := noted{version: v}
	if known != nil {
		text := known(path, v)
		if folder, etag, ok := strings.Cut(text, "|"); ok {
			n.folder, n.etag = folder, etag
		} else {
			n.etag = text
		}
	}
	c.noted[strings.Clone(path)] = n
	return n
}

// owns reports whether the bytes of a published path never change, as it is in the folder of a session.
func (c *continuous) owns(path string) bool { return c.machine != nil && c.machine.Owns(path) }

// folder returns what stands before the path in the directory in a published one; empty where there are no sessions.
func (c *continuous) folder(path string) string {
	switch folder, _ := hls.SessionOf(path); {
	case c.machine == nil:
		return ""
	case c.owns(path):
		return folder
	}
	return hls.OwnFolder
}

// mine reports whether what the store has under the key of o is v, although its ETag does not tell: each key of a session has one version, nobody
// else ever wrote into one that this process opened, and an earlier process kept for its keys what it was to store there.
func (c *continuous) mine(o *object, v *disk.Version, out Outcome) bool {
	return c.machine != nil && v.File.Growth == 0 && out.Size == v.File.Version.Size && !store.IsMD5(out.ETag) && (c.machine.Opened(o.path) || len(v.File.Folders) > 0)
}

// source returns the path in the directory of what is published under that one.
func (c *continuous) source(path string) string {
	if c.machine == nil {
		return path
	}
	return c.machine.Path(path)
}

// noteOf returns the path and the ETag of a note about a published path.
func (c *continuous) noteOf(path, etag string) (string, string) {
	if !c.owns(path) {
		return path, etag
	}
	folder, path := hls.SessionOf(path)
	return path, folder + "|" + etag
}

// flow takes in what the sessions make of the facts.
func (p *Plan) flow() {
	if p.continuous.machine == nil {
		return
	}
	for {
		e := p.continuous.machine.Take(p.now)
		for _, path := range e.Fetch {
			p.expect(path)
		}
		for _, f := range e.Facts {
			p.take(f)
		}
		p.continuous.questions = append(p.continuous.questions, e.Questions...)
		for _, s := range e.Keep {
			p.out.keep(s, "")
		}
		for _, s := range e.Release {
			p.out.release(s)
		}
		for _, path := range e.Looks {
			p.out.look(path)
		}
		for _, ev := range e.Events {
			p.happened(ev)
		}
		p.record(e.Facts, e.Listings)
		if len(e.Facts) == 0 && len(e.Fetch) == 0 {
			return
		}
	}
}

// continues reports whether s may be published after what is.
func (c *continuous) continues(path string, s *snapshot) bool {
	return c.machine == nil || c.machine.Continues(path, s.render())
}

// finished returns when the bytes were finished that are shipped from the directory's path of a published one; ok is false if none are.
func (c *continuous) finished(path string) (at int64, ok bool) {
	if c.machine == nil {
		return 0, false
	}
	return c.machine.Finished(path)
}

// edits reports whether the playlist of that path is edited.
func (c *continuous) edits(path string) bool { return c.machine != nil && c.machine.Edits(path) }

// expect has what is published of a playlist read back, before any version of it is edited.
func (p *Plan) expect(path string) {
	l := p.list(path)
	p.meet(l)
	l.appear()
	p.touch(l.stream)
	p.touchParents(l.stream)
	l.cell.Ask()
	p.wake(l.stream)
}

// readBackFor tells the sessions what is published of l.
func (p *Plan) readBackFor(l *list, out Outcome) {
	if p.continuous.machine == nil {
		return
	}
	switch out.Result {
	case Done:
		text := out.Content
		if out.Playlist == nil || out.Playlist.Kind != hls.MediaPlaylist {
			text = nil
		}
		p.published(l, text)
		p.continuous.machine.Published(l.path, text)
	case Absent:
		p.continuous.machine.Published(l.path, nil)
	default:
	}
}

// ask appends the requests for the questions of the sessions that are allowed now.
func (p *Plan) askFor(jobs []Job) []Job {
	waiting := p.continuous.questions
	p.continuous.questions = nil
	for _, q := range waiting {
		l := p.lists[q.List]
		if l == nil { // it left the directory, and nobody waits for the answer
			p.out.release(q.File.Source)
			p.continuous.machine.Answered(q.ID, session.Nobody)
			continue
		}
		if l.stream == nil || !p.schedule.Begin(&l.stream.queue, schedule.ForEdge) {
			p.continuous.questions = append(p.continuous.questions, q)
			continue
		}
		jobs = append(jobs, p.begin(compareFor(q, l.stream)))
	}
	return jobs
}

// answerTo takes the answer to a question of the sessions in.
func (p *Plan) answerTo(e *errand, o Outcome) {
	p.schedule.End(schedule.ForEdge)
	p.out.release(e.File.Source)
	reply := session.Nobody
	switch o.Result {
	case Done:
		reply = session.Same
	case Different:
		reply = session.Other
	case Absent:
		reply = session.None
	case Void, Gone:
		reply = session.Changed
	case Present, Failed, Cancelled:
	}
	p.continuous.machine.Answered(e.question, reply)
}

// contradict gives v up, as the store has other bytes under the key, which never change. They go to another one.
func (p *Plan) contradict(o *object, v *disk.Version) {
	p.account.compared(v, (*disk.Version).Compare)
	v.Refuse()
	switch {
	case o.disk.Candidate() == v:
		p.discard(o, v)
	case v.File.Spooled: // what is published names the store's
		p.discard(o, v)
		o.disk.Depart()
	default:
		p.uncount(v)
		p.release(v)
	}
	p.continuous.machine.Conflict(o.path)
	p.recordings.unrecorded(o)
}
