package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/uploader/spool"
)

// reader reads texts of settings into values and collects what is wrong with them.
type reader struct {
	sources sources
	file    file
	// entry are the texts of the channel that is read; nil outside the list of channels.
	entry map[string]raw
	// profile are the settings that the shared files of the AWS tools have for it. They yield to all but defaults.
	profile map[string]raw
	rows    map[string]setting
	// unread says that nothing is known of what the configuration file says, so that nothing can be missing.
	unread     bool
	problems   []error
	deprecated []deprecation
}

// deprecation is where a setting stands that has a successor, and how that is written.
type deprecation struct{ origin, instead string }

// newReader returns a reader of the sources, the configuration file included.
func newReader(s sources) *reader {
	r := &reader{sources: s, rows: map[string]setting{}}
	for _, row := range settings() {
		r.rows[row.name] = row
	}
	if path := r.text(nameConfig); path != "" {
		r.file, r.problems = readFile(path, s.env)
		r.unread = len(r.problems) > 0 && r.file.values == nil
	}
	return r
}

// problem notes what is wrong, once: what is the default of several channels is read several times.
func (r *reader) problem(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if !slices.ContainsFunc(r.problems, func(p error) bool { return p.Error() == err.Error() }) {
		r.problems = append(r.problems, err)
	}
}

// find returns the text from the first source that has it. What a channel says of itself is nearer than what a
// flag or a variable says of all.
func (r *reader) find(name string) raw {
	if found, ok := r.entry[name]; ok {
		return found
	}
	found := r.sources.find(r.rows[name], r.file.values)
	if told, ok := r.profile[name]; ok && r.rows[name].yields(found) {
		return told
	}
	return found
}

// text returns the setting's text, empty if no source has it.
func (r *reader) text(name string) string {
	found := r.find(name)
	if len(found.values) == 0 {
		return ""
	}
	return strings.TrimSpace(found.values[len(found.values)-1])
}

func (r *reader) duration(name string) time.Duration {
	value, origin := r.text(name), r.find(name).origin
	d, err := time.ParseDuration(value)
	switch {
	case err != nil:
		r.problem("%s: %q is no time: write a number and a unit, such as 500ms, 2s or 1m", origin, shown(value))
		return -1
	case d < 0:
		r.problem("%s: %s is negative", origin, value)
		return -1
	}
	return d
}

// positive refuses a duration of 0; one below has been refused already.
func (r *reader) positive(name string, d time.Duration) {
	if d == 0 {
		r.problem("%s: must be more than 0", r.find(name).origin)
	}
}

// automatic reads a time that is more than 0, or "auto", which is 0.
func (r *reader) automatic(name string) time.Duration {
	if r.text(name) == "auto" {
		return 0
	}
	d := r.duration(name)
	r.positive(name, d)
	return d
}

func (r *reader) count(name string) int {
	value, origin := r.text(name), r.find(name).origin
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 1024 {
		r.problem("%s: %q is no number from 1 to 1024", origin, shown(value))
		return 1
	}
	return n
}

// size reads a number of bytes; "auto" is 0.
func (r *reader) size(name string) int64 {
	value, origin := r.text(name), r.find(name).origin
	if value == "auto" {
		return 0
	}
	n, err := humanize.ParseBytes(value)
	if err != nil || n == 0 || n > math.MaxInt64 {
		r.problem("%s: %q is no size: write a number and a unit, such as 500MiB or 20GiB, or auto", origin, shown(value))
		return 1
	}
	return int64(n)
}

// rate reads megabits a second into bytes a second; "off" is 0. There is one notation, as Mb and MB are mistaken for
// one another.
func (r *reader) rate(name string) int64 {
	value, origin := r.text(name), r.find(name).origin
	if value == "off" {
		return 0
	}
	number, ok := strings.CutSuffix(value, "Mbit/s")
	number = strings.TrimSpace(number)
	n, err := strconv.ParseFloat(number, 64)
	switch {
	case !ok || err != nil || strings.Trim(number, "0123456789.") != "":
		r.problem("%s: %q is no rate: write megabits a second, such as 20Mbit/s or 2.5Mbit/s, or off", origin, shown(value))
	case n < 0.1 || n > 100_000:
		r.problem("%s: %s is not from 0.1Mbit/s to 100000Mbit/s", origin, shown(value))
	default:
		return int64(n * 1e6 / 8)
	}
	return 0
}

