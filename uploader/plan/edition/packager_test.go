package edition

import (
	"fmt"
	"strings"
	"time"
)

// dice are choices that a test or a fuzzer makes; 0 for ever once they are used up.
type dice struct{ left []byte }

func (d *dice) up(to int) int {
	if len(d.left) == 0 {
		return 0
	}
	n := int(d.left[0]) % to
	d.left = d.left[1:]
	return n
}

func (d *dice) one(of int) bool { return d.up(of) == of-1 }

// shot is a segment of a packager's run.
type shot struct {
	length  time.Duration
	begun   time.Time
	breaks  bool // the packager writes EXT-X-DISCONTINUITY
	dated   bool // and EXT-X-PROGRAM-DATE-TIME
	hole    bool // it never comes
	key, in int  // which key and map; 0 for none
}

// habits are how a packager writes.
type habits struct {
	window  int
	eol     string
	counts  bool // EXT-X-DISCONTINUITY-SEQUENCE
	event   bool
	version int
	keys    int // 0 none, 1 without IV, 2 with
	maps    bool
	ranges  int    // 0 none, 1 with offsets, 2 without where it may
	dates   int    // 0 none, 1 all, 2 some
	define  string // the value of a variable that URIs have; empty for none
	strange bool   // tags that nobody knows, comments, dates of advertisements
	endless bool   // no end of line behind the last one
}

// take is a run of a packager.
type take struct {
	habits
	number uint64
	shots  []shot
}

// roll makes up a packager's runs.
func roll(d *dice) []take {
	h := habits{
		window: 1 + d.up(7), eol: []string{"\n", "\r\n"}[d.up(2)], counts: d.one(2), event: d.one(8), version: 3 + d.up(5), keys: d.up(3), maps: d.one(3),
		ranges: d.up(3), dates: d.up(3), strange: d.one(2), endless: d.one(4),
	}
	if d.one(4) {
		h.define = "sub"
	}
	if h.maps {
		h.version = max(h.version, 6)
	}
	if h.ranges > 0 {
		h.version = max(h.version, 4)
	}
	var all []take
	at := time.Date(2026, 11, 30, 1, 2, 3, 0, time.UTC)
	for r := range 1 + d.up(4) {
		k := take{habits: h}
		switch d.up(4) {
		case 1:
			k.number = uint64(d.up(200))
		case 2:
			k.number = 1<<62 + uint64(r)
		}
		if d.one(4) { // it was set up anew
			k.window, k.keys, k.eol, k.define = 1+d.up(7), d.up(3), "\n", []string{h.define, "other"}[d.up(2)]
		}
		key, in := d.up(2), 1
		for range 1 + d.up(20) {
			s := shot{length: time.Duration(1000+d.up(3)*501) * time.Millisecond, begun: at, hole: d.one(9), breaks: d.one(9)}
			if s.breaks && d.one(2) {
				in++
			}
			if d.one(5) {
				key = d.up(3)
			}
			if s.dated = k.dates == 1 || k.dates == 2 && d.one(3); k.keys > 0 {
				s.key = key
			}
			if k.maps {
				s.in = in
			}
			if at = at.Add(s.length); d.one(12) {
				at = at.Add(time.Duration(3+d.up(4)) * time.Second) // time is lost
			}
			k.shots = append(k.shots, s)
		}
		at = at.Add(time.Duration(d.up(9)) * time.Second)
		all = append(all, k)
	}
	return all
}

const each = 1000 // the bytes of a range

// uriOf returns how a rendition names shot i, and its byte range.
func (k *take) uriOf(rendition string, i int) (uri string, offset int64) {
	if k.ranges > 0 {
		return fmt.Sprintf("%sall%d.ts", rendition, i/3), int64(i%3) * each
	}
	return fmt.Sprintf("%s%d.ts", rendition, i), 0
}

// write returns the packager's text when shot to-1 is the last, and the first that is listed.
func (k *take) write(rendition string, to int, ended bool) (text string, from int) {
	if from = max(0, to-k.window); k.event {
		from = 0
	}
	var b strings.Builder
	put := func(format string, args ...any) { fmt.Fprintf(&b, format, args...); b.WriteString(k.eol) }
	put("#EXTM3U")
	put("#EXT-X-VERSION:%d", k.version)
	if k.strange {
		put("#EXT-X-INDEPENDENT-SEGMENTS")
		put("## made by nobody")
	}
	if put("#EXT-X-TARGETDURATION:2"); k.event {
		put("#EXT-X-PLAYLIST-TYPE:EVENT")
	}
	put("#EXT-X-MEDIA-SEQUENCE:%d", k.number+uint64(from))
	breaks := 0
	for _, s := range k.shots[:from] {
		if s.breaks {
			breaks++
		}
	}
	if k.counts {
		put("#EXT-X-DISCONTINUITY-SEQUENCE:%d", breaks)
	}
	folder := ""
	if k.define != "" {
		put(`#EXT-X-DEFINE:NAME="v",VALUE="%s"`, k.define)
		folder = "{$v}/"
	}
	var key, in int
	for i := from; i < to; i++ {
		s := k.shots[i]
		if s.breaks {
			put("#EXT-X-DISCONTINUITY")
		}
		if s.key != key {
			switch {
			case s.key == 0:
				put("#EXT-X-KEY:METHOD=NONE")
			case k.keys == 2:
				put(`#EXT-X-KEY:METHOD=AES-128,URI="%s%s.key%d",IV=0x%032x`, folder, rendition, s.key, 7*s.key)
			default:
				put(`#EXT-X-KEY:METHOD=AES-128,URI="%s%s.key%d"`, folder, rendition, s.key)
			}
			key = s.key
		}
		if s.in != in {
			put(`#EXT-X-MAP:URI="%s%s.init%d"`, folder, rendition, s.in)
			in = s.in
		}
		if k.strange && i%3 == 0 {
			put("#EXT-X-NOBODY-KNOWS:%d", i)
			put(`#EXT-X-DATERANGE:ID="%d",START-DATE="2026-11-30T00:00:00Z"`, i)
		}
		if s.dated {
			put("#EXT-X-PROGRAM-DATE-TIME:%s", s.begun.Format("2006-01-02T15:04:05.000Z0700"))
		}
		uri, offset := k.uriOf(rendition, i)
		switch {
		case k.ranges == 1 || k.ranges == 2 && (i == from || offset == 0):
			put("#EXT-X-BYTERANGE:%d@%d", each, offset)
		case k.ranges == 2:
			put("#EXT-X-BYTERANGE:%d", each)
		}
		put("#EXTINF:%.3f,", s.length.Seconds())
		put("%s%s", folder, uri)
	}
	if ended {
		put("#EXT-X-ENDLIST")
	}
	if text = b.String(); k.endless {
		text = strings.TrimSuffix(text, k.eol)
	}
	return text, from
}
