package watcher

// glancesAtOnce is how many names are looked at in one job, which takes microseconds for each.
const glancesAtOnce = 128

// glances is a job of looks at names of files that Config.Noted knew when they were listed. A long stream has tens of thousands
// of them at a start, and nothing of it is published until each is known to have the bytes that it had: to open each, and
// to ask who writes to it, takes more than a second. What is noted still has the bytes and the change time of when it was
// finished, so that whoever has it open for writing has written nothing since; the close that follows if he does is announced.
type glances []*sighting

// ahead returns how many of the next entries are to be glanced at. The last ones, for which there is room to keep them open, are
// opened instead, as what is open cannot be lost.
func (l *listing) ahead(room int) int {
	n := 0
	for n < glancesAtOnce && l.next+n < len(l.entries)-max(0, room) && l.entries[l.next+n].noted {
		n++
	}
	return n
}

// glance looks at the next n entries. Of two jobs one is done while the loop deals with the other.
func (r *run) glance(s *scan, l *listing, n int) {
	var all glances
	var last *file
	for _, e := range l.entries[l.next : l.next+n] {
		f := r.met(s, l, e)
		if f == nil {
			continue
		}
		last = f
		if !r.exact(f.in) || f.kind.IsPlaylist() || f.looking != nil || f.open != nil || f.place != nil || f.signs != (signs{scanned: true}) || f.told != (told{}) {
			r.lookIn(scanLooks, f)
			continue
		}
		look := r.sight(f, r.takePlace(f))
		look.knows = r.config.Noted
		all = append(all, look)
	}
	s.looked, s.behind = s.behind, last
	if len(all) > 0 {
		r.work.add(&job{lane: scanLooks, task: all, in: l.in, hang: func() {
			for _, look := range all {
				look.hang(r)
			}
		}})
	}
}

// do implements task.
func (g glances) do() {
	for _, s := range g {
		s.do()
	}
}

// drop implements task.
func (g glances) drop() {
	for _, s := range g {
		s.drop()
	}
}

// deal implements task.
func (g glances) deal(r *run) {
	for _, s := range g {
		s.deal(r)
	}
}
