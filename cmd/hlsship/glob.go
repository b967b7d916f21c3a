package main

import (
	"fmt"
	"path"
	"strings"
)

// matcher returns a function that says whether one of the globs matches a slash-separated path below
// the watched directory; nil if there are no globs. A glob without a slash is matched with the last
// part of the path, one with a slash with the whole path, "**" then being any number of folders.
func matcher(globs []string) func(string) bool {
	if len(globs) == 0 {
		return nil
	}
	return func(name string) bool {
		for _, g := range globs {
			if !strings.Contains(g, "/") {
				if ok, _ := path.Match(g, path.Base(name)); ok {
					return true
				}
				continue
			}
			if matchParts(strings.Split(strings.TrimPrefix(g, "/"), "/"), strings.Split(name, "/")) {
				return true
			}
		}
		return false
	}
}

func matchParts(globs, names []string) bool {
	for len(globs) > 0 {
		if globs[0] == "**" {
			for i := 0; i <= len(names); i++ {
				if matchParts(globs[1:], names[i:]) {
					return true
				}
			}
			return false
		}
		if len(names) == 0 {
			return false
		}
		if ok, _ := path.Match(globs[0], names[0]); !ok {
			return false
		}
		globs, names = globs[1:], names[1:]
	}
	return len(names) == 0
}

// checkGlob returns an error for a glob that can match nothing because it is malformed.
func checkGlob(g string) error {
	if g == "" {
		return fmt.Errorf("a glob is empty")
	}
	if strings.Count(g, "**") > 4 {
		return fmt.Errorf("glob %q has more than four **", shown(g))
	}
	for part := range strings.SplitSeq(g, "/") {
		if _, err := path.Match(part, ""); err != nil {
			return fmt.Errorf("glob %q is malformed: a bracket is not closed, or it ends with a backslash", shown(g))
		}
	}
	return nil
}
