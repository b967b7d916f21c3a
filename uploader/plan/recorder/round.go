package recorder

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/uploader/recording"
)

// round is the closing of a session.
//
//	idle ──over──▶ gathering: all chunks are stored ──▶ sealing ──▶ holding: what the lists name is stored ──▶ storing ──▶ idle, closed
//	 ▲                 ▲                                                   │ some of it is lost
//	 │                 └──────── there is more of the run ─────────────────┘
//	 └── the run goes on
//
// This file alone writes it.
type round struct {
	active bool
	why    recording.Reason // of the first round, since there is no more of the run; and when that began
	at     time.Time
	final  bool            // its files may be kept for good
	seal   *recording.Seal // nil before it is sealed
	holds  []string        // what is named and not stored yet
	stored int             // files
	closed bool            // an earlier round succeeded, and the run had nothing new since
	kept   bool            // that was final
	news   time.Time       // when it ended
	number int             // how many were begun anew, or stopped
}

// start begins a round.
func (o *round) start(why recording.Reason, final bool, now time.Time) {
	if !o.closed {
		o.why, o.at = why, now
	}
	o.active, o.final = true, final
}

// restart begins the round anew, if one is under way, because there is more of the run. It reports whether one had ended before.
func (o *round) restart() (reopened bool) {
	reopened = !o.active && o.closed
	*o = round{active: o.active, why: o.why, at: o.at, number: o.number + 1}
	return reopened
}

// stop ends a round, as the run goes on.
func (o *round) stop() { *o = round{number: o.number + 1} }

// sealed notes the files, and which of the files that they name are still to be stored.
func (o *round) sealed(seal *recording.Seal, holds []string) {
	o.seal, o.holds, o.stored = seal, holds, 0
}

// again has it sealed again.
func (o *round) again() { o.seal, o.holds, o.stored = nil, nil, 0 }

// wait forgets what is no longer on its way, and reports whether anything still is. in returns whose media a path is, and its path there.
func (o *round) wait(in func(path string) (*media, string)) (waits, lost bool) {
	o.holds = slices.DeleteFunc(o.holds, func(path string) bool {
		m, at := in(path)
		lost = lost || m.gone(at)
		return !m.comes(at)
	})
	return len(o.holds) > 0, lost
}

// put notes that a file is stored, and reports whether all are.
func (o *round) put() (all bool) {
	o.stored++
	return o.stored == len(o.seal.Files)
}

// end notes that the session is closed, or that it cannot be.
func (o *round) end(now time.Time) {
	*o = round{why: o.why, at: o.at, closed: true, kept: o.final, news: now, number: o.number}
}
