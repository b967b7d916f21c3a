package s3

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestParseShared(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"comments and blanks", "# a\n; b\n\n[one] # c\n  # d\nk = v # e\nl=v;#f\n", "one: k=v l=v;#f"},
		{"Windows", "\xef\xbb\xbf[one]\r\nk = v\r\n", "one: k=v"},
		{"case and space", "[ profile  one ]\nKEY=\tv w \n", "profile one: key=v w"},
		{"indented throughout", "[one]\n  a = 1\n  b = 2\n", "one: a=1 b=2"},
		{"nested", "[one]\ns3 =\n  endpoint_url = http://h/?a=b\n  other = x\nb = 2\n", "one: b=2 s3= s3.endpoint_url=http://h/?a=b s3.other=x"},
		{"continued", "[one]\na = 1\n  2\nb = 3\n", "one: a=1\\n2 b=3"},
		{"twice", "[one]\na = 1\nb = 1\n[two]\n[one]\na = 2\n", "one: a=2 b=1; two:"},
		{"no bracket", "[one\n", "error: line 1 lacks a ]"},
		{"before a section", "\na = SECRET\n", "error: line 2 stands before"},
		{"no key", "[one]\nSECRET\n", "error: line 2 is neither"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "shared")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			s := shared{profiles: map[string]section{}, sessions: map[string]section{}, services: map[string]section{}}
			err := s.read(file, true, func(title string) (string, bool) { return title, true })
			got := shownSections(s.profiles)
			if err != nil {
				got = strings.Replace("error: "+err.Error(), file+": ", "", 1)
			}
			if tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) || strings.Contains(got, "SECRET") || err == nil && got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// shownSections writes sections as "name: key=value key=value; name: key=value", sorted.
func shownSections(all map[string]section) string {
	var shown []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		line := name + ":"
		for _, key := range slices.Sorted(maps.Keys(all[name].values)) {
			line += " " + key + "=" + strings.ReplaceAll(all[name].values[key], "\n", "\\n")
		}
		shown = append(shown, line)
	}
	return strings.Join(shown, "; ")
}

// TestSharedFilesAreBounded refuses what is too large, what might never end and what may not be read.
func TestSharedFilesAreBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	large, fifo := filepath.Join(dir, "large"), filepath.Join(dir, "fifo")
	if err := os.WriteFile(large, append([]byte("[base]\naws_access_key_id=a\naws_secret_access_key=s\n"), make([]byte, maxSharedFile)...), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{large: "is larger than", fifo: "is no regular file", dir: "is no regular file", filepath.Join(dir, "none"): "no such file"} {
		c := serverConfig("http://127.0.0.1:1")
		c.Credentials, c.env = Credentials{File: file, Profile: "base"}, newHome(t, nil).env("")
		if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", file, err, want)
		}
	}
}

// TestUnusedFilesDoNotMatter has a shared file that is no such file beside keys of the environment.
func TestUnusedFilesDoNotMatter(t *testing.T) {
	t.Parallel()
	h := newHome(t, nil)
	h.write(t, ".aws/config", "no file of this kind", 0o600)
	for env, want := range map[string]bool{"AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=s": true, "AWS_EC2_METADATA_DISABLED=true": false, "AWS_PROFILE=a": false} {
		c := serverConfig("http://127.0.0.1:1")
		c.Credentials, c.env = Credentials{}, h.env(env)
		if _, err := Open(t.Context(), c); (err == nil) != want {
			t.Errorf("%s: got %v", env, err)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`/x/get`:                          `["/x/get"]`,
		` get  --a	b `:                    `["get" "--a" "b"]`,
		`"/my keys/get" --r "live up"`:    `["/my keys/get" "--r" "live up"]`,
		`get 'a "b" \c' ''`:               `["get" "a \"b\" \\c" ""]`,
		`get a\ b "c\"d" "e\f" x"y"'z'`:   `["get" "a b" "c\"d" "e\\f" "xyz"]`,
		`get $HOME; rm * | x > y` + "`z`": `["get" "$HOME;" "rm" "*" "|" "x" ">" "y` + "`z`" + `"]`,
		`get "a`:                          `a quote is not closed`,
		`get a\`:                          `a quote is not closed`,
		`  `:                              `it names no program`,
		`"" a`:                            `it names no program`,
	} {
		all, err := words(line)
		got := fmt.Sprintf("%q", all)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", line, got, want)
		}
	}
}
