package hls

import (
	"strconv"
	"strings"
)

// template is one for a URI, with what the representation replaces in it replaced (§5.3.9.4.4).
type template struct {
	pieces []piece
	static int64 // bytes of the texts
	// known is false if it holds something that is no identifier.
	known bool
}

// No file has a name that is as long, or is made of as many pieces.
const longestName, mostPieces = 64 << 10, 1 << 10

// piece is a text, or a number in place of one.
type piece struct {
	text  string
	what  counted
	width int // of the number at least
}

// counted is what a number counts.
type counted uint8

const (
	nothing counted = iota
	byNumber
	byTime
)

// segmentNames are the templates of a representation's segments: of the media and, if there are some, of indexes.
type segmentNames struct {
	templates []*template
	timed     bool // media grows by the time
}

// compileSegments reads the templates of segments.
func (m *manifest) compileSegments(t *segmentTemplate, rep *representation) (*segmentNames, error) {
	names := segmentNames{timed: strings.Contains(t.Media, "$Time")}
	for _, text := range [...]string{t.Media, t.Index} {
		if text == "" {
			continue
		}
		compiled, err := m.compile(text, rep)
		if err != nil {
			return nil, err
		}
		names.templates = append(names.templates, compiled)
	}
	return &names, nil
}

// compile reads a template once for all segments of a representation. Its identifiers are steps, as they may be very many
// and stand for nothing.
func (m *manifest) compile(text string, rep *representation) (*template, error) {
	t := template{known: true}
	var err error
	for more := true; more && err == nil; err = m.step() {
		if text, more = t.read(text, rep); t.static > longestName || len(t.pieces) > mostPieces {
			return nil, errLongNames()
		}
	}
	return &t, err
}

// read takes in a text up to behind the next identifier; more is false if there is none.
func (t *template) read(text string, rep *representation) (rest string, more bool) {
	before, after, found := strings.Cut(text, "$")
	t.add(piece{text: before})
	if !found {
		return "", false
	}
	identifier, rest, closed := strings.Cut(after, "$")
	p, ok := rep.piece(identifier)
	if !closed || !ok {
		t.known = false
		t.add(piece{text: text[len(before):]})
		return "", false
	}
	t.add(p)
	return rest, true
}

func (t *template) add(p piece) {
	if p.text != "" || p.what != nothing {
		t.pieces = append(t.pieces, p)
		t.static += int64(len(p.text))
	}
}

// mark returns ref, of which nobody can tell the file if the template is not known.
func (t *template) mark(ref Reference) Reference {
	ref.Unresolved = !t.known
	return ref
}

// piece returns what an identifier of a template stands for.
func (r *representation) piece(identifier string) (p piece, ok bool) {
	name, tag, formatted := strings.Cut(identifier, "%")
	switch name {
	case "":
		return piece{text: "$"}, !formatted
	case "RepresentationID":
		return piece{text: r.ID}, !formatted
	case "Number":
		p.what = byNumber
	case "Time":
		p.what = byTime
	case "Bandwidth":
		p.text = r.Bandwidth
	default:
		return piece{}, false
	}
	if !formatted {
		return p, true
	}
	const widest, longestTag = 64, len("00064d")
	digits, decimal := strings.CutSuffix(tag, "d")
	if !decimal || len(tag) > longestTag {
		return piece{}, false
	}
	width, err := strconv.ParseUint(digits, 10, 8)
	if err != nil || width > widest || digits[0] != '0' {
		return piece{}, false
	}
	p.width = int(width)
	if p.what == nothing {
		p.text = strings.Repeat("0", max(0, p.width-len(p.text))) + p.text
	}
	return p, true
}

// append appends the template with the place's numbers.
func (t *template) append(to []byte, at *place) []byte {
	for i := range t.pieces {
		p := &t.pieces[i]
		if p.what == nothing {
			to = append(to, p.text...)
			continue
		}
		n := at.number
		if p.what == byTime {
			n = at.time
		}
		for range p.width - digits(n) {
			to = append(to, '0')
		}
		to = strconv.AppendUint(to, n, 10)
	}
	return to
}

// size returns how many bytes the template has with the numbers of n places from at on, each d after the one before. The
// last of them is no later than 2^64.
func (t *template) size(at *place, n int64, d uint64) int64 {
	bytes := n * t.static
	for i := range t.pieces {
		switch p := &t.pieces[i]; p.what {
		case byNumber:
			bytes += sumDigits(at.number, 1, n, p.width)
		case byTime:
			bytes += sumDigits(at.time, d, n, p.width)
		}
	}
	return bytes
}

// sumDigits returns how many digits n numbers from first on have together, each step after the one before and written with
// width digits at least.
func sumDigits(first, step uint64, n int64, width int) int64 {
	sum := int64(0)
	for n > 0 {
		have, same := digits(first), n // so many of them have as many
		if beyond := powerOfTen(have); step > 0 && beyond > first {
			same = int64(min(uint64(n), (beyond-first-1)/step+1)) //nolint:gosec // n is not negative
		}
		sum += same * int64(max(width, have))
		n -= same
		first += uint64(same) * step //nolint:gosec // it is not negative
	}
	return sum
}

// digits returns how many a number has.
func digits(n uint64) int {
	have := 1
	for ; n >= 10; n /= 10 {
		have++
	}
	return have
}

// powerOfTen returns 10^exponent, 0 if it is beyond 2^64.
func powerOfTen(exponent int) uint64 {
	const largest = 19
	if exponent > largest {
		return 0
	}
	power := uint64(1)
	for range exponent {
		power *= 10
	}
	return power
}
