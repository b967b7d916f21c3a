package plan

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/hlsship/hlsship/hls"
)

// maxURLs and maxURL bound what is kept of the URLs in a version of a playlist: so many of the last, of so many bytes at most.
const (
	maxURLs = 3
	maxURL  = 2 << 10
)

// Misnaming is a playlist that seems to name files of its directory by URLs which do not mean them, or by names that not all
// players read alike.
type Misnaming struct {
	// Playlist is the playlist's path, URI an example of what it names, and Path the file that this seems to mean.
	Playlist, URI, Path string
	// Reason is "url" (of the web, or a path from its root), "scheme" (a name with a colon, which reads as a URL), "machine" (a
	// place on the packager's machine) or "backslash" (a slash to browsers, and to hlsship, and none to others).
	Reason string
	// Public is the URL of the directory, if the file's whole path ends that of a URL of the web; else empty.
	Public string
}

// NewMisnaming says how uri may have been meant for the file at path.
func NewMisnaming(playlist, uri, path string) Misnaming {
	m := Misnaming{Playlist: playlist, URI: uri, Path: path, Reason: "machine"}
	scheme, behind, found := strings.Cut(uri, "://")
	switch web := found && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")); {
	case web && isLocal(behind):
	case web || strings.HasPrefix(uri, "/"):
		m.Reason = "url"
		whole, _, _ := strings.Cut(uri, "?")
		if public, ok := strings.CutSuffix(whole, "/"+path); ok && web {
			m.Public = public + "/"
		}
	case strings.HasSuffix(path, uri):
		m.Reason = "scheme"
	}
	return m
}

// isLocal reports whether what stands behind the slashes of a URL begins with the packager's own machine.
func isLocal(behind string) bool {
	host, _, _ := strings.Cut(behind, "/")
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	address, err := netip.ParseAddr(name)
	return strings.EqualFold(name, "localhost") || err == nil && (address.IsLoopback() || address.IsUnspecified())
}

// Cure says what to do about it.
func (m Misnaming) Cure() string {
	switch {
	case m.Public != "":
		return "if these are the directory's files, set --public-url " + m.Public + ", or have the packager write relative names (ffmpeg: no -hls_base_url)"
	case m.Reason == "url":
		return "if these are the directory's files, have the packager write relative names (ffmpeg: no -hls_base_url), or set --public-url to the URL of the directory"
	case m.Reason == "scheme":
		return "what comes before a colon reads as a URL's scheme, as in https: have the packager write names without colons, or ./ before them"
	case m.Reason == "backslash":
		return "browsers read a backslash as a slash, and so does hlsship; other players do not: have the packager write slashes"
	}
	return "this is a place on the packager's own machine, which no player can open: have the packager write relative names"
}

// Misnamed returns the playlists that seem to name files by URLs which do not mean them, each once.
func (p *Plan) Misnamed() []Misnaming {
	var all []Misnaming
	for _, l := range p.lists {
		if l.misnamed || l.last == nil {
			continue
		}
		for _, uri := range l.last.urls {
			if m, ok := p.misread(l.last, uri); ok {
				l.misnamed = true
				all = append(all, m)
				break
			}
		}
	}
	slices.SortFunc(all, func(a, b Misnaming) int { return strings.Compare(a.Playlist, b.Playlist) })
	return all
}

// misread says which file of the directory a URI of s seems to mean. A file that s names by its own name as well is none: then
// the URL is that of a second origin.
func (p *Plan) misread(s *snapshot, uri string) (m Misnaming, ok bool) {
	if path, target := p.cfg.Site.Resolve(s.list.path, uri); target == hls.Local {
		return Misnaming{Playlist: s.list.path, URI: uri, Path: path, Reason: "backslash"}, true
	}
	for _, path := range hls.Guesses(s.list.path, uri) {
		if p.has(path) && !s.refersTo(path) {
			return NewMisnaming(s.list.path, uri, path), true
		}
	}
	return m, false
}

// refersTo reports whether s names the file of that path.
func (s *snapshot) refersTo(path string) bool {
	return path == s.list.path || slices.ContainsFunc(s.binds, func(b bind) bool { return b.obj.path == path }) ||
		slices.ContainsFunc(s.lists, func(l *list) bool { return l.path == path })
}

// has reports whether the directory has a finished file of that path.
func (p *Plan) has(path string) bool {
	if l := p.lists[path]; l != nil && !l.gone() && l.last != nil {
		return true
	}
	o := p.objects[path]
	return o != nil && !o.disk.Gone() && o.disk.Newest() != nil
}

// there calls yield with the path of each finished file of the directory.
func (p *Plan) there(yield func(string) bool) {
	for path := range p.objects {
		if p.has(path) && !yield(path) {
			return
		}
	}
	for path := range p.lists {
		if p.has(path) && !yield(path) {
			return
		}
	}
}

// Near returns what the directory has in place of what each of the waits is for; the zero Nearby where that is nothing, or no
// name. It looks at every file of the directory once, and is asked when the log is about to be told.
func (p *Plan) Near(waits []Wait) []Nearby {
	all := make([]Nearby, len(waits))
	var missing []string
	sought := make([]string, len(waits))
	for i, w := range waits {
		switch w.Reason {
		case "missing":
			sought[i] = w.Name
		case "outside":
			guesses := hls.Guesses(w.Playlist, w.Name)
			if len(guesses) == 0 {
				continue
			}
			sought[i] = guesses[0]
			if g := slices.IndexFunc(guesses, p.has); g >= 0 {
				all[i] = Nearby{guesses[g], "folder"}
				if strings.Contains(w.Name, "//") || strings.Contains(strings.ToLower(w.Name), "%2f") {
					all[i].Reason = "slashes"
				}
				continue
			}
		default:
			continue
		}
		missing = append(missing, sought[i])
	}
	if len(missing) == 0 {
		return all
	}
	found := Nearest(missing, p.there)
	for i := range all {
		n := found[sought[i]]
		if o := p.objects[n.Path]; n.Reason == "folder" && o != nil && o.disk.Newest().Wanted() {
			continue // it is of another playlist, such as of another rendition, whose segments often have the same names
		}
		if all[i] == (Nearby{}) {
			all[i] = n
		}
	}
	return all
}
