package check

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// streams is what the playlists of a directory say.
type streams struct {
	// rate is what all live playlists together need, in bits a second; 0 if that is not known.
	rate float64
	// target is the shortest target duration of a live playlist; 0 if there is none.
	target time.Duration
	// ranges means that a live playlist lists ranges of a file, which may grow.
	ranges bool
	// media are the local files that the playlists name and that are there.
	media []string
}

// reading is what all playlists together led to: the playlists with an example, by finding.
type reading struct {
	*directoryCheck
	streams
	examples map[string][]string
	missing  map[string]string // names that are not there, by their examples: a playlist may have one many times
	cures    map[string]string // what more than the usual cure there is to say, by finding
	counted  map[string]bool   // media whose size is part of the rate
	guessed  int               // URIs of which it was looked at what they may mean
	live     int
	open     []string // playlists that somebody has open for writing
}

// playlists reads all playlists and says where a player or hlsship would stumble.
func (d *directoryCheck) playlists(ctx context.Context) streams {
	r := reading{directoryCheck: d, examples: map[string][]string{}, missing: map[string]string{}, cures: map[string]string{}, counted: map[string]bool{}}
	total := 0
	for _, path := range slices.Sorted(maps.Keys(d.files)) {
		if ctx.Err() != nil || !hls.Classify(path).IsPlaylist() {
			continue
		}
		total++
		text, err := d.readPlaylist(path)
		if err != nil {
			continue // gone, or among the files that may not be read
		}
		r.playlist(path, text)
		if r.writes(path) {
			r.open = append(r.open, path)
		}
	}
	r.stillOpen(ctx)
	slices.Sort(r.media)
	r.media = slices.Compact(r.media)
	r.report()
	switch {
	case total == 0:
		d.found.note("playlist-none", "Start the packager and check again to have its playlists read and its bitrate measured.", "no playlist is there yet")
	case r.live == 0:
		d.found.note("playlist-none-live", "Check again while the stream is live to have its bitrate measured.",
			"%s, none of them live with its segments", count(total, "playlist"))
	default:
		d.found.ok("stream", "%s, %d live: %s in all, target duration %s", count(total, "playlist"), r.live, rate(r.rate), r.target)
	}
	return r.streams
}

// readPlaylist returns the text of a playlist.
func (d *directoryCheck) readPlaylist(path string) ([]byte, error) {
	file, err := d.openFile(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, hls.MaxPlaylistSize+1))
}

// openTime is for how long a writer may have a playlist open: it takes milliseconds to write one.
const openTime = time.Second

// writes reports whether somebody has that playlist open for writing.
func (r *reading) writes(path string) bool {
	file, err := r.openFile(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return r.sys.writes(file)
}

// stillOpen looks once more at the playlists that were open.
func (r *reading) stillOpen(ctx context.Context) {
	if len(r.open) == 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(openTime):
	}
	for _, path := range r.open {
		if r.writes(path) {
			r.example("playlist-open", path)
		}
	}
}

// playlist takes in one of them.
func (r *reading) playlist(path string, text []byte) {
	p, err := hls.ParseFile(path, text, hls.ParseOptions{})
	if err != nil {
		r.example("playlist-malformed", path+" ("+err.Error()+")")
		return
	}
	names := map[string]bool{}
	for _, ref := range p.References {
		if local, target := r.config.Site.Resolve(path, ref.URI); target == hls.Local {
			names[local] = true
		}
	}
	for _, ref := range p.References {
		r.reference(path, ref, names)
	}
	if p.BlockingReload {
		r.example("ll-hls-blocking", path)
	} else if bytes.Contains(text, []byte("#EXT-X-PART-INF")) {
		r.example("ll-hls-parts", path)
	}
	if last, ok := p.LastSequence(); ok && !p.Ended && p.Kind == hls.MediaPlaylist && !r.config.Continuous {
		about := time.Duration(min(last+1, 1<<20)) * p.TargetDuration //nolint:gosec // not more than that
		r.example("playlist-restart", fmt.Sprintf("%s (number %d, about %s)", path, last+1, about.Round(time.Second)))
	}
	if !p.Ended && p.Kind != hls.MultivariantPlaylist {
		r.measure(path, p, text)
	}
}

