package storetest

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// accusation is a Violation and what it is about.
type accusation struct {
	Violation
	file, named *file // named is what the playlist file names and the store holds otherwise; nil if it is about file alone
	// firm is true if the store held nothing where it should hold something: unseen bytes are no excuse.
	firm bool
}

// Missed tells that the packager finished bytes of the file that nobody saw. From then on a Violation that may follow from it is
// Doubtful, those included that were reported before.
func (v *Viewer) Missed(path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.file(path).missed = true
}

// report keeps a violation of f, if need be by what it names.
func (v *Viewer) report(rule Rule, f, named *file, at time.Time, detail string) {
	v.accusations = append(v.accusations, accusation{
		Violation: Violation{Rule: rule, Key: v.prefix + f.path, Detail: detail, At: at}, file: f, named: named,
		firm: rule == RulePlaylistFirst && !named.stored.present || rule == RuleUnstored && !f.stored.present,
	})
}

// doubts reports whether a may follow from bytes that nobody saw.
func (v *Viewer) doubts(a accusation) bool {
	switch {
	case a.firm:
		return false
	case a.file.missed, a.named != nil && a.named.missed:
		return true
	}
	switch a.Rule {
	case RuleNeverNamed: // what was missed may have named it
		for _, f := range v.files {
			if f.missed && hls.Classify(f.path).IsPlaylist() {
				return true
			}
		}
	case RuleUnstored: // a version that was missed may need what is stored
		return slices.ContainsFunc(a.file.namers, func(p *playlist) bool { return p.file.missed })
	case RuleUnpublished, RuleEdgeStandsStill: // it may wait for what was missed
		return a.file.list != nil && slices.ContainsFunc(a.file.list.entries, func(e *entry) bool {
			return slices.ContainsFunc(e.refs, func(r ref) bool { return r.file.missed })
		})
	}
	return false
}
