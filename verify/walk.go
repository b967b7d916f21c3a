package verify

import (
	"crypto/md5" //nolint:gosec // S3 has made of it what an ETag is
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// Patience is for how long a file may be on its way from the directory to the bucket before that counts as a fault.
const Patience = 10 * time.Second

// Config says what is published where. The zero value is that of files at the root of a bucket whose headers nobody judges.
type Config struct {
	// Prefix is what every key begins with, its slash included.
	Prefix string
	// Site says where players find the files.
	Site hls.Site
	// Served says with which Content-Type and with one of which Cache-Controls a file is stored; "*" in one stands for a
	// number. pl is nil for all but playlists. nil judges no headers.
	Served func(path string, kind hls.Kind, pl *hls.Playlist) (contentType string, cacheControls []string)
}

// Head is what an object is served with. The zero value is that of an object that was not asked.
type Head struct {
	// ContentType and CacheControl are the headers of those names, empty if there is none.
	ContentType, CacheControl string
	// CRC32C is x-amz-checksum-crc32c of the whole object, empty if the store tells none.
	CRC32C string
}

// Disk is a file of the directory.
type Disk struct {
	// Size is in bytes, Written the modification time.
	Size    int64
	Written time.Time
	// Text is a playlist's; nil for everything else.
	Text []byte
	// MD5 and CRC32C are the sums as an ETag and as x-amz-checksum-crc32c have them, empty if they were not made.
	MD5, CRC32C string
}

// object is what is known of one object that a playlist names.
type object struct {
	// kind is what the first playlist that names it makes of it, by that playlist's path.
	kind hls.Kind
	by   string
	// end is where the last range of it ends; ranged says that there are ranges.
	end    int64
	ranged bool
	// info is what the bucket holds, nil if it does not hold it or nobody asked.
	info *store.Info
	head *Head
	disk *Disk
}

// playlist is one that was read.
type playlist struct {
	parsed *hls.Playlist // nil if it is none
	err    error
	text   []byte
	info   store.Info
	head   Head
	edited bool // its media are in sessions: hlsship has it go on over the restarts of its packager
}

// Walk is one look at what is published below a prefix. Use New; it is owned by one goroutine.
type Walk struct {
	config Config
	// known are the playlists that the bucket or the directory has or that another one names, false until they were read or
	// found missing.
	known map[string]bool
	read  map[string]*playlist
	// named are the objects that playlists name, playlists included, by path.
	named map[string]*object
	disk  map[string]Disk // of playlists
	away  int             // names of what is elsewhere
	wrong faults
	// foreign says that the ETags of this store only look like MD5 sums: those of the playlists tell, whose bytes are known.
	foreign bool
}

// New returns a Walk that knows nothing yet.
func New(c Config) *Walk {
	return &Walk{config: c, known: map[string]bool{}, read: map[string]*playlist{}, named: map[string]*object{}, disk: map[string]Disk{}}
}

// Playlist takes in a playlist of the directory, as it is before the bucket is asked for it. What is none is nothing to be
// published.
func (w *Walk) Playlist(path string, d Disk) {
	if _, err := hls.ParseFile(path, d.Text, hls.ParseOptions{}); err != nil {
		return
	}
	w.disk[path] = d
	w.know(path)
}

func (w *Walk) know(path string) {
	if _, ok := w.known[path]; !ok {
		w.known[path] = false
	}
}

// Listed takes in an object of a listing: of the first, which tells which playlists there are, and of the second, made after
// they were read, which says whether what they name is there. Every other object costs no memory.
func (w *Walk) Listed(o store.Info) {
	path, ok := strings.CutPrefix(o.Key, w.config.Prefix)
	if !ok || path == "" {
		return
	}
	if one := w.named[path]; one != nil {
		one.info = &o
	} else if IsPlaylist(path) {
		w.know(path)
	}
}

// IsPlaylist reports whether a file of that path is one that hlsship would publish as a playlist, by its name.
func IsPlaylist(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	return hls.Classify(path).IsPlaylist() && !strings.HasPrefix(name, ".")
}

// Unread returns the paths of the playlists that are to be read, sorted. Those that it names are known once it was Read or
// found Gone, so call it until there are none.
func (w *Walk) Unread() []string {
	var all []string
	for _, path := range slices.Sorted(maps.Keys(w.known)) {
		if !w.known[path] {
			all = append(all, path)
		}
	}
	return all
}

// Key returns the key of a path.
func (w *Walk) Key(path string) string { return w.config.Prefix + path }

// Gone says that the bucket does not hold a playlist that was to be read.
func (w *Walk) Gone(path string) { w.known[path] = true }

// Read takes in a playlist of the bucket: its text, what the store says of the object, and its headers.
func (w *Walk) Read(path string, text []byte, info store.Info, head Head) {
	w.known[path] = true
	p := &playlist{text: text, info: info, head: head}
	w.read[path] = p
	if sum := md5.Sum(text); store.IsMD5(info.ETag) && !strings.EqualFold(info.ETag, hex.EncodeToString(sum[:])) { //nolint:gosec // see above
		w.foreign = true
	}
	if p.parsed, p.err = hls.ParseFile(path, text, hls.ParseOptions{}); p.err != nil {
		return
	}
	for _, ref := range p.parsed.References {
		w.reference(path, ref)
	}
}

// reference takes in one URI of a playlist.
func (w *Walk) reference(by string, ref hls.Reference) {
	if ref.Gap || ref.Hint || ref.Soft || ref.Optional {
		return // no player needs it
	}
	path, target := w.config.Site.Resolve(by, ref.URI)
	switch {
	case ref.Unresolved || target == hls.Outside && ref.Kind != hls.Other:
		w.wrong.add(Unresolvable, w.Key(by), "", false, "it names "+shown(ref.URI)+", which no stored file can answer to",
			"Have the packager write names relative to the playlist and below the directory.")
		return
	case target != hls.Local:
		w.away++
		return
	}
	if folder, _ := hls.SessionOf(path); folder != "" {
		w.read[by].edited = true
	}
	one := w.named[path]
	if one == nil {
		path = strings.Clone(path) // it shares the memory of the whole text
		one = &object{kind: ref.Kind, by: by}
		w.named[path] = one
		if IsPlaylist(path) {
			w.know(path)
		}
	}
	if ref.Kind == hls.Media {
		one.kind = hls.Media // whatever else is in it, as its init section
	}
	if ref.Length > 0 {
		one.ranged, one.end = true, max(one.end, ref.Offset+ref.Length)
	}
}

// shown shortens what somebody else wrote.
func shown(text string) string {
	const most = 200
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// Named returns the paths of all that playlists name, but for the playlists that were read, sorted. Before it asks for the Report
// the caller looks for each on disk (OnDisk), and asks the store for those that the second listing did not have (Unlisted).
func (w *Walk) Named() []string {
	return w.paths(func(string, *object) bool { return true })
}

// Unlisted returns those of Named that the second listing did not have.
func (w *Walk) Unlisted() []string {
	return w.paths(func(_ string, o *object) bool { return o.info == nil })
}

func (w *Walk) paths(want func(string, *object) bool) []string {
	var all []string
	for path, o := range w.named {
		if w.read[path] == nil && want(path, o) {
			all = append(all, path)
		}
	}
	slices.Sort(all)
	return all
}

// Headed takes in what the store says of one of Named, and its headers.
func (w *Walk) Headed(path string, info store.Info, head Head) {
	if o := w.named[path]; o != nil {
		o.info, o.head = &info, &head
	}
}

// OnDisk takes in the file of the directory that one of Named means. The sums are wanted only if WantsSums says so.
func (w *Walk) OnDisk(path string, d Disk) {
	if o := w.named[path]; o != nil {
		o.disk = &d
	}
}

// WantsSums reports whether the sums of a file of that size can be compared with the object, so that they are worth reading the
// file for, and which: that of the ETag, or the CRC32C that the store told.
func (w *Walk) WantsSums(path string, size int64) (md5, crc32c bool) {
	o := w.named[path]
	if o == nil || o.info == nil || o.info.Size != size {
		return false, false
	}
	return store.IsMD5(o.info.ETag) && !w.foreign, o.head != nil && o.head.CRC32C != ""
}

// WantsChecksum reports whether only a checksum that the store keeps can tell the bytes, as the object's ETag is no MD5.
func (w *Walk) WantsChecksum(path string) bool {
	o := w.named[path]
	return o != nil && o.info != nil && (!store.IsMD5(o.info.ETag) || w.foreign)
}
