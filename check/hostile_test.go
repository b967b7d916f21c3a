//go:build linux

package check

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/hlsship/hlsship/uploader/s3"
)

// TestLegible writes what nobody sees as what it is.
func TestLegible(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"hi/späße 日本語 🎬 \"a\" \\": "hi/späße 日本語 🎬 \"a\" \\",
		"a\nb\r\tc\x00":           `a\nb\r\tc\x00`,
		"\x1b[31m\u009b31m\x7f":   `\x1b[31m\u009b31m\x7f`,
		"a\xff\xc3":               `a\xff\xc3`,
		"\ufffd":                  "\ufffd", // which is a character
		"\u202egpj.\u2066x\u2069": `\u202egpj.\u2066x\u2069`,
		"\u2028\u200b\ufeff":      `\u2028\u200b\ufeff`,
	} {
		if got := Legible(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	for n := range 220 {
		if s := short(strings.Repeat("ä", n)); !utf8.ValidString(s) || len(s) > 210 {
			t.Errorf("%d characters: cut within one: %q", n, s)
		}
	}
}

// TestHostileNames: whatever a name, a text or an error holds, a terminal shows it and does nothing else.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	const evil = "\x1b]0;owned\a\n\x1b[2J\u202e\xff"
	s := &stage{t: t, config: Config{Dir: filepath.Join(t.TempDir(), "dir"+evil), Store: s3.Config{
		Endpoint: "http://127.0.0.1:1", Bucket: "bucket", Credentials: s3.Credentials{File: filepath.Join(t.TempDir(), evil)},
	}}, sys: kernel()}
	must(t, os.WriteFile(s.config.Store.Credentials.File, nil, 0o600))
	must(t, os.Chmod(s.config.Store.Credentials.File, 0o666))
	s.file("folder"+evil+"/seg"+evil+".ts", "x")
	s.playlist("list"+evil+".m3u8", "#EXTINF:4,\n../../out\x1b[31m.ts\n#EXTINF:4,\nno%e2%80%ae.ts\n")
	s.file("none"+evil+".m3u8", "<html>"+evil)
	s.file("none"+evil+".mpd", "<MPD>"+evil)
	must(t, os.Symlink("nowhere", filepath.Join(s.config.Dir, ".hlsship")))
	if os.Geteuid() != 0 {
		shut := filepath.Join(s.config.Dir, "folder"+evil)
		must(t, os.Chmod(shut, 0))
		t.Cleanup(func() { _ = os.Chmod(shut, 0o755) })
	}
	s.sys.lists = func(string) error { return nil }
	all := run(t.Context(), s.config, s.sys)
	for _, f := range all {
		if text := f.Found + f.Cure; !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool {
			return unicode.IsControl(c) || unicode.In(c, unicode.Cf)
		}) {
			t.Errorf("%s: raw: %q", f.ID, text)
		}
	}
	for _, id := range []string{"dir", "playlist-malformed", "playlist-outside", "playlist-names-missing", "spool-foreign", "credentials-readable"} {
		if _, ok := pick(all, id); !ok {
			t.Errorf("no %s among\n%s", id, listed(all))
		}
	}
	d := directoryCheck{config: s.config, found: &findings{}, closed: map[string]bool{"a" + evil: true}}
	d.readable(streams{})
	if f := d.found.taken()[0]; strings.Contains(f.Found, "\x1b") || !strings.Contains(f.Found, `\x1b]0;owned\a\n`) {
		t.Errorf("raw: %q", f.Found)
	}
}

// TestForeignSpoolIsLeftAlone: nothing is made in a spool folder that somebody else made.
func TestForeignSpoolIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "kept", "below/kept"} {
		s := &stage{t: t, config: Config{Dir: t.TempDir(), Spool: name}, sys: kernel()}
		folder := filepath.Join(s.config.Dir, name)
		if name == "" {
			folder = filepath.Join(s.config.Dir, ".hlsship")
		}
		must(t, os.MkdirAll(folder, 0o700))
		must(t, os.Chmod(folder, 0o777))
		s.file(filepath.ToSlash(strings.TrimPrefix(folder, s.config.Dir))+"/his.ts", "x")
		before, err := os.Stat(folder)
		must(t, err)
		var found findings
		d := directoryCheck{config: s.config, sys: s.sys, found: &found}
		d.run(t.Context())
		after, err := os.Stat(folder)
		must(t, err)
		entries, err := os.ReadDir(folder)
		must(t, err)
		if len(entries) != 1 || !after.ModTime().Equal(before.ModTime()) {
			t.Errorf("%q was changed: %v", name, entries)
		}
		if _, ok := d.files[name+"/his.ts"]; ok {
			t.Errorf("%q: what lies in a spool is looked at", name)
		}
		if _, ok := pick(found.taken(), "spool-foreign"); !ok {
			t.Errorf("%q: got\n%s", name, listed(found.taken()))
		}
	}
}

// TestKeyFiles warns of the files with keys that are used, if others may read them.
func TestKeyFiles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		mode  fs.FileMode
		group int // -1 for that of the tests
		want  bool
	}{
		{"its owner's", 0o600, -1, false}, {"read only", 0o400, -1, false}, {"everybody's", 0o644, -1, true},
		{"writable for all", 0o602, -1, true}, {"of a group", 0o640, 2001, true}, {"written by a group", 0o620, 2001, true},
		{"of root's group", 0o440, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.group >= 0 && os.Geteuid() != 0 {
				t.Skip("needs root, to choose the group of a file")
			}
			file := filepath.Join(t.TempDir(), "keys")
			must(t, os.WriteFile(file, nil, 0o600))
			must(t, os.Chown(file, -1, tt.group))
			must(t, os.Chmod(file, tt.mode))
			link := file + ".link" // as secrets are mounted
			must(t, os.Symlink(file, link))
			for _, c := range []s3.Credentials{
				{AccessKeyFile: link, SecretKeyFile: "missing"}, {SecretKeyFile: file}, {File: link, Profile: "p"},
			} {
				look := storeCheck{config: Config{Store: s3.Config{Credentials: c}}, found: &findings{}}
				look.keyFiles()
				f, got := pick(look.found.taken(), "credentials-readable")
				if got != tt.want || got && (f.Level != Warning || !strings.Contains(f.Found, "keys") || !strings.Contains(f.Cure, "600")) {
					t.Errorf("%+v: got %v: %+v", c, got, f)
				}
			}
			look := storeCheck{config: Config{Store: s3.Config{Credentials: s3.Credentials{AccessKey: "a", SecretKey: "s", File: file}}}, found: &findings{}}
			if look.keyFiles(); look.found.count() != 0 {
				t.Error("warned of a file that is not used")
			}
		})
	}
}

// TestKeyFilesOfTheEnvironment cannot run in parallel, as it sets the environment.
func TestKeyFilesOfTheEnvironment(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "")
	if got := (s3.Credentials{}).Files(os.Getenv); !slices.Equal(got, []string{home + "/.aws/credentials"}) {
		t.Errorf("at home: %q", got)
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/elsewhere")
	if got := (s3.Credentials{Profile: "p"}).Files(os.Getenv); !slices.Equal(got, []string{"/elsewhere"}) {
		t.Errorf("in the environment: %q", got)
	}
	if got := (s3.Credentials{File: "/named"}).Files(os.Getenv); !slices.Equal(got, []string{"/named"}) {
		t.Errorf("named: %q", got)
	}
}
