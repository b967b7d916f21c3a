package hls

import "strings"

// NaturalLess reports whether a comes before b in natural order, the order of a packager's file
// names: runs of decimal digits compare as numbers of any length ("index9.ts" before "index10.ts"),
// everything else compares byte by byte. Names that differ in leading zeros only ("7.ts", "07.ts") are
// in plain string order, so that two different names are never equal. It is a strict total order.
func NaturalLess(a, b string) bool {
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		if isDigit(a[i]) && isDigit(b[j]) {
			m, n := digitsEnd(a, i), digitsEnd(b, j)
			if c := compareNumbers(a[i:m], b[j:n]); c != 0 {
				return c < 0
			}
			i, j = m, n
			continue
		}
		if a[i] != b[j] {
			return a[i] < b[j]
		}
		i++
		j++
	}
	if i < len(a) || j < len(b) {
		return j < len(b)
	}
	return a < b
}

// digitsEnd returns the end of the run of digits that begins at s[i].
func digitsEnd(s string, i int) int {
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

// compareNumbers compares two runs of digits by value, however many digits they have.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
