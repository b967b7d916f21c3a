package main

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/metrics"
)

// where begins a problem of a channel as a whole: with the line of the configuration file where it begins, or with the file.
func (r *reader) where() string {
	switch file := r.text(nameConfig); {
	case r.entry != nil:
		return r.entry[entryOrigin].origin + ": "
	case file != "":
		return file + ": "
	}
	return ""
}

// lacks notes that DIR or the destination is missing, under its key where there is a configuration file.
func (r *reader) lacks(name, argument, how string) {
	where := r.where()
	if where != "" {
		argument = r.rows[name].key()
	}
	r.problem("%s%s is missing: %s", where, argument, how)
}

// name returns the channel's name, empty if it has none of its own.
func (r *reader) name() string {
	name := r.text(nameName)
	if name != "" {
		r.checkName(name, r.find(nameName).origin)
	}
	return name
}

// checkName refuses what can be no part of a key, of a label or of a line in a log.
func (r *reader) checkName(name, origin string) {
	if len(name) > 100 || strings.ContainsAny(name, "/{}") || !isPrefix(name) {
		r.problem("%s: %q cannot be a name: at most 100 bytes of UTF-8 without control characters, \"/\", \"?\", \"#\", \"{\" and \"}\"", origin, shown(name))
	}
}

// lastPart returns the last part of a directory's path.
func lastPart(dir string) string {
	whole, err := filepath.Abs(dir)
	if err != nil {
		whole = dir
	}
	return filepath.Base(whole)
}

// directory returns the watched directory. It may appear later, but must not be a file.
func (r *reader) directory() string {
	dir, origin := r.text(nameDir), r.find(nameDir).origin
	if dir == "" && r.sources.dirless {
		return ""
	}
	if dir == "" {
		r.lacks(nameDir, "DIR", "name the directory that the packager writes to")
		return ""
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		r.problem("%s: %s is no directory", origin, dir)
	}
	return dir
}

// destination splits s3://BUCKET[/PREFIX] of the channel c and replaces the placeholders of the prefix but for
// those of a time. Problems do not repeat the text: who writes a password into a URL does not want it in a log as
// well.
func (r *reader) destination(c channel) (bucket, prefix string) {
	value, origin := r.text(nameDestination), r.find(nameDestination).origin
	if value == "" {
		r.lacks(nameDestination, "the destination", "name it as s3://BUCKET or s3://BUCKET/PREFIX")
		return "", ""
	}
	place, ok := strings.CutPrefix(value, "s3://")
	bucket, prefix, _ = strings.Cut(place, "/")
	prefix, err := r.template(c).replace(strings.TrimSuffix(prefix, "/"))
	switch {
	case !ok:
		r.problem("%s: the destination must begin with s3://", origin)
	case strings.Contains(bucket, "@"):
		r.problem("%s: no credentials in the destination: use AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", origin)
	case !isBucket(bucket):
		r.problem("%s: %q cannot be a bucket: 3 to 63 letters, digits, dots, hyphens and underscores", origin, shown(bucket))
	case err != nil:
		r.problem("%s: %w", origin, err)
	case prefix != "" && !isPrefix(atTime(prefix, r.sources.started)):
		r.problem("%s: the prefix must be UTF-8 without empty, \".\" or \"..\" parts, control characters, \"?\" and \"#\"", origin)
	}
	return bucket, prefix
}

// template returns what stands for the placeholders of the channel c.
func (r *reader) template(c channel) template {
	name := c.name
	if name == "" && c.dir != "" {
		name = lastPart(c.dir)
	}
	return template{host: r.sources.host, name: name}
}

// publicURL returns the URL of what is stored of the channel c, with nothing but placeholders of a time in it; empty if it is
// not set. Problems do not repeat it, as it may hold a password.
func (r *reader) publicURL(c channel) string {
	value, origin := r.text(namePublicURL), r.find(namePublicURL).origin
	public, err := r.template(c).replace(value)
	if err == nil {
		_, err = hls.NewSite(atTime(public, r.sources.started), "")
	}
	if err != nil {
		r.problem("%s: %w", origin, err)
	}
	return public
}

// isBucket says whether s can name a bucket.
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
	case u.RawQuery != "" || u.Fragment != "":
		r.problem("%s: the endpoint must be without a query or fragment", origin)
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

// webConfig checks the web configuration file, if there is one.
func (r *reader) webConfig() string {
	path, origin := r.text(nameWebConfig), r.find(nameWebConfig).origin
	if path == "" {
		return ""
	}
	if err := metrics.CheckWebConfig(path); err != nil {
		r.problem("%s: %w", origin, err)
	}
	return path
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
