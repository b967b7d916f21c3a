package hls

import (
	"path"
	"strconv"
	"strings"
)

// number stands for a number in a pattern, and any for a name that has none.
const number, anyName = "\x00", "\x01"

const decimals = "0123456789"

// Pattern returns a name with a mark in place of each number: that of the segments of one sequence is the same. Names without
// a number may all be of one sequence.
func Pattern(name string) string {
	folder, base := path.Split(name)
	ext := path.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	var b strings.Builder
	digit := false
	for _, c := range stem {
		was := digit
		if digit = c >= '0' && c <= '9'; !digit {
			b.WriteRune(c)
		} else if !was {
			b.WriteString(number)
		}
	}
	if stem = b.String(); !strings.Contains(stem, number) {
		stem = anyName
	}
	return folder + stem + ext
}

// Numbered takes a name apart at its last number before the extension. number is empty if it has none.
func Numbered(name string) (prefix, suffix, number string) {
	folder, base := path.Split(name)
	ext := path.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	end := strings.LastIndexAny(stem, decimals) + 1
	begin := strings.LastIndexFunc(stem[:end], func(r rune) bool { return !strings.ContainsRune(decimals, r) }) + 1
	return folder + stem[:begin], stem[end:] + ext, stem[begin:end]
}

// Renumbered returns a name that has a number with another one in its place, with as many leading zeros.
func Renumbered(name string, n uint64) string {
	prefix, suffix, digits := Numbered(name)
	text := strconv.FormatUint(n, 10)
	if strings.HasPrefix(digits, "0") {
		text = strings.Repeat("0", max(0, len(digits)-len(text))) + text
	}
	return prefix + text + suffix
}

// Serial returns the sequence to which a name belongs, and its number in it. ok is false if it has none.
func Serial(name string) (sequence string, n uint64, ok bool) {
	prefix, suffix, text := Numbered(name)
	n, err := strconv.ParseUint(text, 10, 63)
	return prefix + number + suffix, n, err == nil
}
