package plan

import (
	"slices"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/disk"
)

// naming counts the snapshots of one playlist that name an object: pending or possibly published ones
// together, and the possibly published ones alone.
type naming struct {
	list           *list
	count, exposed int
	trust          *trust // nil for none
}

// trust says that a run has accepted a version although it is older, for which its playlist waits no more.
type trust struct {
	run *run
	id  uint64
}

// trusts reports whether the run of s, a version of a playlist that names o, took v although it is older.
func (o *object) trusts(s *snapshot, v *disk.Version) bool {
	t := o.namingOf(s.list).trust
	return t != nil && t.run == s.run && t.id == v.ID
}

// entrust notes that it did.
func (o *object) entrust(s *snapshot, v *disk.Version) {
	o.namingOf(s.list).trust = &trust{s.run, v.ID}
}

// namingOf returns how l names o, nil if it does not.
func (o *object) namingOf(l *list) *naming {
	if i := slices.IndexFunc(o.naming, func(n naming) bool { return n.list == l }); i >= 0 {
		return &o.naming[i]
	}
	return nil
}

// classify notes what the playlists that name o make of it, or what its name says if there is none.
func (o *object) classify(k hls.Kind) { o.kind = k }

// isMedia reports whether o is media proper, which no packager rewrites under a playlist that stays.
func (o *object) isMedia() bool { return o.kind == hls.Media || o.kind == hls.Subtitle }

// pattern returns the name with a mark in place of each number.
func (o *object) pattern() string {
	if o.like == "" {
		o.like = hls.Pattern(o.path)
	}
	return o.like
}

// hollow reports whether v is an init section or key without bytes. No playlist means that: its packager was killed
// between truncating and writing it, or GIO closed it untouched.
func (o *object) hollow(v *disk.Version) bool {
	return (o.kind == hls.Init || o.kind == hls.Key) && v.File.State == hls.Settled && v.File.Version.Size == 0
}

// name adds to the counts of how l names o.
func (o *object) name(l *list, count, exposed int) {
	i := slices.IndexFunc(o.naming, func(n naming) bool { return n.list == l })
	if i < 0 {
		o.naming = append(o.naming, naming{list: l})
		i = len(o.naming) - 1
	}
	o.naming[i].count += count
	o.naming[i].exposed += exposed
	if o.naming[i].count <= 0 && o.naming[i].exposed <= 0 {
		o.naming = slices.Delete(o.naming, i, i+1)
	}
}

// exposed reports whether a playlist that may be published names o.
func (o *object) exposed() bool {
	return slices.ContainsFunc(o.naming, func(n naming) bool { return n.exposed > 0 })
}
