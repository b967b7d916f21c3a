package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"github.com/hlsship/hlsship/uploader/spool"
)

// config is all settings of run, understood and checked. It holds no secret.
type config struct {
	dir   string
	store storeConfig
	flow  flowConfig
	spool spoolConfig
	// settle and rescan are the watcher's; include and exclude are checked globs.
	settle, rescan   time.Duration
	include, exclude []string
	// httpListen is empty for no server.
	httpListen string
	logLevel   slog.Level
	logJSON    bool
}

// storeConfig is where files go and how.
type storeConfig struct {
	// bucket is not empty; prefix neither begins nor ends with a slash.
	bucket, prefix string
	// endpoint is empty for Amazon S3.
	endpoint, region string
	pathStyle        bool
	conditional      bool
	checksum         string
	// cacheControl is by kind of file.
	cacheControl map[string]string
}

// keyPrefix is what every key begins with, its slash included.
func (c storeConfig) keyPrefix() string {
	if c.prefix == "" {
		return ""
	}
	return c.prefix + "/"
}

// flowConfig is when files go.
type flowConfig struct {
	workers int
	// uplinkLimit is in bytes a second, 0 for none.
	uplinkLimit int64

	minInterval, maxLag, holdWarn, drainTimeout time.Duration
}

// spoolConfig is what keeps files until they are stored.
type spoolConfig struct {
	// off means open files only. dir is empty for the default below the watched directory.
	off bool
	dir string
	// budget is in bytes; age is 0 for ever.
	budget int64
	age    time.Duration
}

// destination is how the place is called in logs.
func (c storeConfig) destination() string {
	if c.prefix == "" {
		return "s3://" + c.bucket
	}
	return "s3://" + c.bucket + "/" + c.prefix
}

// reader reads texts of settings into values and collects what is wrong with them.
type reader struct {
	sources  sources
	file     map[string]raw
	rows     map[string]setting
	problems []error
}

// newReader returns a reader of the sources, the configuration file included.
func newReader(s sources) *reader {
	r := &reader{sources: s, rows: map[string]setting{}}
	for _, row := range settings() {
		r.rows[row.name] = row
	}
	if path := r.text(nameConfig); path != "" {
		r.file, r.problems = readFile(path)
	}
	return r
}

// load makes a config of the sources. The error lists every problem on a line of its own, each with
// the flag, the variable or the line of the file that it is about.
func load(s sources) (config, error) {
	r := newReader(s)
	for _, extra := range s.extra {
		r.problem("argument %q is one too many: run takes DIR and s3://BUCKET[/PREFIX]", shown(extra))
	}
	r.problems = append(r.problems, s.misspelled()...)

	c := config{
		dir: r.directory(), settle: r.duration(nameSettle), rescan: r.duration(nameRescan),
		include: r.globs(nameInclude), exclude: r.globs(nameExclude),
		httpListen: r.address(nameHTTPListen), logJSON: r.choice(nameLogFormat) == "json",
		store: storeConfig{
			endpoint: r.endpoint(), region: r.text(nameRegion), pathStyle: r.truth(namePathStyle),
			conditional: r.choice(nameConditional) == "auto", checksum: r.choice(nameChecksum),
			cacheControl: r.pairs(nameCacheControl),
		},
		flow: flowConfig{
			workers: r.count(nameWorkers), uplinkLimit: r.rate(nameUplinkLimit), minInterval: r.duration(nameMinInterval), maxLag: r.duration(nameMaxLag),
			holdWarn: r.duration(nameHoldWarn), drainTimeout: r.duration(nameDrainTimeout),
		},
	}
	c.spool = r.spool(c.dir)
	c.store.bucket, c.store.prefix = r.destination()
	if err := c.logLevel.UnmarshalText([]byte(r.choice(nameLogLevel))); err != nil {
		c.logLevel = slog.LevelInfo
	}
	r.positive(nameSettle, c.settle)
	r.positive(nameRescan, c.rescan)
	r.positive(nameMaxLag, c.flow.maxLag)
	r.positive(nameHoldWarn, c.flow.holdWarn)
	r.positive(nameDrainTimeout, c.flow.drainTimeout)
	return c, errors.Join(r.problems...)
}

func (r *reader) problem(format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf(format, args...))
}

