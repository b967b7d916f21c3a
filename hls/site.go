package hls

import (
	"errors"
	"strings"
)

// Site says where players find the files of a directory, so that Resolve knows which URLs and paths from the origin's root
// mean them. The zero Site is that of a directory which is the origin's root, at an address that nobody told. It is a
// small value, comparable and safe for concurrent use.
type Site struct {
	scheme, host string // of the origin, the host in lower case and with its port unless that is the scheme's; empty if not known
	base         string // path of the directory below the origin, decoded; it ends in a slash unless empty
}

// NewSite returns the Site of files that are stored under keys that begin with prefix, which ends in a slash or is empty. If
// public is not empty it is the URL of the directory, with or without a slash at its end, and prefix does not matter: a
// CDN may have other paths than the bucket. The error says what is wrong with public, without repeating it.
func NewSite(public, prefix string) (Site, error) {
	if public == "" {
		return Site{base: prefix}, nil
	}
	scheme, rest, ok := strings.Cut(public, "://")
	if !ok || !hasScheme(scheme+":") {
		return Site{}, errors.New("no URL: write https://HOST/PATH/")
	}
	if withoutQuery(public) != public {
		return Site{}, errors.New("a URL of files has neither query nor fragment")
	}
	authority, path, _ := strings.Cut(strings.TrimSuffix(rest, "/"), "/")
	if strings.Contains(authority, "@") {
		return Site{}, errors.New("no credentials in a URL that players know")
	}
	s := Site{scheme: strings.ToLower(scheme)}
	if s.host = strings.ToLower(hostOf(s.scheme, authority)); s.host == "" {
		return Site{}, errors.New("no host: write https://HOST/PATH/")
	}
	if path != "" {
		base, ok := appendPath(nil, path)
		if !ok {
			return Site{}, errors.New("the path has an empty part, or leads above its root")
		}
		s.base = string(base) + "/"
	}
	return s, nil
}

// pathOf returns what stands behind the slash of the origin in a URI with an authority. ours is false if it is another origin's.
// Schemes and hosts are compared as RFC 3986 §6.2 says; without a scheme the URI has that of the Site.
func (s Site) pathOf(uri string) (path string, ours bool) {
	i := strings.Index(uri, "//")
	if s.host == "" || i < 0 {
		return "", false
	}
	authority, path, _ := strings.Cut(uri[i+len("//"):], "/")
	if scheme, ok := strings.CutSuffix(uri[:i], ":"); ok && !strings.EqualFold(scheme, s.scheme) || !ok && i > 0 {
		return "", false
	}
	return path, strings.EqualFold(hostOf(s.scheme, authority), s.host)
}

// hostOf returns the host of an authority, with its port unless that is the scheme's own.
func hostOf(scheme, authority string) string {
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	if strings.IndexByte(host, '%') >= 0 {
		host = string(appendUnescaped(nil, host))
	}
	host = strings.TrimSuffix(host, ":")
	switch strings.ToLower(scheme) {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}
