package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/hlsship/hlsship/uploader/spool"
)

// unshared refuses what stands outside the list of channels and can be the default of none.
func (r *reader) unshared() {
	for _, row := range settings() {
		if found := r.find(row.name); row.unshared() && len(found.values) > 0 {
			r.problem("%s: the file has a list of channels, each of which needs its own %s", found.origin, row.key())
		}
	}
}

// contradictions refuses channels that get in each other's way. origins says where each stands.
func (r *reader) contradictions(channels []channel, origins []string, started time.Time) {
	for i, c := range channels {
		for j, d := range channels[:i] {
			if c.name == d.name && c.name != "" {
				r.problem("%s: a second channel with the name %q; the first is at %s", origins[i], shown(c.name), origins[j])
			}
			for _, why := range c.collides(d, started) {
				r.problem("%s: %s; that is at %s", origins[i], why, origins[j])
			}
		}
	}
}

// collides says why the two channels cannot run at the same time.
func (c channel) collides(d channel, started time.Time) []string {
	var why []string
	if c.dir != "" && d.dir != "" {
		switch one, other := realPath(c.dir), realPath(d.dir); {
		case one == other:
			why = append(why, "the directory is that of another channel")
		case within(one, other) && !d.leaves(other, one), within(other, one) && !c.leaves(one, other):
			why = append(why, "the directory and that of another channel lie in one another, and the outer one does not exclude the inner one")
		case c.spoolFolder() != "" && c.spoolFolder() == d.spoolFolder():
			why = append(why, "the spool folder is that of another channel")
		}
	}
	if c.store.bucket != "" && c.store.server() == d.store.server() {
		one, other := c.store.at(started), d.store.at(started)
		if strings.HasPrefix(one.keyPrefix(), other.keyPrefix()) || strings.HasPrefix(other.keyPrefix(), one.keyPrefix()) {
			why = append(why, fmt.Sprintf("the destination %s overlaps with that of another channel", one.destination()))
		}
	}
	return why
}

// leaves says whether the channel, whose directory is outer, excludes all of the directory inner.
func (c channel) leaves(outer, inner string) bool {
	excluded := matcher(c.exclude)
	below, err := filepath.Rel(outer, inner)
	if err != nil || excluded == nil {
		return false
	}
	below = filepath.ToSlash(below)
	return excluded(below+"/any") && excluded(below+"/any/other")
}

// spoolFolder is the whole path of the spool folder, empty if there is none.
func (c channel) spoolFolder() string {
	switch {
	case c.spool.off:
		return ""
	case c.spool.dir != "":
		return realPath(c.spool.dir)
	}
	return filepath.Join(realPath(c.dir), spool.DefaultFolder)
}

// server names the bucket all over the world.
func (c storeConfig) server() string {
	endpoint := strings.ToLower(strings.TrimRight(c.endpoint, "/"))
	if endpoint != "" && !strings.Contains(endpoint, "://") {
		endpoint = "https://" + endpoint
	}
	return endpoint + " " + c.bucket
}

// realPath returns the path without links, as far as it exists.
func realPath(path string) string {
	whole, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(whole); err == nil {
		return real
	}
	if parent := filepath.Dir(whole); parent != whole {
		return filepath.Join(realPath(parent), filepath.Base(whole))
	}
	return whole
}

// within says whether inner lies below outer.
func within(inner, outer string) bool {
	below, err := filepath.Rel(outer, inner)
	return err == nil && below != "." && below != ".." && !strings.HasPrefix(below, ".."+string(filepath.Separator))
}
