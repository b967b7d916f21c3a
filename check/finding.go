package check

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// Level says how much a Finding matters.
type Level uint8

const (
	// OK is something that works.
	OK Level = iota
	// Note is worth knowing and no fault.
	Note
	// Warning is what costs latency, safety or money, though files are shipped.
	Warning
	// Error is what keeps files from being shipped or played.
	Error
)

// String returns "ok", "note", "warning" or "error".
func (l Level) String() string {
	switch l {
	case Note:
		return "note"
	case Warning:
		return "warning"
	case Error:
		return "error"
	}
	return "ok"
}

// MarshalText returns the word, for JSON.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Finding is one thing that was found out.
type Finding struct {
	// ID names it, such as "bucket-missing", and stays the same from version to version.
	ID string `json:"id"`
	// Level says how much it matters.
	Level Level `json:"level"`
	// Found says what is the case, in this set-up's own words.
	Found string `json:"found"`
	// Cure says what to do about it, as a sentence; empty if there is nothing to do.
	Cure string `json:"cure,omitempty"`
}

// findings collects what is found. It is safe for concurrent use.
type findings struct {
	mu  sync.Mutex
	all []Finding
}

// add is the one way in: names, errors and what a store says may hold what would move the cursor of a terminal, and nothing
// of it gets further.
func (f *findings) add(one Finding) {
	one.Found, one.Cure = Legible(one.Found), Legible(one.Cure)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, one)
}

func (f *findings) ok(id, format string, args ...any) {
	f.add(Finding{ID: id, Found: fmt.Sprintf(format, args...)})
}

func (f *findings) note(id, cure, format string, args ...any) {
	f.add(Finding{ID: id, Level: Note, Found: fmt.Sprintf(format, args...), Cure: cure})
}

func (f *findings) warn(id, cure, format string, args ...any) {
	f.add(Finding{ID: id, Level: Warning, Found: fmt.Sprintf(format, args...), Cure: cure})
}

func (f *findings) fail(id, cure, format string, args ...any) {
	f.add(Finding{ID: id, Level: Error, Found: fmt.Sprintf(format, args...), Cure: cure})
}

// forget drops what was found since there were n findings.
func (f *findings) forget(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = f.all[:n]
}

// count returns how many there are.
func (f *findings) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.all)
}

// taken returns what was found so far; what is added later changes nothing about it.
func (f *findings) taken() []Finding {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Finding(nil), f.all...)
}

// Legible writes what is not to be seen, as control characters, marks that turn the direction of text, and bytes that are
// no UTF-8, as Go does in a string. It is for what somebody else chose and a terminal is to show.
func Legible(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		c, size := utf8.DecodeRuneInString(s[i:])
		if one := s[i : i+size]; strconv.IsPrint(c) && (c != utf8.RuneError || size > 1) {
			b.WriteString(one)
		} else {
			b.WriteString(strings.Trim(strconv.Quote(one), `"`))
		}
		i += size
	}
	return b.String()
}

// short returns the start of a text that somebody else chose.
func short(s string) string {
	const limit = 200
	if len(s) <= limit {
		return s
	}
	end := limit
	for end > limit-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// sentence makes one of the spool's cures, which are parts of a log line.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}
