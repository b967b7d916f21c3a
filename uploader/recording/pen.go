package recording

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/hlsship/hlsship/uploader/plan/edition"
)

// pen writes entries, and keys and maps where they change. The zero value has written none.
type pen struct {
	out  []byte
	keys []edition.Stated
	init string
	rate string
}

func (p *pen) line(parts ...string) {
	for _, s := range parts {
		p.out = append(p.out, s...)
	}
	p.out = append(p.out, '\n')
}

// turn states how the segments behind are to be read. number is the media sequence number that is the IV of keys without one; apart
// says that it is to be written out. A segment without a map has that of the one before: no tag takes one back.
func (p *pen) turn(w *way, number uint64, apart bool) {
	if w.Map.Line != "" && w.Map.Line != p.init {
		p.lock(w.MapKeys)
		p.line(w.Map.Line)
		p.init = w.Map.Line
	}
	if apart {
		w = written(w, number)
	}
	p.lock(w.Keys)
	if w.Rate.Line != "" && w.Rate.Line != p.rate {
		p.line(w.Rate.Line)
		p.rate = w.Rate.Line
	}
}

// restate has all that counts for the next segment be stated: that may be what is written already, read otherwise.
func (p *pen) restate() {
	p.keys, p.init, p.rate = slices.Clone(p.keys), "", ""
	for i := range p.keys {
		p.keys[i].Line = ""
	}
}

// written returns w with the IVs written out that keys without one have for a segment with that number.
func written(w *way, number uint64) *way {
	if !slices.ContainsFunc(w.Keys, func(k edition.Stated) bool { return k.Plain }) {
		return w
	}
	out := *w
	out.Keys = slices.Clone(w.Keys)
	for i := range out.Keys {
		if k := &out.Keys[i]; k.Plain {
			k.Line += fmt.Sprintf(",IV=0x%032x", number)
			k.Plain = false
		}
	}
	return &out
}

// lock states keys.
func (p *pen) lock(keys []edition.Stated) {
	for _, k := range p.keys {
		if !slices.ContainsFunc(keys, func(other edition.Stated) bool { return other.Format == k.Format }) {
			p.line("#EXT-X-KEY:METHOD=NONE")
			p.keys = nil
			break
		}
	}
	for _, k := range keys {
		if !slices.ContainsFunc(p.keys, func(other edition.Stated) bool { return other.Line == k.Line && other.Format == k.Format }) {
			p.line(k.Line)
		}
	}
	p.keys = keys
}

// segment writes what is an entry's own.
func (p *pen) segment(e *entry) {
	if e.Size > 0 {
		p.line("#EXT-X-BYTERANGE:", strconv.FormatInt(e.Size, 10), "@", strconv.FormatInt(e.Offset, 10))
	}
	p.out = append(p.out, e.Lines...)
	p.line(e.folder, e.URI)
}
