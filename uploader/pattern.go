package uploader

import (
	"path"
	"strings"
)

// number stands for a number in a pattern, and any for a name that has none.
const number, anyName = "\x00", "\x01"

// pattern returns a name with a mark in place of each number: that of the segments of one sequence is the same. Names without
// a number may all be of one sequence.
func pattern(name string) string {
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
