package spool

import (
	"strings"

	"github.com/hlsship/hlsship/hls"
)

// A pin below named says behind its fingerprint for which keys it is kept: @ and the folders that stand before the path in them, with +
// between them. Where there are no sessions it says nothing, as it did in earlier versions of the spool.

// ownPath is what stands for hls.OwnFolder.
const ownPath = "own"

// foldersName returns what the name of a pin says of the folders; nothing if there is no room for all.
func foldersName(pin string, folders []string) string {
	var names []string
	for _, folder := range folders {
		switch folder {
		case "":
		case hls.OwnFolder:
			names = append(names, ownPath)
		default:
			names = append(names, strings.ReplaceAll(strings.TrimSuffix(folder, "/"), "/", ""))
		}
	}
	if names == nil {
		return ""
	}
	text := "@" + strings.Join(names, "+")
	if len(pin)-strings.LastIndexByte(pin, '/')-1+len(text) > maxName {
		return ""
	}
	return text
}

// parseFolders takes what foldersName made off a pin. The others it returns as they are.
func parseFolders(name string) (pin, text string, folders []string) {
	at := strings.LastIndexByte(name, '@')
	if at < 0 {
		return name, "", nil
	}
	for one := range strings.SplitSeq(name[at+1:], "+") {
		session, variant, again := strings.Cut(one, ".")
		folder := session + "/"
		if again {
			folder += "." + variant + "/"
		}
		switch found, _ := hls.SessionOf(folder + "x"); {
		case one == ownPath:
			folder = hls.OwnFolder
		case found != folder:
			return name, "", nil
		}
		folders = append(folders, folder)
	}
	if foldersName(name[:at], folders) != name[at:] {
		return name, "", nil
	}
	return name[:at], name[at:], folders
}
