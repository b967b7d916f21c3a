package plan

import (
	"cmp"
	"iter"
	"path"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Nearby is what a directory has in place of a name that it does not have.
type Nearby struct {
	// Path is the file's.
	Path string
	// Reason says how the two differ: "case" (of letters), "unicode" (the same letters, composed or not), "backslash" (where the
	// other has a slash), "query" (the file's name has a number sign or a question mark, at which a URI ends), "slashes" (the
	// name has an empty part, or an escaped slash) or "folder" (the same name, in another folder).
	Reason string
}

// rank orders what is near a name, the likeliest first. A file in a folder above or below is likelier than one beside.
func (n Nearby) rank(missing string) int {
	switch above := func(a, b string) bool { return a == "." || strings.HasPrefix(b+"/", a+"/") }; {
	case n.Reason == "query":
		return 1
	case n.Reason != "folder":
		return 0
	case above(path.Dir(missing), path.Dir(n.Path)), above(path.Dir(n.Path), path.Dir(missing)):
		return 2
	}
	return 3
}

// Cure says what to do about it.
func (n Nearby) Cure() string {
	switch n.Reason {
	case "case":
		return "the directory has this name in other upper and lower case, which are other names to every store: have the packager write one of them everywhere"
	case "unicode":
		return "the directory has this name with other code points for the same letters (NFC and NFD), which is another name: have the packager write one of them everywhere, or plain letters"
	case "backslash":
		return "the directory has this name with a backslash for the slash, or the reverse: have the packager write slashes everywhere"
	case "query":
		return "the file's name has a # or a ?, at which every player ends the name: have the packager write %23 or %3F into the playlist, or names without them"
	case "slashes":
		return "an empty part (//) or an escaped slash (%2F) makes another key, which no file has: have the packager write plain slashes, one at a time"
	}
	return "a file of that name is in another folder: if it is meant, have the packager write its folder into the playlist (ffmpeg: -hls_base_url FOLDER/); else see whether it still writes the file"
}

// Printed returns the two names as they may be told apart in a log.
func (n Nearby) Printed(missing string) (name, near string) {
	if n.Reason != "unicode" {
		return missing, n.Path
	}
	return strings.Trim(strconv.QuoteToASCII(missing), `"`), strings.Trim(strconv.QuoteToASCII(n.Path), `"`)
}

// Nearest returns what is likeliest to be meant by each name that is missing, of the names that are there. Names without
// anything near are left out. It takes one look at each of the names that are there.
func Nearest(missing []string, there iter.Seq[string]) map[string]Nearby {
	whole, bases := make(map[string][]string), make(map[string][]string)
	for _, name := range missing {
		key := alike(name)
		whole[key] = append(whole[key], name)
		bases[path.Base(key)] = append(bases[path.Base(key)], name)
	}
	found := make(map[string]Nearby)
	offer := func(name, near, reason string) {
		n, best := Nearby{near, reason}, found[name]
		if best.Path == "" || cmp.Or(cmp.Compare(n.rank(name), best.rank(name)), strings.Compare(near, best.Path)) < 0 {
			found[name] = n
		}
	}
	for near := range there {
		key := alike(near)
		for _, name := range whole[key] {
			offer(name, near, difference(name, near))
		}
		for _, name := range bases[path.Base(key)] {
			offer(name, near, "folder")
		}
		if cut := strings.IndexAny(key, "#?"); cut >= 0 {
			for _, name := range whole[key[:cut]] {
				offer(name, near, "query")
			}
		}
	}
	return found
}

// alike returns what names have in common that people take for one.
func alike(name string) string {
	return norm.NFC.String(strings.ToLower(strings.ReplaceAll(name, `\`, "/")))
}

// difference returns the reason for which two names are alike, and yet two.
func difference(name, near string) string {
	switch {
	case strings.ReplaceAll(name, `\`, "/") == strings.ReplaceAll(near, `\`, "/"):
		return "backslash"
	case norm.NFC.String(name) == norm.NFC.String(near):
		return "unicode"
	}
	return "case"
}
