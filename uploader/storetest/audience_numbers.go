package storetest

// between returns how many segments its packager listed from behind one to another, of one run, whatever their numbers: where two encoders
// write a playlist by turns they give some twice.
func (a *Audience) between(p *show, last, next *seen, run int) uint64 {
	place := func(s *seen) uint64 {
		_, at, _ := Split(a.path(p.path, s.uri))
		return p.order[listed{run, at, s.window}]
	}
	if before, behind := place(last), place(next); before > 0 && behind > before {
		return behind - before
	}
	return 0
}

// passed returns how many segments the packager listed from behind number m of a run to number n of a later one.
func (p *show) passed(was, is int, m, n uint64) (segments uint64) {
	for run := was; run <= is; run++ {
		least, most, ok := p.extent(run)
		switch {
		case !ok:
			continue
		case run == was:
			least = m + 1
		}
		if run == is {
			most = n
		}
		if most >= least {
			segments += most - least + 1
		}
	}
	return segments
}

// extent returns the least and the largest number that the packager listed in a run.
func (p *show) extent(run int) (least, most uint64, ok bool) {
	for _, l := range p.listings {
		if l.run == run && len(l.scenes) > 0 {
			first, last := l.scenes[0].number, l.scenes[len(l.scenes)-1].number
			if !ok {
				least, most, ok = first, last, true
			}
			least, most = min(least, first), max(most, last)
		}
	}
	return least, most, ok
}
