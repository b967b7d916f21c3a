package check

import (
	"os"
	"path/filepath"

	"github.com/hlsship/hlsship/uploader/s3"
)

// keyFiles says if others can read or change a file with keys that this set-up may use.
func (s *storeCheck) keyFiles() {
	for _, file := range filesOfKeys(s.config.Store.Credentials) {
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

// filesOfKeys lists the files that such credentials are read from.
func filesOfKeys(c s3.Credentials) []string {
	switch {
	case c.AccessKey != "":
		return nil
	case c.AccessKeyFile != "" || c.SecretKeyFile != "":
		return []string{c.AccessKeyFile, c.SecretKeyFile}
	case c.File != "":
		return []string{c.File}
	}
	if file := os.Getenv("AWS_SHARED_CREDENTIALS_FILE"); file != "" {
		return []string{file}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	return []string{filepath.Join(home, ".aws", "credentials")}
}
