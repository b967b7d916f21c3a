package plan

import (
	"time"

	"github.com/hlsship/hlsship/hls"
)

// The newest version of a playlist that an earlier process could not publish is kept over its end. Where the directory has another one by
// now that version is not published, but it says what was named: files that were not finished yet, or that were waited for. If they
// were finished meanwhile nothing else tells them from what no playlist ever named.

// reminder is such a version.
type reminder struct {
	path     string
	playlist *hls.Playlist
	share    *hls.Share // of the memory
}

// reminders wait until all that lay in the directory was heard of. This file alone writes them.
type reminders []reminder

// add takes in a version of a playlist.
func (r *reminders) add(f hls.File) {
	*r = append(*r, reminder{f.Path, f.Playlist, f.Share})
}

// take takes all out.
func (r *reminders) take() reminders {
	all := *r
	*r = nil
	return all
}

// pass takes in a version of a playlist that is not to be published, as there is a newer one.
func (p *Plan) pass(f hls.File) {
	if f.Spooled && p.continuous.machine == nil {
		p.strays.reminders.add(f)
		return
	}
	f.Share.Release()
}

// due returns when they are to be heeded; zero if there are none, or if somebody says when the directory was looked through.
func (s *strays) due(met time.Time) time.Time {
	if len(s.reminders) == 0 || s.scanning {
		return time.Time{}
	}
	return met
}

// heedDue heeds the reminders whose time has come.
func (p *Plan) heedDue() {
	if at := p.strays.due(p.met()); !at.IsZero() && !p.now.Before(at) {
		p.heedReminders()
	}
}

// heedReminders ships what was found at rest, and an earlier process knew as named, as backlog.
func (p *Plan) heedReminders() {
	var room [256]byte
	for _, r := range p.strays.reminders.take() {
		for i := range r.playlist.References {
			ref := &r.playlist.References[i]
			if ref.Gap || ref.Hint || ref.Unresolved || ref.Kind.IsPlaylist() {
				continue
			}
			name, target := p.cfg.Site.ResolveIn(room[:0], r.path, ref.URI)
			if target != hls.Local {
				continue
			}
			o := p.objects[string(name)]
			if o == nil || len(o.naming) > 0 {
				continue
			}
			if v := o.disk.Newest(); v != nil && v.File.Found && !v.Wanted() && !o.hollow(v) {
				p.wantLater(o, v, p.unnamed(o.path))
			}
		}
		r.share.Release()
	}
}
