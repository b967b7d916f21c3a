package main

import (
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// warnOfKeys says what lets others have the channel's keys. env are the variables of the process.
func (c channel) warnOfKeys(env map[string]string, logger *slog.Logger) {
	for _, name := range c.store.credentials.Files(func(name string) string { return env[name] }) {
		if mode, open := openToAll(name); open {
			logger.Warn("every user of this machine can get at the keys", "file", name, "mode", mode.String(),
				"cure", "take the rights of others away: chmod o= FILE, or defaultMode: 0440 where Kubernetes mounts it")
		}
	}
	if c.store.isPlain() {
		logger.Warn("the store is asked over plain http", "endpoint", c.store.endpoint,
			"cure", "use https: who is on the way can read session tokens and files, and change them")
	}
}

// openToAll says whether users who are neither the owner nor of the group can read or change the file, and its mode. One that is
// not there, or in a folder that they cannot enter, is safe.
func openToAll(name string) (fs.FileMode, bool) {
	const readOrWrite, enter = 0o006, 0o001
	name, err := filepath.Abs(name)
	if err != nil {
		return 0, false
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real // what counts are the folders where it lies
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode()&readOrWrite == 0 {
		return 0, false
	}
	for folder := filepath.Dir(name); ; folder = filepath.Dir(folder) {
		if at, err := os.Stat(folder); err == nil && at.Mode()&enter == 0 {
			return 0, false
		}
		if folder == filepath.Dir(folder) {
			return info.Mode().Perm(), true
		}
	}
}

// isPlain says whether requests go over http to somewhere that may be beyond the operator's own network. Names are not looked
// up: they may mean something else tomorrow.
func (c storeConfig) isPlain() bool {
	u, err := url.Parse(c.endpoint)
	if err != nil || !strings.EqualFold(u.Scheme, "http") {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if addr, err := netip.ParseAddr(host); err == nil {
		addr = addr.Unmap()
		return !addr.IsLoopback() && !addr.IsPrivate() && !addr.IsLinkLocalUnicast()
	}
	for _, own := range []string{".local", ".localhost", ".svc", ".internal"} {
		if strings.HasSuffix(host, own) {
			return false
		}
	}
	return strings.Contains(host, ".")
}
