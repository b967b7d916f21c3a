package verify

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// Report says what is wrong, where now is the time at which the directory was looked at, by the clock of its file system. It may
// be asked once.
func (w *Walk) Report(now time.Time) Report {
	r := Report{Playlists: len(w.read), Elsewhere: w.away, ForeignETags: w.foreign}
	for _, path := range slices.Sorted(maps.Keys(w.known)) {
		w.judgePlaylist(path, now, &r)
	}
	for _, path := range slices.Sorted(maps.Keys(w.named)) {
		if w.read[path] == nil {
			w.judgeFile(path, w.named[path], now, &r)
		}
	}
	w.wrong.listed(&r)
	return r
}

// age says when the stored version of something was finished, and what that is compared with.
type age uint8

const (
	unknown age = iota
	older
	newer
)

// ageOf compares an object with a file that was written then. When the bytes of the object were finished tells, by the clock of
// the file; else when it was stored.
func ageOf(o store.Info, written time.Time) age {
	f := hls.File{Version: hls.Version{ModTime: written.UnixNano()}}
	switch {
	case !o.Finished.IsZero() && o.Finished.Before(written), o.Finished.IsZero() && o.Earlier(f):
		return older
	case !o.Finished.IsZero() && o.Finished.After(written), o.Finished.IsZero() && o.Later(f):
		return newer
	}
	return unknown
}

// young reports whether a file was written so short a time ago that it may be on its way.
func young(d Disk, now time.Time) bool { return now.Sub(d.Written) < Patience }

// judgePlaylist judges one that the bucket, the directory or another playlist has.
func (w *Walk) judgePlaylist(path string, now time.Time, r *Report) {
	key, p := w.Key(path), w.read[path]
	disk, onDisk := w.disk[path]
	if p == nil {
		if one := w.named[path]; one == nil && onDisk {
			w.wrong.add(Unpublished, key, "", young(disk, now), "the directory has this playlist, and the bucket has not",
				"See that hlsship runs, and in its log what the playlist waits for.")
		}
		return // one that is named is judged as every file is
	}
	r.Bytes += p.info.Size
	r.Headed++
	if p.parsed == nil {
		w.wrong.add(Malformed, key, "", false, "what is stored is no playlist that can be read: "+p.err.Error(),
			"See who else writes into this bucket; a version that the packager writes anew replaces it.")
		return
	}
	if p.parsed.Ended {
		r.Ended++
	}
	w.judgeHead(path, p.parsed.Kind, p.parsed, p.head, "")
	segments := segmentsOf(p.text)
	if p.parsed.Kind == hls.MediaPlaylist {
		if s, wrong := tooLong(segments, p.parsed.TargetDuration); wrong {
			found := fmt.Sprintf("%s lasts %s, and EXT-X-TARGETDURATION is %s", shown(s.uri), s.duration, p.parsed.TargetDuration)
			if s.duration < 0 {
				found = shown(s.uri) + " has no duration (EXTINF)"
			}
			w.wrong.add(Duration, key, "", false, found, "Correct the packager's segment length: players stall where a segment is longer than the playlist says.")
		}
	}
	if onDisk {
		r.Sized++
		r.Summed++
		w.judgeVersion(key, p, segments, disk, now)
	}
}

// judgeVersion compares the published version of a playlist with the one on disk.
func (w *Walk) judgeVersion(key string, p *playlist, segments []segment, disk Disk, now time.Time) {
	if bytes.Equal(p.text, disk.Text) {
		return
	}
	onDisk, err := hls.ParseFile(key, disk.Text, hls.ParseOptions{})
	if err != nil {
		return
	}
	behind := ageOf(p.info, disk.Written)
	if behind == unknown && !p.edited {
		here, _ := onDisk.LastSequence()
		there, _ := p.parsed.LastSequence()
		switch {
		case there < here, there == here && onDisk.Ended && !p.parsed.Ended:
			behind = older
		case there > here:
			behind = newer
		}
	}
	switch {
	case behind == older:
		here, listed := onDisk.LastSequence()
		there, _ := p.parsed.LastSequence()
		found := "the directory has had another version since " + disk.Written.UTC().Format(time.RFC3339)
		if listed && here != there {
			found += fmt.Sprintf(": it ends with segment %d, and the bucket's with %d", here, there)
		}
		w.wrong.add(Stale, key, "", young(disk, now), found, "See that hlsship runs, and in its log what the playlist waits for.")
	case p.edited: // it is what hlsship made of the version on disk
	case behind == unknown:
		w.wrong.add(Bytes, key, "", young(disk, now), "the bucket holds another text than the directory, of the same time",
			"See who else writes into this bucket; a version that the packager writes anew replaces it.")
	case p.parsed.Kind == hls.MediaPlaylist && onDisk.Kind == hls.MediaPlaylist && p.parsed.MediaSequence >= onDisk.MediaSequence:
		uri, there, here, wrong := renumbered(segments, segmentsOf(disk.Text), p.parsed.MediaSequence, onDisk.MediaSequence)
		if wrong {
			w.wrong.add(Sequence, key, "", young(disk, now), fmt.Sprintf("%s is segment %d, and was %d on disk", shown(uri), there, here),
				"See the packager's own log: players take another segment for this one.")
		}
	}
}

