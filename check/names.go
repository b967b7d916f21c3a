package check

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan"
)

// maxGuessed is how many URIs that mean no file are looked at for what they may mean; a playlist may have a million.
const maxGuessed = 10_000

// foreign judges a URI that means no file of the directory, of a playlist that names these files besides. A file that it
// names by its own name as well is not what the URI means.
func (r *reading) foreign(playlist, uri string, names map[string]bool) {
	at := playlist + " names " + uri
	for _, path := range r.guesses(playlist, uri) {
		if _, there := r.files[path]; !there || names[path] || path == playlist {
			continue
		}
		m := plan.NewMisnaming(playlist, uri, path)
		id := "playlist-" + m.Reason
		r.example(id, at+", and the directory has "+path)
		if _, known := r.cures[id]; !known {
			r.cures[id] = sentence(m.Cure())
		}
		return
	}
	if uri != "" && !strings.HasPrefix(uri, "data:") {
		r.example("playlist-elsewhere", at)
	}
}

// outside judges a name that no file can have.
func (r *reading) outside(playlist, uri string) {
	at := playlist + " names " + uri
	for _, path := range r.guesses(playlist, uri) {
		if _, there := r.files[path]; there && path != playlist {
			at += ", and the directory has " + path
			break
		}
	}
	r.example("playlist-outside", at)
}

// guesses returns what a URI may mean, unless enough of them were looked at.
func (r *reading) guesses(playlist, uri string) []string {
	if r.guessed++; r.guessed > maxGuessed {
		return nil
	}
	return hls.Guesses(playlist, uri)
}

// empty reports whether the file, which a playlist names, has no bytes and is nothing that may have none. It was listed a
// while ago, so that it is looked at again.
func (r *reading) empty(path string, ref *hls.Reference) bool {
	kind := hls.Classify(path)
	needs := ref.Kind == hls.Init || ref.Kind == hls.Key || kind == hls.Media || kind == hls.Subtitle
	if !needs || ref.Length > 0 || r.files[path].Size() > 0 {
		return false
	}
	fi, err := r.root.Lstat(filepath.FromSlash(path))
	return err == nil && fi.Size() == 0
}

// nearby adds to the names that no file has what the directory has in their place.
func (r *reading) nearby() {
	missing := slices.Sorted(maps.Values(r.missing))
	near := plan.Nearest(slices.Compact(missing), maps.Keys(r.files))
	const id = "playlist-names-missing"
	cures := map[string]bool{}
	for i, at := range r.examples[id] {
		n, ok := near[r.missing[at]]
		if !ok {
			continue
		}
		_, instead := n.Printed(r.missing[at])
		r.examples[id][i] = at + ", and the directory has " + instead
		if cure := sentence(n.Cure()); !cures[cure] {
			cures[cure] = true
			r.cures[id] = strings.TrimSpace(r.cures[id] + " " + cure)
		}
	}
}
