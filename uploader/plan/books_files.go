package plan

import "slices"

// files checks what is known of files.
func (b *books) files() {
	p := b.p
	for name, o := range p.objects {
		b.size++
		if o.path != name {
			b.say("file %s is known as %s", o.path, name)
		}
		b.file(o)
		for _, w := range o.waiters {
			if !w.s.named || w.i >= len(w.s.binds) || w.s.binds[w.i].obj != o || !w.s.binds[w.i].waits {
				b.say("%s: a reference waits that is none", o.path)
			}
		}
		for _, v := range []*version{o.newest, o.asked, o.remote, o.recall} {
			if v != nil && (v.id > p.seq || v.unsure && !v.counted) {
				b.say("%s: version %d is unsure and does not count, or is of the future", o.path, v.id)
			}
		}
	}
}

// file checks what is known of o.
func (b *books) file(o *object) {
	switch {
	case o.asked != nil && o.asked.counted:
		b.say("%s: bytes count that are compared", o.path)
	case o.asked != nil && o.asked == o.newest:
		b.say("%s: the newest bytes are compared with themselves", o.path)
	case o.late && !o.behind:
		b.say("%s is late, and not in the backlog", o.path)
	case o.unproven && o.remote == nil:
		b.say("%s: what is to be proven is not known", o.path)
	case o.recall != nil && !o.query:
		b.say("%s: bytes are recalled, and the store is not asked", o.path)
	case o.recall != nil && o.newest != nil:
		b.say("%s: bytes are recalled although there are newer ones", o.path)
	}
	if v := o.newest; v != nil {
		switch {
		case v.counted && o.stored(v):
			b.say("%s counts as waiting, and is stored", o.path)
		case v.counted && !v.wanted:
			b.say("%s counts as waiting, and nobody wants it", o.path)
		case v.counted && v.file.Source == nil:
			b.say("%s counts as waiting, and has no bytes", o.path)
		case v.counted && v.refused && !b.p.draining: // then its bytes are for the next process
			b.say("%s counts as waiting, and was given up", o.path)
		case v.rejected && !v.refused && !o.stored(v) && !slices.Contains(b.p.rejects.files, o):
			b.say("%s was rejected, and nobody looks whether it is needed", o.path)
		case v.kept && v.wanted && v.file.Source != nil && !v.counted && !v.refused && !o.stored(v):
			b.say("%s is kept and to be shipped, and does not count", o.path)
		}
	}
	for _, n := range o.naming {
		if n.count < 0 || n.exposed < 0 || n.count+n.exposed == 0 {
			b.say("%s is named by %s %d times, %d of them exposed", o.path, n.list.path, n.count, n.exposed)
		}
		if b.p.lists[n.list.path] != n.list {
			b.say("%s is named by %s, which is forgotten", o.path, n.list.path)
		}
	}
}

// account checks the sums of what waits.
func (b *books) account() {
	p, waiting, bytes, unsure, flying := b.p, 0, int64(0), int64(0), int64(0)
	for _, o := range p.objects {
		if v := o.newest; v != nil && v.counted {
			waiting++
			bytes += v.size()
		}
		if v := o.newest; v != nil && v.unsure {
			unsure += v.size()
		}
		if f := o.flight; f != nil {
			if flying += f.bytes; f.bytes > 0 && !f.version.counted && !o.outgrown(f.version) { // bytes of a growing file are among those that came behind them
				b.say("%s is sent, and taken off what waits, where it does not count", o.path)
			}
		}
	}
	if p.waiting != waiting || p.waitingBytes != bytes {
		b.say("%d files with %d bytes wait, and %d with %d are counted", waiting, bytes, p.waiting, p.waitingBytes)
	}
	if p.unsureBytes != unsure {
		b.say("%d bytes that wait may be stored, and %d are counted", unsure, p.unsureBytes)
	}
	if p.flyingBytes != flying {
		b.say("%d bytes are under way, and %d are counted", flying, p.flyingBytes)
	}
}

// pins checks what is in the directory alone.
func (b *books) pins() {
	p, u, bytes, asked := b.p, &b.p.unpinned, int64(0), int64(0)
	for _, v := range u.versions {
		bytes += v.size()
		if o := p.objects[v.file.Path]; o == nil || o.newest != v || v.counted || v.refused || v.unpinned == "" || o.gone && !p.scanning { // what only the spool has is looked for until all was met
			b.say("%s has no pin, and is not to be shipped", v.file.Path)
		}
	}
	for v := range u.asked {
		if asked += v.size(); !slices.Contains(u.versions, v) {
			b.say("%s is looked for, and has a pin", v.file.Path)
		}
	}
	if u.bytes != bytes || u.askedBytes != asked {
		b.say("%d bytes have no pin, %d of them looked for, and %d and %d are counted", bytes, asked, u.bytes, u.askedBytes)
	}
	for _, o := range p.objects {
		if v := o.newest; v != nil && v.unpinned != "" && !v.refused && !slices.Contains(u.versions, v) {
			b.say("%s lost its pin, and nobody will ask for it", o.path)
		}
	}
}