// judgeFile judges a file that a playlist names.
func (w *Walk) judgeFile(path string, o *object, now time.Time, r *Report) {
	key, by := w.Key(path), w.Key(o.by)
	r.Files++
	if o.info == nil {
		where := ", and is not on disk"
		if o.disk != nil {
			where = ", and is on disk"
		}
		w.wrong.add(Missing, key, by, o.disk != nil && young(*o.disk, now), "it is not in the bucket"+where,
			"If nothing deleted it, see hlsship's log for it; a lifecycle rule must not expire what a playlist still names.")
		return
	}
	r.Bytes += o.info.Size
	if o.head != nil {
		r.Headed++
		w.judgeHead(path, o.kind, nil, *o.head, by)
	}
	switch {
	case o.info.Size == 0 && o.kind != hls.Subtitle:
		w.wrong.add(Empty, key, by, o.disk != nil && young(*o.disk, now), "the object is empty", "Have the packager write it again, and see who stored it.")
		return
	case o.ranged && o.end > o.info.Size:
		w.wrong.add(Range, key, by, o.disk != nil && young(*o.disk, now),
			fmt.Sprintf("a playlist names its bytes up to %d, and the object has %d", o.end, o.info.Size), "See hlsship's log for the file; it is stored again when it grows.")
	}
	if o.disk != nil {
		w.judgeBytes(key, o, now, r)
	}
}

// judgeBytes compares an object with the file on disk.
func (w *Walk) judgeBytes(key string, o *object, now time.Time, r *Report) {
	const cure = "Store it again: touch the file while hlsship runs. If that mends nothing, see who else writes into this bucket."
	disk, by, fresh := *o.disk, w.Key(o.by), young(*o.disk, now)
	r.Sized++
	there, here := humanize.Comma(o.info.Size), humanize.Comma(disk.Size)
	switch {
	case o.ranged && o.info.Size < disk.Size:
		return // it grows, and what is listed of it is there
	case o.info.Size < disk.Size:
		w.wrong.add(Truncated, key, by, fresh, "the object has "+there+" bytes, and the file on disk "+here, cure)
		return
	case o.info.Size > disk.Size:
		w.wrong.add(Bytes, key, by, fresh, "the object has "+there+" bytes, and the file on disk only "+here, cure)
		return
	}
	sum, kept := disk.MD5, strings.ToLower(o.info.ETag)
	if sum == "" || !store.IsMD5(o.info.ETag) || w.foreign {
		if o.head == nil || o.head.CRC32C == "" || disk.CRC32C == "" {
			return // nobody can tell
		}
		sum, kept = disk.CRC32C, o.head.CRC32C
	}
	r.Summed++
	if sum != kept {
		w.wrong.add(Bytes, key, by, fresh, "the object has other bytes than the file on disk: its sum is "+kept+" instead of "+sum, cure)
	}
}

// judgeHead compares what an object is served with, with what hlsship sends.
func (w *Walk) judgeHead(path string, kind hls.Kind, pl *hls.Playlist, head Head, by string) {
	if w.config.Served == nil {
		return
	}
	const cure = "Store it again with hlsship, or set --cache-control as it is meant: see who else writes into this bucket."
	mediaType, caches := w.config.Served(path, kind, pl)
	if head.ContentType != mediaType {
		w.wrong.add(Header, w.Key(path), by, false, fmt.Sprintf("its Content-Type is %q instead of %q", shown(head.ContentType), mediaType), cure)
	}
	if !slices.ContainsFunc(caches, func(pattern string) bool { return fits(head.CacheControl, pattern) }) {
		w.wrong.add(Header, w.Key(path), by, false, fmt.Sprintf("its Cache-Control is %q instead of %q", shown(head.CacheControl), strings.Join(caches, `" or "`)), cure)
	}
}

// fits reports whether a header is the pattern, in which "*" stands for a whole number.
func fits(value, pattern string) bool {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return value == pattern
	}
	number, ok := strings.CutPrefix(value, before)
	if !ok {
		return false
	}
	number, ok = strings.CutSuffix(number, after)
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}
