package plan

import (
	"time"

	"github.com/hlsship/hlsship/uploader/plan/disk"
)

// account sums up what is to be stored and is not yet: each version once, from when its source is kept.
type account struct {
	files    int
	bytes    int64
	found    int       // those of the files that were met at rest
	met      int       // all that ever were
	returned int64     // those of the bytes that came back from the disk; nobody else makes room for them
	unsure   int64     // those that the store may hold already
	flying   int64     // those that are under way, and surely not stored
	due      flow      // of what becomes wanted
	nextAge  time.Time // when ages are looked at again
}

// count takes v in, if it is not.
func (a *account) count(v *disk.Version, now time.Time) {
	if v.Counted() {
		return
	}
	v.Count()
	if a.add(v, 1); v.File.Found {
		a.met++
	} else {
		a.due.add(v.Size(), now) // what was met says nothing of how much comes
	}
	if v.Unsure() {
		a.unsure += v.Size()
	}
}

// uncount takes v out, if it is in.
func (a *account) uncount(v *disk.Version) {
	if !v.Counted() {
		return
	}
	a.compared(v, (*disk.Version).Close)
	v.Uncount()
	a.add(v, -1)
}

// add adds v, or takes it off.
func (a *account) add(v *disk.Version, files int) {
	a.files += files
	a.bytes += int64(files) * v.Size()
	if v.File.Found {
		a.found += files
	}
	if v.Returned() {
		a.returned += int64(files) * v.Size()
	}
}

// compared has something happen to the comparison of v.
func (a *account) compared(v *disk.Version, happens func(*disk.Version)) {
	was := v.Unsure()
	happens(v)
	switch is := v.Unsure(); {
	case was && !is:
		a.unsure -= v.Size()
	case is && !was:
		a.unsure += v.Size()
	}
}

// sending is what a request for a file is about.
type sending struct {
	version *disk.Version // that is stored or compared by it; nil if neither
	bytes   int64         // of it, which wait no more while it is under way
}

// begin notes that v is stored or compared. What is stored does not wait meanwhile.
func (a *account) begin(s *sending, v *disk.Version, stored bool) {
	if s.version = v; stored && v.Counted() {
		s.bytes = v.Size()
		a.flying += s.bytes
	}
}

// end notes that s is not under way any more, or that nothing is to be taken off for it.
func (a *account) end(s *sending) {
	a.flying -= s.bytes
	s.bytes = 0
}

// room reports whether so many bytes more may wait, of as many; 0 means any.
func (a *account) room(more, bound int64) bool {
	return bound == 0 || a.bytes-a.unsure-a.flying+more <= bound
}

// ages reports whether it is time to look at ages, which is a hundred times in each.
func (a *account) ages(maxAge time.Duration, now time.Time) bool {
	if maxAge <= 0 || now.Before(a.nextAge) {
		return false
	}
	a.nextAge = now.Add(maxAge / 100)
	return true
}

// keep counts v among what is to be stored, and has its source kept.
func (p *Plan) keep(v *disk.Version) {
	if v.File.Source == nil {
		return
	}
	p.retain(v)
	if !v.Counted() {
		p.account.count(v, p.now)
	}
}

// retain has the source of v kept, as a playlist named it: whatever becomes of this process, the next one hears of that.
func (p *Plan) retain(v *disk.Version) {
	if !v.Kept() && v.File.Source != nil {
		v.Keep()
		p.out.keep(v.File.Source, p.continuous.folder(v.File.Path))
	}
}

// uncount notes that v waits no more.
func (p *Plan) uncount(v *disk.Version) {
	if v == nil {
		return
	}
	p.unpinned.remove(v)
	p.account.uncount(v)
}

// flow measures how many bytes a second become due, over about a minute.
type flow struct {
	rate  float64 // bytes a second
	bytes int64   // since at
	at    time.Time
}

// add counts bytes that became due at now.
func (f *flow) add(bytes int64, now time.Time) {
	f.bytes += bytes
	f.settle(now)
}

// settle brings the rate up to date, at most once a second.
func (f *flow) settle(now time.Time) {
	if f.at.IsZero() {
		f.at = now
	}
	past := now.Sub(f.at)
	if past < time.Second {
		return
	}
	weight := min(1, past.Seconds()/60)
	if f.rate == 0 {
		weight = 1
	}
	f.rate += weight * (float64(f.bytes)/past.Seconds() - f.rate)
	f.bytes, f.at = 0, now
}
