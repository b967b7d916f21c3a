package hlsship_test

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// longestReadme is how many lines somebody reads who does not know hlsship yet.
const longestReadme = 180

// documents lists what is written for people, by name: the root's, those of docs and that of the chart.
func documents(t *testing.T) []string {
	t.Helper()
	all := []string{"packaging/helm/hlsship/README.md"}
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) < 4 {
			t.Fatalf("%s: %q, %v", pattern, found, err)
		}
		all = append(all, found...)
	}
	return all
}

// anchors returns the names by which GitHub links to the headings of a document.
func anchors(text string) map[string]bool {
	names := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(withoutBlocks(text), -1) {
		var b strings.Builder
		for _, r := range strings.ToLower(m[1]) {
			switch {
			case r == ' ':
				b.WriteRune('-')
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				b.WriteRune(r)
			}
		}
		names[b.String()] = true
	}
	return names
}

// withoutBlocks leaves out what stands between fences, where # begins a comment.
func withoutBlocks(text string) string {
	return regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(text, "")
}

// dead lists links of a document that lead nowhere. has says whether there is such a file, and its text.
func dead(name, text string, has func(string) (string, bool)) []string {
	var wrong []string
	for _, m := range regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`).FindAllStringSubmatch(withoutBlocks(text), -1) {
		to, anchor := name, m[2]
		if m[1] != "" {
			to = path.Join(path.Dir(name), m[1])
		}
		target, ok := has(to)
		if !ok || anchor != "" && !anchors(target)[anchor] {
			wrong = append(wrong, m[1]+"#"+anchor)
		}
	}
	return wrong
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for _, name := range documents(t) {
		if wrong := dead(name, read(t, name), func(file string) (string, bool) {
			text, err := os.ReadFile(file)
			_, statErr := os.Stat(file)
			return string(text), err == nil || statErr == nil // a folder has no text
		}); len(wrong) > 0 {
			t.Errorf("%s links to %q, which is not there", name, wrong)
		}
	}
}

// TestDeadLinksAreNoticed is the proof that TestLinks can fail.
func TestDeadLinksAreNoticed(t *testing.T) {
	t.Parallel()
	files := map[string]string{"README.md": "# It\n## A `b`: c, d-e\n```sh\n# no heading\n```\n", "docs/a.md": "# A\n"}
	has := func(file string) (string, bool) { text, ok := files[file]; return text, ok }
	for text, want := range map[string]int{
		"[a](../README.md)":                  0,
		"[a](../README.md#a-b-c-d-e)":        0,
		"[a](../README.md#no-heading)":       1,
		"[a](README.md)":                     1,
		"[a](a.md#a) [b](#a)":                1, // this text has no heading
		"# B\n[b](#b)":                       0,
		"[a](https://example.com/x#y)":       0,
		"```\n[a](nothing.md)\n```":          0,
		"[a](a.md#A) and ![b](../README.md)": 1,
	} {
		if got := dead("docs/b.md", text, func(file string) (string, bool) {
			if file == "docs/b.md" {
				return text, true
			}
			return has(file)
		}); len(got) != want {
			t.Errorf("%q: got %q, want %d", text, got, want)
		}
	}
}

// TestReadme keeps the first page short, and everything else one click away.
func TestReadme(t *testing.T) {
	t.Parallel()
	text := read(t, "README.md")
	if n := strings.Count(text, "\n"); n > longestReadme {
		t.Errorf("the README has %d lines, more than %d", n, longestReadme)
	}
	linked := map[string]bool{}
	for _, m := range regexp.MustCompile(`\]\(([^)#:]+)`).FindAllStringSubmatch(text, -1) {
		linked[m[1]] = true
	}
	for _, name := range documents(t) {
		if name != "README.md" && !linked[name] && !strings.HasPrefix(name, "packaging/") {
			t.Errorf("the README does not link to %s", name)
		}
	}
	for _, command := range []string{"make demo", "make test", "hlsship check", "ffplay "} {
		if !strings.Contains(text, command) {
			t.Errorf("the README does not say %q", command)
		}
	}
}

// TestDocumentsKnowMetricsAndMessages keeps metrics and lines of the log that the documents speak of. A line
// stands between backquotes, has a space and no capital, and may be the beginning of what is logged.
func TestDocumentsKnowMetricsAndMessages(t *testing.T) {
	t.Parallel()
	known := read(t, "metrics/testdata/exposition.txt")
	var code strings.Builder
	for _, s := range sources(t) {
		if !s.test() {
			code.Write(s.text)
		}
	}
	for _, name := range documents(t) {
		if name == "CHANGELOG.md" { // which tells of what is no more
			continue
		}
		text := withoutBlocks(read(t, name))
		for _, metric := range regexp.MustCompile(`hlsship_[a-z_]+[a-z]`).FindAllString(text, -1) {
			if !strings.Contains("\n"+known, "\n"+metric+"{") {
				t.Errorf("%s speaks of %s, which does not exist", name, metric)
			}
		}
		if name != "docs/operations.md" {
			continue
		}
		for _, line := range messages(text) {
			if !strings.Contains(code.String(), `"`+line) {
				t.Errorf("%s says that the log has %q, which nobody writes", name, line)
			}
		}
	}
}

// messages lists what a text shows as lines of the log.
func messages(text string) []string {
	found := map[string]bool{}
	for _, m := range regexp.MustCompile("`([a-z][a-z',; ]* [a-z',; ]*[a-z'])`").FindAllStringSubmatch(text, -1) {
		switch first, _, _ := strings.Cut(m[1], " "); first {
		case "sudo", "systemctl", "journalctl", "hlsship", "kubectl", "make":
		default:
			found[m[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// TestStatesAreExplained keeps the tables of states in step with the words of the metrics, the worst first.
func TestStatesAreExplained(t *testing.T) {
	t.Parallel()
	guide, known := read(t, "docs/operations.md"), read(t, "metrics/testdata/exposition.txt")
	for _, what := range []string{"stream", "store", "channel"} {
		m := regexp.MustCompile(`1 for the state of the ` + what + `, 0 for all others: ([\w, ]+)\.`).FindStringSubmatch(known)
		table := regexp.MustCompile(`(?m)^\| A ` + what + ` is \|.*\n\|---.*\n((?:\|.*\n)+)`).FindStringSubmatch(guide)
		if m == nil || table == nil {
			t.Fatalf("the states of a %s are not found", what)
		}
		var explained []string
		for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(table[1], -1) {
			explained = append(explained, row[1])
		}
		if got := strings.Join(explained, ", "); got != m[1] {
			t.Errorf("the states of a %s are explained as %s, and are %s", what, got, m[1])
		}
	}
}
