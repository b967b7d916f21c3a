package plan

// What is to be stored and is not yet is counted, once for each version, from when its source is kept.

// keep counts v among what is to be stored, and has its source kept.
func (p *Plan) keep(v *version) {
	if v.kept || v.file.Source == nil {
		return
	}
	v.kept = true
	p.count(v)
	if v.check && !v.unsure {
		v.unsure = true
		p.unsureBytes += v.size()
	}
	p.out.Keep = append(p.out.Keep, v.file.Source)
}

// count and uncount keep the sum of what is wanted and not stored.
func (p *Plan) count(v *version) {
	if !v.counted {
		v.counted = true
		p.due.add(v.size(), p.now)
		p.waiting++
		p.waitingBytes += v.size()
		if v.returned() {
			p.returnedBytes += v.size()
		}
	}
}

func (p *Plan) uncount(v *version) {
	if v == nil {
		return
	}
	p.unpinned.remove(v)
	if v.counted {
		v.counted = false
		p.waiting--
		p.waitingBytes -= v.size()
		if v.returned() {
			p.returnedBytes -= v.size()
		}
		p.checked(v)
	}
}

// checked notes that it is known whether the store holds v.
func (p *Plan) checked(v *version) {
	v.check = false
	if v.unsure {
		v.unsure = false
		p.unsureBytes -= v.size()
	}
}
