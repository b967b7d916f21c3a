package storetest

import (
	"fmt"
	"strconv"
	"strings"
)

// program is a media playlist as a player reads it.
type program struct {
	first, base uint64 // the media sequence and discontinuity sequence numbers
	ended       bool
	whole       bool // it is watched from its beginning: an EVENT or VOD
	scenes      []seen
	tags        []string // URIs of init sections and keys
}

// seen is a segment of a program.
type seen struct {
	number, discontinuity uint64
	uri, window           string // window is its byte range as it is written, "" for the whole
	end                   int64  // of the byte range; 0 for the whole
	init, key             string
	gap                   bool
}

// read reads a media playlist line by line, as RFC 8216 has it and nothing else.
func read(text []byte) (*program, error) {
	p, now := &program{}, seen{}
	var ends int64
	timed := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		name, value, _ := strings.Cut(line, ":")
		var err error
		switch {
		case name == "#EXT-X-MEDIA-SEQUENCE":
			p.first, err = strconv.ParseUint(value, 10, 64)
		case name == "#EXT-X-DISCONTINUITY-SEQUENCE":
			p.base, err = strconv.ParseUint(value, 10, 64)
		case name == "#EXT-X-DISCONTINUITY":
			now.discontinuity++
		case name == "#EXT-X-ENDLIST":
			p.ended = true
		case name == "#EXT-X-PLAYLIST-TYPE":
			p.whole = true
		case name == "#EXT-X-GAP":
			now.gap = true
		case name == "#EXT-X-MAP":
			now.init = quoted(value)
			p.tags = append(p.tags, now.init)
		case name == "#EXT-X-KEY":
			now.key = quoted(value)
			p.tags = append(p.tags, now.key)
		case name == "#EXT-X-BYTERANGE":
			size, at, stated := strings.Cut(value, "@")
			var n, from int64
			if n, err = strconv.ParseInt(size, 10, 64); stated && err == nil {
				from, err = strconv.ParseInt(at, 10, 64)
			} else {
				from = ends
			}
			ends = from + n
			now.window, now.end = fmt.Sprintf("%d@%d", n, from), ends
		case name == "#EXTINF":
			timed = true
		case line == "" || line[0] == '#':
		default:
			if !timed {
				return nil, fmt.Errorf("%s has no EXTINF", line)
			}
			s := now
			s.uri, s.number = line, p.first+uint64(len(p.scenes))
			p.scenes = append(p.scenes, s)
			now.gap, now.window, now.end, timed = false, "", 0, false
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
	}
	for i := range p.scenes {
		p.scenes[i].discontinuity += p.base
	}
	return p, nil
}

// quoted returns the URI of a list of attributes.
func quoted(attributes string) string {
	_, rest, _ := strings.Cut(attributes, `URI="`)
	uri, _, _ := strings.Cut(rest, `"`)
	return uri
}
