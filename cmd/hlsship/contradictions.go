package main

import (
	"fmt"
	"os"
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

// contradictions refuses channels that get in each other's way, and spools in their own. origins says where each stands.
func (r *reader) contradictions(channels []channel, origins []string, started time.Time) {
	for i, c := range channels {
		if where := c.buries(c.dir); where != "" {
			r.problem("%s: the watched directory %s: name a folder of its own", origins[i], where)
		}
		for j, d := range channels[:i] {
			if c.name == d.name && c.name != "" {
				r.problem("%s: a second channel with the name %q; the first is at %s", origins[i], shown(c.name), origins[j])
			}
			if c.store.publicURL != "" && c.store.at(started).site() == d.store.at(started).site() {
				r.problem("%s: the public URL is that of another channel; that is at %s: put {name} into it", origins[i], origins[j])
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
		case oneFolder(one, other):
			why = append(why, "the directory is that of another channel")
		case within(one, other) && !d.leaves(other, one), within(other, one) && !c.leaves(one, other):
			why = append(why, "the directory and that of another channel lie in one another, and the outer one does not exclude the inner one")
		default:
			if shared := c.sharesSpool(d); shared != "" {
				why = append(why, shared)
			}
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

// sharesSpool says why the spool folders of two channels cannot lie where they do; "" if they can.
func (c channel) sharesSpool(d channel) string {
	one, other := c.spoolFolder(), d.spoolFolder()
	switch in, holds := d.buries(c.dir), c.buries(d.dir); {
	case in != "":
		return "the directory " + in + " of another channel"
	case holds != "":
		return "the directory of another channel " + holds
	case one == "" || other == "":
		return ""
	case oneFolder(one, other):
		return "the spool folder is that of another channel"
	case within(one, other), within(other, one):
		return "the spool folder and that of another channel lie in one another"
	}
	return ""
}

// buries says that the channel's spool folder takes the place of a watched directory, which hlsship would take for its own;
// "" if not. In a directory it may lie: every channel knows the spool folders of all and leaves them alone.
func (c channel) buries(dir string) string {
	folder := c.spoolFolder()
	if folder == "" || dir == "" {
		return ""
	}
	switch real := realPath(dir); {
	case oneFolder(folder, real):
		return "is the spool folder"
	case within(real, folder):
		return "lies in the spool folder"
	}
	return ""
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

// spoolFolders returns the paths of the spool folders of all channels, as links in them may be changed later.
func (c config) spoolFolders() []string {
	var folders []string
	for _, one := range c.channels {
		if one.spool.off {
			continue
		}
		if folder, err := spool.Path(one.dir, one.spool.dir); err == nil { // else it cannot be opened either
			folders = append(folders, folder)
		}
	}
	return folders
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

// realPath returns the path without links, as far as it exists; what a link leads to need not exist.
func realPath(path string) string {
	const most = 40 // links that lead on, as the kernel allows
	whole, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return resolved(whole, most)
}

// resolved is realPath of an absolute path with that many links at most.
func resolved(whole string, links int) string {
	if real, err := filepath.EvalSymlinks(whole); err == nil {
		return real
	}
	parent := filepath.Dir(whole)
	if parent == whole {
		return whole
	}
	whole = filepath.Join(resolved(parent, links), filepath.Base(whole))
	to, err := os.Readlink(whole)
	if err != nil || links == 0 {
		return whole
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(filepath.Dir(whole), to)
	}
	return resolved(to, links-1)
}

// oneFolder says whether two real paths are one folder, which may also have two names by a mount.
func oneFolder(one, other string) bool {
	if one == other {
		return true
	}
	a, err1 := os.Stat(one)
	b, err2 := os.Stat(other)
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

// within says whether inner lies below outer.
func within(inner, outer string) bool {
	below, err := filepath.Rel(outer, inner)
	return err == nil && below != "." && below != ".." && !strings.HasPrefix(below, ".."+string(filepath.Separator))
}