// spool reads what keeps the files of the watched directory dir.
func (r *reader) spool(dir string) spoolConfig {
	c := spoolConfig{budget: r.size(nameSpoolBudget), age: r.duration(nameSpoolAge)}
	switch folder := r.text(nameSpoolDir); {
	case folder == "off":
		c.off = true
	case folder == spool.DefaultFolder || folder == "":
	default:
		var err error
		if c.dir, err = spool.Path(dir, folder); err != nil {
			r.problem("%s: %w", r.find(nameSpoolDir).origin, err)
		}
	}
	return c
}

func (r *reader) truth(name string) bool {
	value, origin := r.text(name), r.find(name).origin
	b, err := strconv.ParseBool(value)
	if err != nil {
		r.problem("%s: %q is neither true nor false", origin, shown(value))
	}
	return b
}

func (r *reader) choice(name string) string {
	value, origin, row := r.text(name), r.find(name).origin, r.rows[name]
	if !slices.Contains(row.choices, value) {
		r.problem("%s: %q is none of %s%s", origin, shown(value), strings.Join(row.choices, ", "), didYouMean(value, row.choices))
	}
	return value
}

func (r *reader) globs(name string) []string {
	found := r.find(name)
	for _, g := range found.values {
		if err := checkGlob(g); err != nil {
			r.problem("%s: %w", found.origin, err)
		}
	}
	return found.values
}

func (r *reader) pairs(name string) map[string]string {
	found, row := r.find(name), r.rows[name]
	all := map[string]string{}
	for _, one := range found.values {
		key, value, ok := strings.Cut(one, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case !ok:
			r.problem("%s: %q is not of the form KIND=VALUE", found.origin, shown(one))
		case !slices.Contains(row.choices, key):
			r.problem("%s: %q is none of %s%s", found.origin, shown(key), strings.Join(row.choices, ", "), didYouMean(key, row.choices))
		case value == "" || !isHeaderValue(value):
			r.problem("%s: the value of %s is no header value", found.origin, key)
		case all[key] != "":
			r.problem("%s: %s is set twice", found.origin, key)
		default:
			all[key] = value
		}
	}
	return all
}

// isHeaderValue says whether s is printable ASCII, which every store takes and signs alike.
func isHeaderValue(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' })
}

// credentials reads where the keys are, none of which is a setting itself.
func (r *reader) credentials() s3.Credentials {
	c := s3.Credentials{
		AccessKeyFile: r.text(nameAccessKey), SecretKeyFile: r.text(nameSecretKey),
		File: r.text(nameCredentials), Profile: r.text(nameProfile), RoleARN: r.text(nameRoleARN), ExternalID: r.text(nameExternalID),
	}
	if c.ExternalID != "" && c.RoleARN == "" {
		r.problem("%s: %s is missing, which goes with it", r.find(nameExternalID).origin, r.rows[nameRoleARN].key())
	}
	// What a channel says of its keys replaces what all say.
	says := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { _, ok := r.entry[n]; return ok })
	}
	pair, shared := says(nameAccessKey, nameSecretKey), says(nameCredentials, nameProfile)
	if pair && !shared {
		c.File, c.Profile = "", ""
	}
	if shared && !pair {
		c.AccessKeyFile, c.SecretKeyFile = "", ""
	}
	switch access, secret := r.find(nameAccessKey).origin, r.find(nameSecretKey).origin; {
	case c.AccessKeyFile != "" && c.SecretKeyFile == "":
		r.problem("%s: %s is missing, which goes with it", access, r.rows[nameSecretKey].key())
	case c.SecretKeyFile != "" && c.AccessKeyFile == "":
		r.problem("%s: %s is missing, which goes with it", secret, r.rows[nameAccessKey].key())
	case c.AccessKeyFile != "" && (c.File != "" || c.Profile != ""):
		r.problem("%s: the keys are either in two files or in a shared credentials file", access)
	}
	return c
}
