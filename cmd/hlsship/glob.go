package main

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// matcher returns a function that says whether one of the globs matches a slash-separated path below
// the watched directory; nil if there are no globs. A glob without a slash is matched with the last
// part of the path, one with a slash with the whole path, "**" then being any number of folders. "{a,b}" is
// either of them.
func matcher(globs []string) func(string) bool {
	if len(globs) == 0 {
		return nil
	}
	return func(name string) bool {
		return slices.ContainsFunc(globs, func(g string) bool {
			if !strings.Contains(g, "/") {
				return doublestar.MatchUnvalidated(g, path.Base(name))
			}
			return doublestar.MatchUnvalidated(strings.TrimPrefix(g, "/"), name)
		})
	}
}

// checkGlob returns an error for a glob that can match nothing because it is malformed.
func checkGlob(g string) error {
	switch {
	case g == "":
		return errors.New("a glob is empty")
	case !doublestar.ValidatePattern(g):
		return fmt.Errorf("glob %q is malformed: a bracket or brace is not closed, or it ends with a backslash", shown(g))
	}
	return nil
}
