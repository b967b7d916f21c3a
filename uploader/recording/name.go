package recording

import (
	"fmt"
	"strconv"
	"strings"
)

// IndexFolder is where the chunks are in the folder of a session.
const IndexFolder = ".index/"

const (
	indexFolder = IndexFolder
	digits      = 6
	maxChunks   = 1_000_000 // of a list: two years of minutes
)

// ChunkName returns the path of a chunk in the folder of its session: that of chunk 7 of v0/index.m3u8 is .index/v0/index.m3u8/000007. The first
// has number 0.
func ChunkName(list string, number int) string {
	return fmt.Sprintf("%s%s/%0*d", indexFolder, list, digits, number)
}

// ParseChunkName returns which chunk of which list has that path in the folder of a session; ok is false if it is none of any.
func ParseChunkName(path string) (list string, number int, ok bool) {
	rest, ok := strings.CutPrefix(path, indexFolder)
	at := strings.LastIndexByte(rest, '/')
	if !ok || at <= 0 || len(rest)-at-1 != digits || strings.Trim(rest[at+1:], "0123456789") != "" {
		return "", 0, false
	}
	number, err := strconv.Atoi(rest[at+1:])
	return rest[:at], number, err == nil
}

// VariantFolder returns what stands before a URI of a list so that it leads into the folder of a variant: "../.2/v0/" for variant 2 of
// v0/index.m3u8. A variant below 2 is none, and has nothing.
func VariantFolder(list string, variant int) string {
	if variant < 2 {
		return ""
	}
	return insertion(list, fmt.Sprintf(".%d/", variant))
}

// withoutVariant returns a URI without what VariantFolder put before it.
func withoutVariant(uri string) string {
	rest, up := uri, 0
	for ; strings.HasPrefix(rest, "../"); up++ {
		rest = rest[len("../"):]
	}
	folder, name, ok := strings.Cut(rest, "/")
	if n, err := strconv.Atoi(strings.TrimPrefix(folder, ".")); !ok || err != nil || folder[0] != '.' || n < 2 {
		return uri
	}
	for ; up > 0 && ok; up-- {
		_, name, ok = strings.Cut(name, "/")
	}
	return name
}

// insertion returns what leads from a list to a folder beside all, and there to where its own files are.
func insertion(list, folder string) string {
	own := list[:strings.LastIndexByte(list, '/')+1]
	return strings.Repeat("../", strings.Count(own, "/")) + folder + own
}
