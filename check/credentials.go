package check

import "os"

// keyFiles says if others can read or change a file with keys that this set-up may use.
func (s *storeCheck) keyFiles() {
	for _, file := range append(s.config.Store.Credentials.Files(os.Getenv), s.config.Store.TLS.KeyFile) {
		fi, err := os.Stat(file)
		if err != nil || !fi.Mode().IsRegular() {
			continue // opening the store says so if it is needed
		}
		mode := fi.Mode().Perm()
		switch groupOf(fi) {
		case -1: // a system without such modes
			continue
		case 0:
			mode &^= 0o060 // of root, as systemd gives them
		}
		if mode&0o066 != 0 {
			s.found.warn("credentials-readable", "Let nobody but this user read and write it: chmod 600.",
				"others than its owner may read or change the keys in %s (mode %#o)", file, fi.Mode().Perm())
		}
	}
}
