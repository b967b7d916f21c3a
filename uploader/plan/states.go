package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// String tells all that is known of playlists, files and streams, by their names.
func (p *Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "plan at %s: waiting=%d bytes=%d unsure=%d flying=%d %s", timeOf(p.now),
		p.account.files, p.account.bytes, p.account.unsure, p.account.flying, p.schedule)
	b.WriteString(words(" listed", p.bucket.Listed(), " scanning", p.strays.scanning, " failing", p.failing, " unconditional", !p.bucket.Conditional()) + "\n")
	for _, name := range slices.Sorted(maps.Keys(p.lists)) {
		fmt.Fprintln(&b, p.lists[name])
	}
	for _, name := range slices.Sorted(maps.Keys(p.objects)) {
		fmt.Fprintln(&b, p.objects[name])
	}
	for _, name := range slices.Sorted(maps.Keys(p.streams)) {
		fmt.Fprintln(&b, p.streams[name])
	}
	return b.String()
}

// String tells all that is known of a playlist, a version a line.
func (l *list) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "playlist %s:%s", l.path, words(" gone", l.gone(), " fetching", l.fetching, " outdated", l.outdated, " slow", l.edge.slow,
		" yielded", !l.yielded.IsZero()))
	fmt.Fprintf(&b, " store: %s%s %s", &l.cell, at(" recheck", l.recheck), &l.turns)
	for parent := range l.parents {
		fmt.Fprintf(&b, " in=%s", parent.path)
	}
	all := l.all()
	if l.last != nil && !slices.Contains(all, l.last) {
		all = append(all, l.last)
	}
	slices.SortStableFunc(all, func(a, b *snapshot) int { return int(a.seq) - int(b.seq) }) //nolint:gosec // they are small
	for _, s := range all {
		fmt.Fprintf(&b, "\n\t%s%s", s, words(" PENDING", slices.Contains(l.pending, s), " published", s == l.published, " doubt", l.doubts(s),
			" flying", s == l.flying, " last", s == l.last, " goal", s == l.edge.goal))
	}
	return b.String()
}

// String tells what a version of a playlist names, and what it waits for.
func (s *snapshot) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "version %d seen %s%s cursor=%d/%d found=%d/%d:", s.seq, timeOf(s.file.Seen), words(" dropped", !s.pending(), " exposed", s.exposed(),
		" rebinds", s.rebinds(), " inherited", s.origin.inherited(), " late", s.origin == inheritedLate, " rejected", s.rejection.stands(), " prior", s.prior, " unread", s.text.content == nil,
		" met", s.origin.met(), " ended", s.file.Playlist != nil && s.file.Playlist.Ended), s.cursor, len(s.binds), s.found, len(s.lists))
	if s.fault.any() {
		fmt.Fprintf(&b, " %s=%q", s.fault.reason, s.fault.uri)
	}
	for i := range s.binds {
		x := &s.binds[i]
		means := "?"
		if x.ver != nil {
			means = fmt.Sprint(x.ver.ID)
		}
		fmt.Fprintf(&b, " %s@%s%s", x.obj.path, means, words("+", x.satisfied(), "~", x.waits, "!", x.rebinds, " declined", x.declined, " soft", x.strict == soft, " hint", x.strict == hint, " optional", x.strict == optional, " excused", x.strict == excused))
	}
	for _, child := range s.lists {
		fmt.Fprintf(&b, " %s%s", child.path, words("+", child.cell.Exists()))
	}
	return b.String()
}

// String tells all that is known of a file.
func (o *object) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "file %s: disk: %s store: %s", o.path, &o.disk, &o.cell)
	for _, n := range o.naming {
		fmt.Fprintf(&b, " in=%s*%d,%d", n.list.path, n.count, n.exposed)
	}
	for _, w := range o.waiters {
		fmt.Fprintf(&b, " waited_for_by=%s/%d", w.s.list.path, w.s.seq)
	}
	for s := range o.streams {
		fmt.Fprintf(&b, " %s=%s", o.item.At(&s.queue), s.key)
	}
	if o.busy() {
		fmt.Fprintf(&b, " flying_since=%s bytes=%d", timeOf(o.item.Began()), o.sending.bytes)
		if v := o.sending.version; v != nil {
			fmt.Fprintf(&b, " of=%s", v)
		}
	}
	return b.String() + " " + o.item.Retry.String()
}

// String tells how many files stand where in a stream.
func (s *stream) String() string {
	return fmt.Sprintf("stream %s: %s", s.key, &s.queue)
}

func timeOf(t time.Time) string { return t.UTC().Format("15:04:05.000") }

// at is a time with its name, "" for none.
func at(name string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return name + "=" + timeOf(t)
}

// words returns each word before which true comes behind.
func words(pairs ...any) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == true {
			fmt.Fprint(&b, pairs[i])
		}
	}
	return b.String()
}
