package edition

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// heard is a segment as a player that knows RFC 8216 and nothing of editions hears of it.
type heard struct {
	number, discontinuity uint64
	uri, key, initMap     string
	iv                    string // hexadecimal, of 32 digits; empty without a key
	offset, size          int64
	gap, dated            bool
	at                    time.Time // zero if nobody told
	length                time.Duration
}

// listen reads a published playlist. It fails for what a strict player refuses.
func listen(text string) (all []heard, base uint64, err error) {
	var first, ver uint64 = 0, 1
	var target float64
	var now heard
	var sized, breaks bool
	var method string
	extinf, seen := false, map[string]bool{}
	ends := map[string]int64{}
	need := func(n uint64, why string) {
		if err == nil && ver < n {
			err = fmt.Errorf("%s needs EXT-X-VERSION %d", why, n)
		}
	}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if lines[0] != "#EXTM3U" {
		return nil, 0, fmt.Errorf("begins with %q", lines[0])
	}
	var at time.Time
	attribute := func(list, name string) string {
		_, rest, ok := strings.Cut(","+list, ","+name+"=")
		if !ok {
			return ""
		}
		if strings.HasPrefix(rest, `"`) {
			return strings.Split(rest, `"`)[1]
		}
		return strings.Split(rest, ",")[0]
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "#EXT-X-VERSION", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE", "#EXT-X-TARGETDURATION", "#EXT-X-PLAYLIST-TYPE", "#EXT-X-ENDLIST":
			if seen[name] {
				return nil, 0, fmt.Errorf("%s twice", name)
			}
			if seen[name] = true; len(all) > 0 && name != "#EXT-X-ENDLIST" {
				return nil, 0, fmt.Errorf("%s behind a segment", name)
			}
		}
		number := func() uint64 {
			n, wrong := strconv.ParseUint(value, 10, 64)
			if wrong != nil && err == nil {
				err = wrong
			}
			return n
		}
		switch name {
		case "#EXT-X-VERSION":
			ver = number()
		case "#EXT-X-MEDIA-SEQUENCE":
			first = number()
		case "#EXT-X-DISCONTINUITY-SEQUENCE":
			base = number()
		case "#EXT-X-TARGETDURATION":
			target = float64(number())
		case "#EXT-X-DISCONTINUITY":
			breaks = true
			now.discontinuity++
			at = time.Time{}
		case "#EXT-X-PROGRAM-DATE-TIME":
			layout := time.RFC3339Nano
			if !strings.HasSuffix(value, "Z") {
				layout = "2006-01-02T15:04:05.999999999Z0700"
			}
			if at, err = time.Parse(layout, value); err != nil {
				return nil, 0, err
			}
			now.dated = true
		case "#EXT-X-KEY":
			method = attribute(value, "METHOD")
			if now.key, now.iv = attribute(value, "URI"), strings.TrimPrefix(attribute(value, "IV"), "0x"); method == "NONE" {
				now.key, now.iv = "", ""
			}
			if now.iv != "" {
				need(2, "IV")
			}
		case "#EXT-X-MAP":
			now.initMap = attribute(value, "URI")
			need(5, "EXT-X-MAP")
		case "#EXT-X-GAP":
			now.gap = true
			need(8, "EXT-X-GAP")
		case "#EXT-X-BYTERANGE":
			size, offset, ok := strings.Cut(value, "@")
			now.size, _ = strconv.ParseInt(size, 10, 64)
			now.offset = -1
			if ok {
				now.offset, _ = strconv.ParseInt(offset, 10, 64)
			}
			sized = true
			need(4, "EXT-X-BYTERANGE")
		case "#EXTINF":
			f, wrong := strconv.ParseFloat(strings.Split(value, ",")[0], 64)
			if wrong != nil {
				return nil, 0, wrong
			}
			now.length, extinf = time.Duration(math.Round(f*1e9)), true
		default:
			if line == "" || line[0] == '#' {
				continue
			}
			if !extinf {
				return nil, 0, fmt.Errorf("%s without EXTINF", line)
			}
			if !seen["#EXT-X-TARGETDURATION"] || math.Floor(now.length.Seconds()+0.5) > target {
				return nil, 0, fmt.Errorf("%s is longer than the target duration", line)
			}
			s := now
			s.uri, s.number, s.at = line, first+uint64(len(all)), at
			if s.key != "" && s.iv == "" {
				s.iv = fmt.Sprintf("%032x", s.number)
			}
			if sized {
				if s.offset < 0 {
					from, ok := ends[line]
					if !ok {
						return nil, 0, fmt.Errorf("%s: nobody knows where the range begins", line)
					}
					s.offset = from
				}
				ends = map[string]int64{line: s.offset + s.size}
			} else {
				clear(ends)
			}
			if all = append(all, s); !at.IsZero() {
				at = at.Add(s.length)
			}
			now.gap, now.dated, now.size, now.offset, sized, extinf, breaks = false, false, 0, 0, false, false, false
		}
		if err != nil {
			return nil, 0, err
		}
	}
	_ = breaks
	for i := range all {
		all[i].discontinuity += base
	}
	return all, base, nil
}
