package hls

import (
	"slices"
	"strings"
)

// mostGuessed is how many of the last elements of a URL's path may be a file's path below the directory.
const mostGuessed = 4

// Guesses returns the files of the directory that a URI may have been meant for which Resolve does not call Local, the
// likeliest first and seven at most: those whose paths end the URI's, and, of a name that reads as a scheme, the file of that very
// name. playlist is as for Resolve; the paths are as those of Resolve, and whether there are such files is for the caller to
// find out. Many foreign URLs end as a file's path does: what is guessed is good for a warning and nothing else.
func Guesses(playlist, uri string) []string {
	uri = withSlashes(withoutQuery(strings.Trim(uri, " ")))
	folder := playlist[:strings.LastIndexByte(playlist, '/')+1]
	var all []string
	guess := func(folder, relative string) {
		path, ok := appendPath([]byte(folder), relative)
		if ok && !slices.Contains(all, string(path)) {
			all = append(all, string(path))
		}
	}
	elsewhere := isElsewhere(uri)
	if elsewhere && !strings.HasPrefix(uri, "/") && !strings.Contains(uri, ":/") {
		guess(folder, uri)
	}
	if _, rest, found := strings.Cut(uri, "//"); found && elsewhere {
		_, uri, _ = strings.Cut(rest, "/") // behind the authority
	}
	parts := strings.FieldsFunc(strings.NewReplacer("%2F", "/", "%2f", "/").Replace(uri), func(r rune) bool { return r == '/' })
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "." || part == ".." })
	if len(parts) == 0 || strings.HasSuffix(uri, "/") {
		return all
	}
	if !elsewhere {
		guess(folder, strings.Join(parts, "/"))
	}
	for n := min(mostGuessed, len(parts)); n > 0; n-- {
		guess("", strings.Join(parts[len(parts)-n:], "/"))
	}
	guess(folder, parts[len(parts)-1])
	return all
}
