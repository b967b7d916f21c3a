package recording

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// shot is a segment of a packager's run, and what becomes of it.
type shot struct {
	begun         time.Time
	length        time.Duration
	breaks, dated bool
	key, in       int // which key and map; 0 for none
	stated        bool
	folder        string // of a variant
	state         Binding
	late          int  // versions until it is known
	lost          bool // it is not stored
	cue           bool
	ads           []string // the lines of date ranges that stand before it
}

// packager writes a run of shots.
type packager struct {
	number          int
	window          int // 0 keeps all
	eol             string
	ivs, maps       bool
	ranges          int // 0 none, 1 with offsets, 2 without where it may
	headDates       bool
	ring            int // names come back after so many; 0 for never
	shots           []shot
	spans           bool // the head repeats the date range in force
	listedUpTo, ads int
}

func one(r *rand.Rand, of int) bool { return r.IntN(of) == 0 }

// roll makes up a run.
func roll(r *rand.Rand) *packager {
	p := &packager{
		number: r.IntN(3) * r.IntN(50), window: 1 + r.IntN(8), eol: []string{"\n", "\r\n"}[r.IntN(2)], ivs: one(r, 3), maps: one(r, 2), ranges: r.IntN(3), headDates: one(r, 3), spans: one(r, 2),
	}
	if one(r, 4) {
		p.window = []int{0, 40, 70}[r.IntN(3)]
	}
	if p.ranges == 0 && one(r, 3) {
		p.ring = p.window + 1 + r.IntN(5)
	}
	keys, dates, key, in, begun := one(r, 2), one(r, 2), 0, 1, at(0)
	for i := range 1 + r.IntN(120) {
		s := shot{length: time.Duration(1000+r.IntN(3)*501) * time.Millisecond, begun: begun, breaks: one(r, 9), dated: dates && !one(r, 4), state: Bound, cue: one(r, 9), lost: one(r, 15)}
		if one(r, 12) {
			s.state = []Binding{Hole, Elsewhere}[r.IntN(2)]
		}
		if one(r, 6) {
			s.late = 1 + r.IntN(4)
		}
		if keys && one(r, 5) {
			key = r.IntN(3)
		}
		if p.maps && s.breaks && one(r, 2) {
			in++
		}
		s.key = key
		if p.maps {
			s.in = in
		}
		if p.ring > 0 && i >= p.ring {
			s.folder = fmt.Sprintf("../.%d/v0/", 1+i/p.ring)
		}
		if one(r, 10) {
			p.ads++
			s.ads = append(s.ads, fmt.Sprintf(`#EXT-X-DATERANGE:ID="%d",START-DATE="2026-11-30T00:00:00Z"`, p.ads))
		}
		if p.ads > 0 && one(r, 10) {
			s.ads = append(s.ads, fmt.Sprintf(`#EXT-X-DATERANGE:ID="%d",DURATION=%d`, p.ads, i))
		}
		if begun = begun.Add(s.length); s.breaks {
			s.dated = s.dated && dates
		}
		p.shots = append(p.shots, s)
	}
	return p
}

const each = 1000 // the bytes of a range

func (p *packager) uri(i int) (uri string, offset int) {
	switch {
	case p.ranges > 0:
		return fmt.Sprintf("all%d.ts", i/3), i % 3 * each
	case p.ring > 0:
		return fmt.Sprintf("%d.ts", i%p.ring), 0
	}
	return fmt.Sprintf("%d.ts", i), 0
}

// path returns the path of a shot in the folder of the session, whose list is v0/index.m3u8. The files of ranges are stored if one of them is.
func (p *packager) path(i int) string {
	uri, _ := p.uri(i)
	if folder := p.shots[i].folder; folder != "" {
		return strings.TrimPrefix(folder, "../") + uri
	}
	return "v0/" + uri
}

func (p *packager) keyLine(key int) string {
	switch {
	case key == 0:
		return "#EXT-X-KEY:METHOD=NONE"
	case p.ivs:
		return fmt.Sprintf(`#EXT-X-KEY:METHOD=AES-128,URI="%d.key",IV=0x%032x`, key, 7*key)
	}
	return fmt.Sprintf(`#EXT-X-KEY:METHOD=AES-128,URI="%d.key"`, key)
}

// from returns the first shot that is listed when shot to-1 is the last.
func (p *packager) from(to int) int {
	if p.window == 0 {
		return 0
	}
	return max(0, to-p.window)
}

// write returns the text when shot to-1 is the last.
func (p *packager) write(to int) string {
	from := p.from(to)
	var b strings.Builder
	put := func(format string, args ...any) { fmt.Fprintf(&b, format, args...); b.WriteString(p.eol) }
	put("#EXTM3U")
	put("#EXT-X-VERSION:3")
	put("#EXT-X-TARGETDURATION:2")
	put("#EXT-X-MEDIA-SEQUENCE:%d", p.number+from)
	key, in := 0, 0
	for i := from; i < to; i++ {
		s := p.shots[i]
		if s.breaks {
			put("#EXT-X-DISCONTINUITY")
		}
		if s.in != in {
			if key != 0 { // maps are in clear
				put("#EXT-X-KEY:METHOD=NONE")
				key = 0
			}
			put(`#EXT-X-MAP:URI="init%d.mp4"`, s.in)
			in = s.in
		}
		if s.key != key {
			put("%s", p.keyLine(s.key))
			key = s.key
		}
		if s.dated || p.headDates && i == from {
			put("#EXT-X-PROGRAM-DATE-TIME:%s", s.begun.Format("2006-01-02T15:04:05.000Z07:00"))
		}
		if p.spans && i == from {
			for j := i - 1; j >= 0; j-- {
				if ads := p.shots[j].ads; len(ads) > 0 {
					put("%s", ads[len(ads)-1])
					break
				}
			}
		}
		for _, l := range s.ads {
			put("%s", l)
		}
		if s.cue {
			put("#EXT-X-CUE:%d", i)
		}
		uri, offset := p.uri(i)
		switch {
		case p.ranges == 1 || p.ranges == 2 && (i == from || offset == 0):
			put("#EXT-X-BYTERANGE:%d@%d", each, offset)
		case p.ranges == 2:
			put("#EXT-X-BYTERANGE:%d", each)
		}
		put("#EXTINF:%.3f,", s.length.Seconds())
		put("%s", uri)
	}
	return b.String()
}