func (r *reader) find(name string) raw { return r.sources.find(r.rows[name], r.file) }

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

func (r *reader) count(name string) int {
	value, origin := r.text(name), r.find(name).origin
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 1024 {
		r.problem("%s: %q is no number from 1 to 1024", origin, shown(value))
		return 1
	}
	return n
}

// size reads a number of bytes.
func (r *reader) size(name string) int64 {
	value, origin := r.text(name), r.find(name).origin
	n, err := humanize.ParseBytes(value)
	if err != nil || n == 0 || n > math.MaxInt64 {
		r.problem("%s: %q is no size: write a number and a unit, such as 500MiB or 20GiB", origin, shown(value))
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
	case filepath.IsAbs(folder):
		c.dir = folder
	default:
		c.dir = filepath.Join(dir, folder)
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

// directory returns the watched directory. It may appear later, but must not be a file.
func (r *reader) directory() string {
	dir, origin := r.text(nameDir), r.find(nameDir).origin
	if dir == "" {
		r.problem("DIR is missing: name the directory that the packager writes to")
		return ""
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		r.problem("%s: %s is no directory", origin, dir)
	}
	return dir
}

// destination splits s3://BUCKET[/PREFIX]. Problems do not repeat the text: who writes a password into
// a URL does not want it in a log as well.
func (r *reader) destination() (bucket, prefix string) {
	value, origin := r.text(nameDestination), r.find(nameDestination).origin
	if value == "" {
		r.problem("the destination is missing: name it as s3://BUCKET or s3://BUCKET/PREFIX")
		return "", ""
	}
	place, ok := strings.CutPrefix(value, "s3://")
	bucket, prefix, _ = strings.Cut(place, "/")
	prefix = strings.TrimSuffix(prefix, "/")
	switch {
	case !ok:
		r.problem("%s: the destination must begin with s3://", origin)
	case strings.Contains(bucket, "@"):
		r.problem("%s: no credentials in the destination: use AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", origin)
	case !isBucket(bucket):
		r.problem("%s: %q can be no bucket: 3 to 63 letters, digits, dots, hyphens and underscores", origin, shown(bucket))
	case prefix != "" && !isPrefix(prefix):
		r.problem("%s: the prefix must be UTF-8 without empty, \".\" or \"..\" parts, control characters, \"?\" and \"#\"", origin)
	}
	return bucket, prefix
}

func isBucket(s string) bool {
	return len(s) >= 3 && len(s) <= 63 && !strings.ContainsFunc(s, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune(".-_", c))
	})
}

// isPrefix says whether keys below s survive every client and proxy between the store and a player.
func isPrefix(s string) bool {
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool {
		return c < ' ' || c == 0x7f || c == '?' || c == '#'
	})
}

// endpoint checks the store's URL; problems do not repeat it, as it may hold a password.
func (r *reader) endpoint() string {
	value, origin := r.text(nameEndpoint), r.find(nameEndpoint).origin
	if value == "" {
		return ""
	}
	whole := value
	if !strings.Contains(whole, "://") {
		whole = "https://" + whole
	}
	u, err := url.Parse(whole)
	switch {
	case err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https"):
		r.problem("%s: the endpoint is no URL: write https://HOST or http://HOST:PORT", origin)
	case u.User != nil:
		r.problem("%s: no credentials in the endpoint: use AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", origin)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		r.problem("%s: the endpoint must be without a path: the bucket belongs into the destination", origin)
	}
	return value
}

// address checks HOST:PORT; "off" is none.
func (r *reader) address(name string) string {
	value, origin := r.text(name), r.find(name).origin
	if value == "off" {
		return ""
	}
	_, port, err := net.SplitHostPort(value)
	if n, bad := strconv.Atoi(port); err != nil || bad != nil || n < 0 || n > 65535 {
		r.problem("%s: %q is no address: write HOST:PORT, or off", origin, shown(value))
	}
	return value
}

// shown shortens a wrong value for a message, and hides what looks like a URL with credentials.
func shown(value string) string {
	const most = 60
	if strings.Contains(value, "@") {
		return "…"
	}
	if len(value) > most {
		return strings.ToValidUTF8(value[:most], "") + "…"
	}
	return value
}
