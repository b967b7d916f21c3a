package journal

import (
	"strings"
	"time"

	"github.com/hlsship/hlsship/uploader/plan"
)

// maxHolds is how many playlists a minute the log names as held back. Whoever writes the playlists decides how many there
// are, and what they name.
const maxHolds = 20

// holds are the playlists that wait, as far as the log knows. What it is told is bounded, and so is what is kept here:
// by the playlists that wait now or were told of within a minute.
type holds struct {
	known map[held]*hold
	names ration // lines that name a playlist
	sums  ration // lines that count the others
	more  int    // playlists that no line has counted yet
	urls  ration // lines about playlists that seem to name files by URLs which do not mean them …
	tail  int    // … and how many no line has told of
}

// held is a playlist and why it waits.
type held struct{ playlist, reason string }

// hold is what the log knows of it.
type hold struct {
	name   string    // what it waited for at the last look
	told   time.Time // when the log was told, or it was counted
	untold int       // how often it waited for something else since, or waited again
	ended  bool      // it did not wait at the last look
}

// blocked warns of each playlist that has waited for a file for at least after: once, and of other files within a minute
// only how many there were. near says what the directory has in place of what it does not have.
func (g *Journal) blocked(waits []plan.Wait, now time.Time, after time.Duration, near func([]plan.Wait) []plan.Nearby) {
	if g.holds.known == nil {
		g.holds.known = make(map[held]*hold)
	}
	still := make(map[held]bool)
	var tell []plan.Wait
	var untold []int
	for _, w := range waits {
		if now.Sub(w.Since) < after {
			continue
		}
		k := held{w.Playlist, w.Reason}
		still[k] = true
		h := g.holds.known[k]
		if h == nil {
			h = &hold{ended: true}
			g.holds.known[k] = h
		}
		if h.ended || h.name != w.Name {
			h.name, h.ended = w.Name, false
			h.untold++
		}
		if h.untold > 0 && now.Sub(h.told) >= time.Minute {
			if g.holds.names.take(maxHolds, now) {
				tell, untold = append(tell, w), append(untold, h.untold-1)
			} else {
				g.holds.more++
			}
			h.told, h.untold = now, 0
		}
	}
	for i, n := range near(tell) {
		g.held(tell[i], n, untold[i], now)
	}
	for k, h := range g.holds.known {
		if h.ended = !still[k]; h.ended && now.Sub(h.told) >= time.Minute {
			delete(g.holds.known, k)
		}
	}
	if g.holds.more > 0 && g.holds.sums.take(1, now) {
		g.log.Warn("more playlists are held back", "playlists", g.holds.more,
			"cure", "see the playlists named before, and hlsship_snapshots_held for each stream")
		g.holds.more = 0
	}
}

// held warns of one playlist at now. unnamed is how many files it waited for since the log was told of it.
func (g *Journal) held(w plan.Wait, near plan.Nearby, unnamed int, now time.Time) {
	log, name, cure := g.log, w.Name, w.Cure()
	if unnamed > 0 {
		log = log.With("not_logged", unnamed)
	}
	if near != (plan.Nearby{}) {
		name, near.Path = near.Printed(w.Name)
		cure = near.Cure()
	}
	args := []any{"playlist", w.Playlist, "waits_for", name, "reason", w.Reason}
	if near.Path != "" {
		args = append(args, "near", near.Path)
	}
	if w.Why != "" {
		args = append(args, "why", w.Why)
	}
	if !w.Until.IsZero() {
		args = append(args, "until", w.Until)
	}
	if len(w.Decisions) > 0 {
		args = append(args, "decisions", inWords(w.Decisions))
	}
	log.Warn("playlist held back", append(args, "since", w.Since, "held_for", now.Sub(w.Since).Round(time.Second), "cure", cure)...)
}

// inWords returns decisions as one text.
func inWords(all []plan.Decision) string {
	texts := make([]string, len(all))
	for i, d := range all {
		texts[i] = d.String()
	}
	return strings.Join(texts, "; ")
}

// misnamed warns of each playlist that seems to name files by URLs which do not mean them, or counts it.
func (g *Journal) misnamed(all []plan.Misnaming, now time.Time) {
	for _, m := range all {
		if !g.holds.urls.take(maxHolds, now) {
			g.holds.tail++
			continue
		}
		log := g.log
		if g.holds.tail > 0 {
			log, g.holds.tail = log.With("playlists_not_logged", g.holds.tail), 0
		}
		say := "playlist names files by URLs that are not the directory's, and does not wait for them"
		if m.Reason == "backslash" {
			say = "playlist names files with backslashes"
		}
		log.Warn(say, "playlist", m.Playlist, "uri", m.URI, "file", m.Path, "reason", m.Reason, "cure", m.Cure())
	}
}