// reference judges one URI of a playlist that names these files of the directory.
func (r *reading) reference(playlist string, ref hls.Reference, names map[string]bool) {
	if ref.Gap || ref.Hint || ref.Soft || ref.Optional {
		return // nothing waits for it
	}
	at := playlist + " names " + ref.URI
	if ref.Unresolved {
		r.example("playlist-unresolvable", at)
		return
	}
	path, target := r.config.Site.Resolve(playlist, ref.URI)
	_, there := r.files[path]
	if target == hls.Local && strings.Contains(ref.URI, `\`) {
		r.example("playlist-backslash", at)
	}
	switch {
	case target == hls.Outside && ref.Kind != hls.Other:
		r.outside(playlist, ref.URI)
	case target == hls.Elsewhere:
		r.foreign(playlist, ref.URI, names)
	case target != hls.Local:
	case there && r.empty(path, &ref):
		r.example("playlist-names-empty", at)
	case there:
		r.media = append(r.media, path)
	case r.links[path]:
		r.example("playlist-link", at)
	case r.config.Exclude != nil && r.config.Exclude(path):
		r.example("playlist-excluded", at)
	case r.whole && r.missing[at] == "":
		r.missing[at] = path
		r.example("playlist-names-missing", at)
	}
}

// measure adds what a live playlist needs to the rate: the sizes of its segments over their durations. Playlists
// that name the same segments count once.
func (r *reading) measure(path string, p *hls.Playlist, text []byte) {
	if p.TargetDuration > 0 && (r.target == 0 || p.TargetDuration < r.target) {
		r.target = p.TargetDuration
	}
	each := averageDuration(text)
	if each == 0 {
		each = p.TargetDuration // of a manifest
	}
	var sum, segments, news int64
	for _, ref := range p.References {
		name, target := r.config.Site.Resolve(path, ref.URI)
		fi, there := r.files[name]
		if ref.Kind != hls.Media || ref.Hint || ref.Gap || ref.Unresolved || target != hls.Local || !there {
			continue
		}
		length := fi.Size()
		if ref.Length > 0 {
			length, r.ranges = ref.Length, true
		}
		sum, segments = sum+length, segments+1
		mark := name + "@" + strconv.FormatInt(ref.Offset, 10)
		if !r.counted[mark] {
			r.counted[mark] = true
			news++
		}
	}
	if segments == 0 || each == 0 || news*2 < segments {
		return
	}
	r.live++
	r.rate += float64(sum) * 8 / (float64(segments) * each.Seconds())
}

// averageDuration returns the mean of EXTINF (RFC 8216 §4.3.2.1); 0 if there is none.
func averageDuration(text []byte) time.Duration {
	var sum float64
	n := 0
	for line := range bytes.Lines(text) {
		rest, ok := bytes.CutPrefix(line, []byte("#EXTINF:"))
		if !ok {
			continue
		}
		value, _, _ := bytes.Cut(rest, []byte(","))
		if d, err := strconv.ParseFloat(string(bytes.TrimSpace(value)), 64); err == nil && d > 0 && d < 3600 {
			sum, n = sum+d, n+1
		}
	}
	if n == 0 {
		return 0
	}
	return time.Duration(sum / float64(n) * float64(time.Second))
}

// example notes one more case of a finding.
func (r *reading) example(id, text string) { r.examples[id] = append(r.examples[id], text) }

// remark is a finding about playlists without its examples.
type remark struct {
	level       Level
	found, cure string
}

// remarks returns them by name.
func remarks() map[string]remark {
	return map[string]remark{
		"playlist-malformed": {Warning, "playlists that are none and would not be shipped",
			"Have the packager write them again, whole, beginning with #EXTM3U, or keep other files out with --exclude."},
		"playlist-open": {Warning, "playlists that stay open for writing: they are read as they stand, once their bytes stay the same for a while",
			"Have the writer close each version, or write a temporary file and rename it."},
		"playlist-outside": {Error, "names that lead out of the directory, or have an empty part (//): no file can answer to them, and the playlist is held back",
			"Have the packager write names relative to the playlist and below DIR, or watch the folder above."},
		"playlist-url": {Error, "URLs and paths that are not known to be the directory's, and end as its files do: the playlist does not wait for them",
			""},
		"playlist-scheme": {Error, "names with a colon, which read as URLs: no player finds the files, and the playlist does not wait for them",
			""},
		"playlist-machine": {Error, "places on the packager's machine: no player finds the files, and the playlist does not wait for them",
			""},
		"playlist-backslash": {Warning, "names with backslashes, which only browsers read as slashes",
			"Have the packager write slashes."},
		"playlist-names-empty": {Error, "names of empty files, without a byte: they are not shipped, and the playlist is held back",
			"See the packager's own log, and have it write them again."},
		"playlist-unresolvable": {Error, "names with a variable that the playlist does not define: nobody can tell the file, and the playlist is held back",
			"Have the packager write the value in place of EXT-X-DEFINE with IMPORT or QUERYPARAM."},
		"playlist-link": {Error, "names of symbolic links: they are never followed, and the playlist is held back",
			"Have the packager write files, or watch the folder in which they are."},
		"playlist-excluded": {Error, "names that --exclude keeps out: the playlist is held back",
			"Narrow --exclude: what a playlist names must be shipped."},
		"playlist-elsewhere": {Note, "URLs and paths that are not the directory's: they are not shipped",
			"If these files are in DIR, have the packager write relative names (ffmpeg: no -hls_base_url), or set --public-url."},
		"playlist-names-missing": {Warning, "names of files that are not there: unless the bucket holds them, the playlist is held back",
			"See that the packager writes them below DIR under that name, and does not delete them while a playlist names them."},
		"playlist-restart": {Note, "playlists at which players stand still if their packager is restarted and counts from 0, until it has reached the number",
			"--playlists continuous lets players go on, or have the packager carry its numbers on (ffmpeg: -hls_flags append_list+program_date_time)."},
		"ll-hls-blocking": {Warning, "playlists with CAN-BLOCK-RELOAD=YES, a promise that no bucket can keep",
			"Have the packager write no CAN-BLOCK-RELOAD, or turn low latency off: players would ask for what is not there yet."},
		"ll-hls-parts": {Note, "playlists that list parts (low-latency HLS)",
			"Expect the latency of ordinary HLS: a bucket cannot hold a request back until the next part is there."},
	}
}

// report turns the examples into findings.
func (r *reading) report() {
	r.nearby()
	all := remarks()
	for _, id := range slices.Sorted(maps.Keys(r.examples)) {
		shown := make([]string, 0, len(r.examples[id]))
		for _, text := range r.examples[id] {
			shown = append(shown, short(text))
		}
		m := all[id]
		r.found.add(Finding{ID: id, Level: m.level, Found: m.found + ": " + some(shown), Cure: strings.TrimSpace(m.cure + " " + r.cures[id])})
	}
}
