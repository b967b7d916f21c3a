package main

import (
	"slices"
	"strings"

	"github.com/hlsship/hlsship/uploader/headers"
	"github.com/hlsship/hlsship/uploader/s3"
)

// addressing reads where requests name the bucket, which an older setting can say as well.
func (r *reader) addressing() s3.Addressing {
	where, old := s3.Addressing(r.choice(nameAddressing)), r.find(namePathStyle).origin
	if !r.truth(namePathStyle) {
		return where
	}
	told := r.find(nameAddressing)
	if where != s3.AddressingPath && told.origin != defaultOf(nameAddressing) {
		r.problem("%s contradicts %s, which takes its place: leave it out", old, told.origin)
	}
	d := deprecation{old, "--" + nameAddressing + " path, or " + r.rows[nameAddressing].key() + ": path"}
	if !slices.Contains(r.deprecated, d) {
		r.deprecated = append(r.deprecated, d)
	}
	return s3.AddressingPath
}

// reachable refuses what the store would at its start, before anything is asked, such as a place that no request can reach.
func (r *reader) reachable(c channel) {
	if len(r.problems) > 0 || c.store.bucket == "" {
		return // which may be why
	}
	if _, err := c.bucket("").URL(); err != nil {
		r.problem("%s%w", r.where(), err)
	}
}

// tls reads what both sides show one another. What is in the files is looked at when the store is opened.
func (r *reader) tls() s3.TLS {
	t := s3.TLS{CAFile: r.text(nameCAFile), CertFile: r.text(nameClientCert), KeyFile: r.text(nameClientKey)}
	switch {
	case t.CertFile != "" && t.KeyFile == "":
		r.problem("%s: %s is missing, which goes with it", r.find(nameClientCert).origin, r.rows[nameClientKey].key())
	case t.KeyFile != "" && t.CertFile == "":
		r.problem("%s: %s is missing, which goes with it", r.find(nameClientKey).origin, r.rows[nameClientCert].key())
	}
	return t
}

// headers reads what is sent with objects beside what they have, by kind and name. payer is true if every request says that its
// sender pays for it.
func (r *reader) headers() (all map[string]map[string]string, payer bool) {
	found := r.find(nameHeader)
	for _, one := range found.values {
		place, value, ok := strings.Cut(one, "=")
		kind, name, split := strings.Cut(place, ":")
		if !split {
			kind, name = "", place
		}
		kind, name, value = strings.TrimSpace(kind), strings.TrimSpace(name), strings.TrimSpace(value)
		canonical, err := s3.CheckHeader(name, value)
		switch {
		case !ok:
			r.problem("%s: %q is not of the form NAME=VALUE or KIND:NAME=VALUE", found.origin, shown(one))
		case split && !slices.Contains(headers.Kinds(), kind):
			r.problem("%s: %q is none of %s%s", found.origin, shown(kind), strings.Join(headers.Kinds(), ", "), didYouMean(kind, headers.Kinds()))
		case err != nil:
			r.problem("%s: %w", found.origin, err)
		case canonical == s3.PayerHeader && split:
			r.problem("%s: %s is for all requests, not for a kind of file", found.origin, name)
		case canonical == s3.PayerHeader:
			payer = true
		case all[kind][canonical] != "":
			r.problem("%s: %s is set twice", found.origin, place)
		default:
			if all == nil {
				all = map[string]map[string]string{}
			}
			if all[kind] == nil {
				all[kind] = map[string]string{}
			}
			all[kind][canonical] = value
		}
	}
	return all, payer
}
