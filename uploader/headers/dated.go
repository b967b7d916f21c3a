package headers

import (
	"strconv"
	"strings"
	"time"
)

const digits = "0123456789"

// dated reports whether a name says when it was made, so that it does not come back with other bytes: a number in it is about
// modTime in seconds, milliseconds or less since the Unix epoch, as with -hls_start_number_source epoch, or its digits are a date
// with the time of day. modTime is that of the file, in nanoseconds.
func dated(name string, modTime int64) bool {
	for rest := name; ; {
		begin := strings.IndexAny(rest, digits)
		if begin < 0 {
			return false
		}
		rest = rest[begin:]
		number := rest[:len(rest)-len(strings.TrimLeft(rest, digits))]
		if isEpoch(number, modTime) || isDate(rest, modTime) {
			return true
		}
		rest = rest[len(number):]
	}
}

// about reports whether a name that says at may be that of a file of modTime: a run may have begun weeks before, and a date may be
// that of another time zone.
func about(at time.Time, modTime int64) bool {
	age := time.Unix(0, modTime).Sub(at)
	return age > -24*time.Hour && age < 31*24*time.Hour
}

// isEpoch reports whether number counts from the Unix epoch to about modTime.
func isEpoch(number string, modTime int64) bool {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return false
	}
	for _, unit := range []time.Duration{time.Second, time.Millisecond, time.Microsecond, time.Nanosecond} {
		if len(number) == len(strconv.FormatInt(modTime/int64(unit), 10)) {
			return about(time.Unix(0, n*int64(unit)), modTime)
		}
	}
	return false
}

// isDate reports whether text begins with year, month, day, hour, minute and second, with single signs between them or not.
func isDate(text string, modTime int64) bool {
	const layout = "20060102150405"
	var all strings.Builder
	sign := false
	for i := 0; i < len(text) && all.Len() < len(layout); i++ {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			all.WriteByte(c)
			sign = false
		case sign || c == '/':
			return false
		default:
			sign = true
		}
	}
	at, err := time.Parse(layout, all.String())
	return err == nil && about(at, modTime)
}
