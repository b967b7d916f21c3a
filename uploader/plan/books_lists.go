package plan

import (
	"bytes"
	"cmp"
	"slices"
)

// lists checks what is known of playlists.
func (b *books) lists() {
	for name, l := range b.p.lists {
		b.size++
		if l.path != name {
			b.say("playlist %s is known as %s", l.path, name)
		}
		b.list(l)
		b.edge(l)
		b.published(l)
		for _, s := range l.all() {
			b.snapshot(l, s)
		}
	}
}

// list checks the pending versions of l.
func (b *books) list(l *list) {
	if !slices.IsSortedFunc(l.pending, func(a, b *snapshot) int { return cmp.Compare(a.seq, b.seq) }) {
		b.say("%s: the pending versions are out of order", l.path)
	}
	newest := l.newest()
	switch {
	case newest == nil:
	case l.last == nil:
		b.say("%s: versions are pending, and there is no last one", l.path)
	case l.last != newest && l.last.pending(), l.last != newest && !l.gone():
		b.say("%s: the newest version on disk is not the newest that is pending", l.path)
	}
	if l.last != nil && !l.last.pending() && l.last != l.published && !l.doubts(l.last) && !l.gone() && (l.published == nil || l.published.seq > 0) {
		b.say("%s: the newest version on disk was dropped", l.path)
	}
	for i, s := range l.pending {
		if !s.pending() {
			b.say("%s: a dropped version is pending", l.path)
		}
		if l.published != nil && s.seq <= l.published.seq {
			b.say("%s: a version is pending that is older than the published one", l.path)
		}
		if s.text.content == nil && s != l.last {
			b.say("%s: a version waits without its text, and is not read again", l.path)
		}
		if s.text.prefix && (i+1 == len(l.pending) || !bytes.HasPrefix(l.pending[i+1].text.content, s.text.content)) {
			b.say("%s: a version shares its text with none", l.path)
		}
	}
	if at := l.recheck; !at.IsZero() {
		if alarm, dirty := l.stream.queue.Looks(); !dirty && (alarm.IsZero() || alarm.After(at)) {
			b.say("%s: nothing wakes it when its references are due", l.path)
		}
	}
	switch s := l.stream; {
	case s == nil && len(l.pending) > 0:
		b.say("%s: versions are pending, and it has no stream", l.path)
	case s != nil && (s.list != l || b.p.streams[s.key] != s):
		b.say("%s: its stream does not know it", l.path)
	}
}

// edge checks what the live edge of l aims at.
func (b *books) edge(l *list) {
	if (l.edge.goal != nil) != (l.edge.mode == catchingUp) || l.edge.goal != nil && !slices.Contains(l.pending, l.edge.goal) {
		b.say("%s: the goal is not pending", l.path)
	}
	if l.edge.slow && len(l.pending) == 0 && l.yielded.IsZero() && !l.gone() {
		b.say("%s: it is said to lag, and nothing waits", l.path)
	}
}

// published checks what is known of l in the store.
func (b *books) published(l *list) {
	if l.flying != nil && !l.doubts(l.flying) {
		b.say("%s: what flies is not in doubt", l.path)
	}
	if l.flying != nil && l.fetching {
		b.say("%s: two requests are under way", l.path)
	}
	if l.outdated && l.flying == nil {
		b.say("%s: what flies is outdated, and nothing flies", l.path)
	}
	if !slices.IsSortedFunc(l.doubt, func(a, b *snapshot) int { return cmp.Compare(a.seq, b.seq) }) {
		b.say("%s: the versions in doubt are out of order", l.path)
	}
	if len(l.doubt) > 0 && l.cell.Answered() && l.flying == nil && len(l.pending) == 0 {
		b.say("%s: a version is in doubt, and nothing will tell", l.path)
	}
	if l.cell.ETag() != "" && !l.cell.Exists() {
		b.say("%s: it does not exist, and has an ETag", l.path)
	}
	if l.cell.Answered() && l.published != nil && !l.cell.Exists() {
		b.say("%s: it does not exist, and is published", l.path)
	}
}

