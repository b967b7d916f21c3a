package watcher

import (
	"os"
	"slices"
)

// identities returns the identities of those folders that are there.
func identities(folders []string) map[fileID]bool {
	ids := make(map[fileID]bool)
	for _, folder := range folders {
		if fi, err := os.Stat(folder); err == nil {
			ids[idOf(fi)] = true
		}
	}
	return ids
}

// leaves reports whether a folder of that identity and absolute path is to be left alone: that it is one of the folders
// whose paths and identities are given. Where there are no identities their paths have to do.
func leaves(folders []string, ids map[fileID]bool, id fileID, path string) bool {
	if id == (fileID{}) {
		return slices.Contains(folders, path)
	}
	return ids[id]
}
