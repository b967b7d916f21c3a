package hls

import (
	"strconv"
	"strings"
	"time"
)

// SessionFormat is how the folder of a session is called, after the time in UTC at which it was opened: see SessionOf.
const SessionFormat = "20060102T150405Z"

// OwnFolder is what stands before the path of a file that is in no session, where others are.
const OwnFolder = "./"

// SessionOf takes a path of what is published apart: the folder of the session that it is in, and the path that the file has in the
// directory. A session is the folder of one run of a packager, 20060102T150405Z or that with -2, -3, …; its files never change. What is
// written again within a run is in a folder of its own there, .2 and so on, which belongs to the folder. folder ends with a slash, and is
// empty if the path is in no session.
func SessionOf(published string) (folder, path string) {
	name, path, ok := strings.Cut(published, "/")
	if !ok || !isSession(name) {
		return "", published
	}
	if variant, rest, ok := strings.Cut(path, "/"); ok && len(variant) > 1 && variant[0] == '.' && strings.Trim(variant[1:], "0123456789") == "" {
		return name + "/" + variant + "/", rest
	}
	return name + "/", path
}

// isSession reports whether a folder has the name of a session.
func isSession(folder string) bool {
	stamp, more, again := strings.Cut(folder, "-")
	if len(stamp) != len(SessionFormat) {
		return false
	}
	if _, err := time.Parse(SessionFormat, stamp); err != nil {
		return false
	}
	n, err := strconv.Atoi(more)
	return !again || err == nil && n > 1 && more[0] != '+'
}