// snapshot checks one version of l.
func (b *books) snapshot(l *list, s *snapshot) {
	pending := s.pending()
	switch {
	case s.list != l:
		b.say("%s has a version of %s", l.path, s.list.path)
	case s.over():
		b.say("%s: a version has given its references up, and is kept", l.path)
	case pending != slices.Contains(l.pending, s):
		b.say("%s: a version is neither dropped nor pending, or both", l.path)
	case s.exposed() != (s == l.published || l.doubts(s)):
		b.say("%s: a version is exposed and can not be published, or the reverse", l.path)
	case pending && s.run == nil:
		b.say("%s: a version is of no run", l.path)
	}
	if s.cursor > len(s.binds) || s.found > len(s.lists) || s.asked > len(s.lists) {
		b.say("%s: a version is read beyond its end", l.path)
		return
	}
	for i := range s.binds {
		b.size++
		b.bind(s, i)
	}
	for i, child := range s.lists {
		if b.p.lists[child.path] != child {
			b.say("%s names %s, which is another one by now", l.path, child.path)
		}
		if pending && i < s.found && !child.cell.Exists() {
			b.say("%s takes it that %s is published", l.path, child.path)
		}
		if s == l.newest() && i < s.asked && !child.cell.Answered() && !child.fetching && child.stream == nil {
			b.say("%s waits for %s, and nobody asks the store for it", l.path, child.path)
		}
	}
}

// bind checks reference i of s.
func (b *books) bind(s *snapshot, i int) {
	x := &s.binds[i]
	o, list := x.obj, s.list.path
	if !b.p.knows(o) {
		b.say("%s names %s, which is another one by now", list, o.path)
	}
	if x.exposed && !s.exposed() {
		b.say("%s: %s is exposed alone", list, o.path)
	}
	if x.free() && x.ver != nil {
		b.say("%s means bytes by %s, which gates nothing", list, o.path)
	}
	if !s.pending() {
		return
	}
	if i < s.cursor && !x.satisfied() {
		b.say("%s takes it that %s is stored", list, o.path)
	}
	if x.open() && !x.waits {
		b.say("%s has no bytes for %s, and does not wait for any", list, o.path)
	}
	if x.waits && !slices.Contains(o.waiters, waiter{s, i}) {
		b.say("%s waits for bytes of %s, and will not be offered any", list, o.path)
	}
	if v := x.ver; v != nil && !x.satisfied() && !v.Hopeless() && v.Unpinned() == "" && !(s.list.outdated && s == s.list.flying) &&
		(o.disk.Newest() == nil || o.disk.Newest().ID != v.ID) && (o.cell.Ours() == nil || o.disk.Newest() != nil || o.cell.Ours().ID != v.ID) {
		b.say("%s waits for bytes of %s that cannot be stored any more", list, o.path)
	}
	if v := x.ver; v != nil && o.disk.Newest() != nil && o.disk.Newest().ID == v.ID && !v.Wanted() && !o.disk.Newest().Wanted() && !o.stored(v) {
		b.say("%s means bytes of %s that nobody wants", list, o.path)
	}
}

// names checks that files and playlists know how often each names them.
func (b *books) names() {
	type counts struct{ count, exposed int }
	entries, children := 0, make(map[*list]map[*list]int)
	for _, l := range b.p.lists {
		named := make(map[*object]counts)
		for _, s := range l.all() {
			for i := range s.binds {
				c := named[s.binds[i].obj]
				if c.count++; s.binds[i].exposed {
					c.exposed++
				}
				named[s.binds[i].obj] = c
			}
			for _, child := range s.lists {
				if children[child] == nil {
					children[child] = make(map[*list]int)
				}
				children[child][l]++
			}
		}
		for o, c := range named {
			if i := slices.IndexFunc(o.naming, func(n naming) bool { return n.list == l }); i < 0 {
				b.say("%s does not know that %s names it", o.path, l.path)
			} else if n := o.naming[i]; n.count != c.count || n.exposed != c.exposed {
				b.say("%s is named by %s %d times, %d of them exposed, and counts %d and %d", o.path, l.path, c.count, c.exposed, n.count, n.exposed)
			}
		}
		entries += len(named)
	}
	for _, o := range b.p.objects {
		entries -= len(o.naming)
	}
	if entries != 0 {
		b.say("%d playlists are taken to name files that they do not", -entries)
	}
	for name, l := range b.p.lists {
		for parent, n := range l.parents {
			if children[l][parent] != n {
				b.say("%s is named by %s %d times, and counts %d", name, parent.path, children[l][parent], n)
			}
		}
		if len(l.parents) != len(children[l]) {
			b.say("%s is named by %d playlists, and knows %d", name, len(children[l]), len(l.parents))
		}
	}
}
