package plan

import (
	"slices"

	"github.com/hlsship/hlsship/uploader/plan/bucket"
	"github.com/hlsship/hlsship/uploader/plan/disk"
)

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
			if w.s.over() || w.i >= len(w.s.binds) || w.s.binds[w.i].obj != o || !w.s.binds[w.i].waits {
				b.say("%s: a reference waits that is none", o.path)
			}
		}
		for _, v := range []*disk.Version{o.disk.Newest(), o.disk.Candidate(), o.cell.Ours(), o.disk.Recalled()} {
			if v != nil && (v.ID > p.seq || v.Unsure() && !v.Counted()) {
				b.say("%s: version %d is unsure and does not count, or is of the future", o.path, v.ID)
			}
		}
	}
}

// file checks what is known of o.
func (b *books) file(o *object) {
	switch {
	case o.disk.Candidate() != nil && o.disk.Candidate().Counted():
		b.say("%s: bytes count that are compared", o.path)
	case o.disk.Candidate() != nil && o.disk.Candidate() == o.disk.Newest():
		b.say("%s: the newest bytes are compared with themselves", o.path)
	case o.cell.Unproven() && o.cell.Ours() == nil:
		b.say("%s: what is to be proven is not known", o.path)
	case o.disk.Recalled() != nil && o.cell.Question() != bucket.Whether:
		b.say("%s: bytes are recalled, and the store is not asked", o.path)
	case o.disk.Recalled() != nil && o.disk.Newest() != nil:
		b.say("%s: bytes are recalled although there are newer ones", o.path)
	}
	if v := o.disk.Newest(); v != nil {
		switch {
		case v.Counted() && o.stored(v):
			b.say("%s counts as waiting, and is stored", o.path)
		case v.Counted() && !v.Wanted():
			b.say("%s counts as waiting, and nobody wants it", o.path)
		case v.Counted() && v.File.Source == nil:
			b.say("%s counts as waiting, and has no bytes", o.path)
		case v.Counted() && v.Hopeless() && !b.p.schedule.Draining(): // then its bytes are for the next process
			b.say("%s counts as waiting, and was given up", o.path)
		case v.Fate() == disk.Rejected && !o.stored(v) && !slices.Contains(b.p.rejects.files, o):
			b.say("%s was rejected, and nobody looks whether it is needed", o.path)
		case v.Kept() && v.Wanted() && v.File.Source != nil && !v.Counted() && !v.Hopeless() && !o.stored(v):
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
		if v := o.disk.Newest(); v != nil && v.Counted() {
			waiting++
			bytes += v.Size()
		}
		if v := o.disk.Newest(); v != nil && v.Unsure() {
			unsure += v.Size()
		}
		if x := &o.sending; o.busy() {
			v := o.disk.Newest() // bytes of a growing file are among those that came behind them
			if flying += x.bytes; x.bytes > 0 && (v == nil || v.ID != x.version.ID || !v.Counted()) {
				b.say("%s is sent, and taken off what waits, where it does not count", o.path)
			}
		}
	}
	if p.account.files != waiting || p.account.bytes != bytes {
		b.say("%d files with %d bytes wait, and %d with %d are counted", waiting, bytes, p.account.files, p.account.bytes)
	}
	if p.account.unsure != unsure {
		b.say("%d bytes that wait may be stored, and %d are counted", unsure, p.account.unsure)
	}
	if p.account.flying != flying {
		b.say("%d bytes are under way, and %d are counted", flying, p.account.flying)
	}
}

// pins checks what is in the directory alone.
func (b *books) pins() {
	p, u, bytes, asked := b.p, &b.p.unpinned, int64(0), int64(0)
	for _, v := range u.versions {
		bytes += v.Size()
		if o := p.objects[v.File.Path]; o == nil || o.disk.Newest() != v || v.Counted() || v.Hopeless() || v.Unpinned() == "" || o.disk.Gone() && !p.strays.scanning { // what only the spool has is looked for until all was met
			b.say("%s has no pin, and is not to be shipped", v.File.Path)
		}
	}
	for v := range u.asked {
		if asked += v.Size(); !slices.Contains(u.versions, v) {
			b.say("%s is looked for, and has a pin", v.File.Path)
		}
	}
	if u.bytes != bytes || u.askedBytes != asked {
		b.say("%d bytes have no pin, %d of them looked for, and %d and %d are counted", bytes, asked, u.bytes, u.askedBytes)
	}
	for _, o := range p.objects {
		if v := o.disk.Newest(); v != nil && v.Unpinned() != "" && !v.Hopeless() && !slices.Contains(u.versions, v) {
			b.say("%s lost its pin, and nobody will ask for it", o.path)
		}
	}
}
