package journal

import (
	"log/slog"
	"path"
	"strings"
	"time"

	"github.com/hlsship/hlsship/uploader/plan"
)

// maxHolds is how many playlists a minute the log names as held back, and fewHolds how many that begin to wait together, for one reason.
// Whoever writes the playlists decides how many there are, and what they name.
const maxHolds, fewHolds = 20, 3

// holds are the playlists that wait, as far as the log knows. What it is told is bounded, and so is what is kept here:
// by the playlists that wait now or were told of within a minute.
type holds struct {
	known map[held]*hold
	names ration // lines that name a playlist
	sums  ration // lines that count the others
	more  int    // playlists that no line has counted yet
	urls  ration // lines about playlists that seem to name files by URLs which do not mean them …
	tail  int    // … and how many no line has told of

	lasting fault
	most    int // held together since lasting began
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
		if now.Sub(w.Since) < after || !w.Holds() {
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
			tell, untold = append(tell, w), append(untold, h.untold-1)
			h.told, h.untold = now, 0
		}
	}
	g.holding(tell, untold, now, near)
	g.lasting(still, waits, now)
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

// holding warns of playlists that begin to wait, or wait for something else: each of a few that do so for one reason, else the first of them
// and how many others there are.
func (g *Journal) holding(tell []plan.Wait, untold []int, now time.Time, near func([]plan.Wait) []plan.Nearby) {
	reasons := make(map[string]int)
	for _, w := range tell {
		reasons[w.Reason]++
	}
	var named []plan.Wait
	var unnamed, others []int
	for i, w := range tell {
		more := 0
		if n := reasons[w.Reason]; n > fewHolds {
			more, reasons[w.Reason] = n-1, -1
		} else if n < 0 {
			continue
		}
		if !g.holds.names.take(maxHolds, now) {
			g.holds.more += 1 + more
			continue
		}
		named, unnamed, others = append(named, w), append(unnamed, untold[i]), append(others, more)
	}
	if len(named) > 0 {
		g.holds.lasting.begin(slog.LevelWarn, now)
	}
	for i, n := range near(named) {
		g.held(named[i], n, unnamed[i], others[i], now)
	}
}

// lasting tells once a minute that playlists are held back, and when none is any more.
func (g *Journal) lasting(still map[held]bool, waits []plan.Wait, now time.Time) {
	l := &g.holds.lasting
	if len(still) == 0 {
		if lasted, level, ok := l.end(now); ok {
			g.say(level, "no playlist is held back any more", "lasted", lasted, "playlists_at_most", g.holds.most)
			g.holds.most = 0
		}
		return
	}
	if g.holds.most = max(g.holds.most, len(still)); !l.due(now) {
		return
	}
	for _, w := range waits { // the oldest first
		if still[held{w.Playlist, w.Reason}] {
			g.say(l.level, "playlists are still held back", "playlists", len(still), "playlist", w.Playlist, "stream", g.streamName(path.Dir(w.Playlist)),
				"waits_for", w.Name, "reason", w.Reason, "held_for", now.Sub(w.Since).Round(time.Second), "cure", w.Cure())
			return
		}
	}
}

// held warns of one playlist at now. others is how many are held for the same reason. unnamed is how many files it waited for since the log was told of it.
func (g *Journal) held(w plan.Wait, near plan.Nearby, unnamed, others int, now time.Time) {
	log, name, cure := g.log, w.Name, w.Cure()
	if unnamed > 0 {
		log = log.With("not_logged", unnamed)
	}
	if near != (plan.Nearby{}) {
		name, near.Path = near.Printed(w.Name)
		cure = near.Cure()
	}
	args := []any{"playlist", w.Playlist, "stream", g.streamName(path.Dir(w.Playlist)), "waits_for", name, "reason", w.Reason}
	if others > 0 {
		args = append(args, "others", others)
	}
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
		log.Warn(say, "playlist", m.Playlist, "stream", g.streamName(path.Dir(m.Playlist)), "uri", m.URI, "file", m.Path, "reason", m.Reason, "cure", m.Cure())
	}
}
