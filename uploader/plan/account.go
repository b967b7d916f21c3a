package plan

import "github.com/hlsship/hlsship/uploader/plan/disk"

// What is to be stored and is not yet is counted, once for each version, from when its source is kept.

// keep counts v among what is to be stored, and has its source kept.
func (p *Plan) keep(v *disk.Version) {
	if v.Kept() || v.File.Source == nil {
		return
	}
	v.Keep()
	p.count(v)
	p.out.Keep = append(p.out.Keep, v.File.Source)
}

// count and uncount keep the sum of what is wanted and not stored.
func (p *Plan) count(v *disk.Version) {
	if !v.Counted() {
		v.Count()
		if v.Unsure() {
			p.unsureBytes += v.Size()
		}
		p.due.add(v.Size(), p.now)
		p.waiting++
		p.waitingBytes += v.Size()
		if v.Returned() {
			p.returnedBytes += v.Size()
		}
	}
}

func (p *Plan) uncount(v *disk.Version) {
	if v == nil {
		return
	}
	p.unpinned.remove(v)
	if v.Counted() {
		p.checked(v)
		v.Uncount()
		p.waiting--
		p.waitingBytes -= v.Size()
		if v.Returned() {
			p.returnedBytes -= v.Size()
		}
	}
}

// checked notes that it is known whether the store holds v.
func (p *Plan) checked(v *disk.Version) { p.compared(v, (*disk.Version).Close) }

// reopen forgets what was known of v and the store.
func (p *Plan) reopen(v *disk.Version) { p.compared(v, (*disk.Version).Reopen) }

// compared has something happen to the comparison of v.
func (p *Plan) compared(v *disk.Version, happens func(*disk.Version)) {
	was := v.Unsure()
	happens(v)
	switch is := v.Unsure(); {
	case was && !is:
		p.unsureBytes -= v.Size()
	case is && !was:
		p.unsureBytes += v.Size()
	}
}
