package hls

import "strings"

// Classify returns what the name of a file alone says of it. name is a slash-separated path of which
// only the last element counts; letter case does not. Every HLS playlist is a MediaPlaylist here:
// only Parse tells a multivariant one apart.
//
// A name is a guess. Whatever a playlist names is shipped, also where Classify says Other, and the tag
// that names a file knows better what it is (Reference.Kind). Hidden files are Other, whatever their
// extension: under a leading dot packagers and copying tools write what is not finished.
func Classify(name string) Kind {
	base := name[strings.LastIndexByte(name, '/')+1:]
	dot := strings.LastIndexByte(base, '.')
	kind, boxed := Other, false
	if dot >= 0 {
		kind, boxed = kindOfExtension(base[dot+1:])
	}
	switch {
	case isTemporary(base, dot):
		return Temporary
	case kind != Temporary && strings.HasPrefix(base, "."):
		return Other
	case boxed && saysInit(base[:dot]):
		return Init
	}
	return kind
}

// longestExtension is the length of the longest extension that has a meaning here.
const longestExtension = len("partial")

// kindOfExtension returns the Kind for an extension without its dot. boxed is true for those of ISO
// base media files, the only ones that initialization sections have.
func kindOfExtension(extension string) (kind Kind, boxed bool) {
	var lower [longestExtension]byte
	if len(extension) > len(lower) {
		return Other, false
	}
	for i := range len(extension) {
		lower[i] = lowerByte(extension[i])
	}
	switch string(lower[:len(extension)]) {
	case "m3u8", "m3u":
		return MediaPlaylist, false
	case "mpd":
		return Manifest, false
	case "m4s", "mp4", "m4v", "m4a", "m4f", "cmfv", "cmfa", "cmft", "cmfm":
		return Media, true
	case "ts", "m2ts", "mts", "mpg", "mpeg",
		"aac", "mp2", "mp3", "ac3", "eac3", "ec3", "ac4":
		return Media, false
	case "key":
		return Key, false
	case "vtt", "webvtt":
		return Subtitle, false
	// The next playlist of nginx-rtmp ends in "bak": it is no backup.
	case "tmp", "bak", "part", "partial", "swp":
		return Temporary, false
	}
	return Other, false
}

// isTemporary reports whether base is a name, other than by its extension, that a packager or an editor
// gives to what it is still writing. dot is the place of base's last dot, -1 for none. GStreamer's
// hlssink appends six random characters to the playlist's name; GIO (hlssink2) and shaka-packager have
// prefixes of their own.
func isTemporary(base string, dot int) bool {
	if strings.HasSuffix(base, "~") ||
		strings.HasPrefix(base, ".goutputstream-") || strings.HasPrefix(base, "packager-tempfile-") {
		return true
	}
	return dot >= 0 && isRandomSuffix(base[dot+1:]) && hasPlaylistExtension(base[:dot])
}

// isRandomSuffix reports whether s could be what mkstemp puts in place of XXXXXX.
func isRandomSuffix(s string) bool {
	if len(s) != len("XXXXXX") {
		return false
	}
	for i := range len(s) {
		if !isLetter(s[i]) && !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func hasPlaylistExtension(name string) bool {
	kind, _ := kindOfExtension(name[strings.LastIndexByte(name, '.')+1:])
	return kind == MediaPlaylist
}

// saysInit reports whether one of the words in a name without extension is "init" or "header": init,
// init_0, init-stream0, hi_init, header; not "initial".
func saysInit(stem string) bool {
	for i := 0; i < len(stem); i++ {
		start := i
		for i < len(stem) && isLetter(stem[i]) {
			i++
		}
		if word := stem[start:i]; strings.EqualFold(word, "init") || strings.EqualFold(word, "header") {
			return true
		}
	}
	return false
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func isLetter(c byte) bool {
	c = lowerByte(c)
	return 'a' <= c && c <= 'z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
