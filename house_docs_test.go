package hlsship_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the tables of the documents again")

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// metricsTable makes a table of the golden list that the metrics package checks against its registry:
// a line "name{labels} type, n series" and one with a tab and the help for each metric.
func metricsTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| Metric | Labels | Type | Meaning |\n|---|---|---|---|\n")
	found := regexp.MustCompile(`(\w+)\{([\w,]*)\} (\w+), .*\n\t(.+)\n`).FindAllStringSubmatch(read(t, "metrics/testdata/exposition.txt"), -1)
	for _, m := range found {
		labels := "–"
		if m[2] != "" {
			labels = "`" + strings.ReplaceAll(m[2], ",", "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m[1], labels, m[3], m[4])
	}
	if len(found) == 0 {
		t.Fatal("no metric found")
	}
	return b.String()
}

// between returns what stands between the marker of that name and the next end.
func between(text, name string) (before, within, after string, ok bool) {
	before, rest, ok := strings.Cut(text, "<!-- "+name+": written by \"make docs\" -->\n")
	if !ok {
		return "", "", "", false
	}
	within, after, ok = strings.Cut(rest, "<!-- end -->")
	return before, within, after, ok
}

// benchTable makes a table of what docs/bench.md measured with 20 ms added to each upload.
func benchTable(t *testing.T) string {
	t.Helper()
	names := map[string]string{"bare": "the bare uploads, in order", "hlsship": "hlsship", "mc": "`mc mirror --watch`", "rclone": "`rclone copy` in a loop"}
	var b strings.Builder
	b.WriteString("| | Playlists published before their segment | Median time to publish |\n|---|---|---|\n")
	_, rest, _ := strings.Cut(read(t, "docs/bench.md"), "\n## 20ms\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	rows := regexp.MustCompile(`(?m)^\| (\w+) +\| +\d+ \| +(\d+) \| +([\d.]+) \|.* (\d+) \| +\d+ \| +\d+ \|$`).FindAllStringSubmatch(section, -1)
	for _, m := range rows {
		fmt.Fprintf(&b, "| %s | %s of %s | %s ms |\n", names[m[1]], m[4], m[2], m[3])
	}
	if len(rows) != len(names) {
		t.Fatalf("docs/bench.md has %d rows with 20 ms, want %d", len(rows), len(names))
	}
	return b.String()
}

// TestTables keeps the tables of the documents equal to what the code says.
func TestTables(t *testing.T) {
	t.Parallel()
	for _, table := range []struct{ document, name, want string }{
		{"docs/settings.md", "settings", read(t, "cmd/hlsship/testdata/reference.md")},
		{"docs/settings.md", "example", "```yaml\n" + read(t, "packaging/hlsship.yml") + "```\n"},
		{"docs/metrics.md", "metrics", metricsTable(t)},
		{"README.md", "bench", benchTable(t)},
	} {
		before, got, after, ok := between(read(t, table.document), table.name)
		if !ok {
			t.Fatalf("%s has no place for %s", table.document, table.name)
		}
		if *update {
			text := before + fmt.Sprintf("<!-- %s: written by \"make docs\" -->\n", table.name) + table.want + "<!-- end -->" + after
			if err := os.WriteFile(table.document, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if got != table.want {
			t.Errorf("%s: %s are not those of the code; run make docs", table.document, table.name)
		}
	}
}

// TestExampleSettings has the program read the example. The level is wrong on purpose, so that it stops
// before it ships anything; nothing else may be.
func TestExampleSettings(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "hlsship")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/hlsship").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), binary, "run", "--config", "packaging/hlsship.yml", "--log-level", "loud").CombinedOutput()
	if err == nil || strings.Count(string(out), "\n") != 2 || !bytes.Contains(out, []byte(`--log-level: "loud" is none of`)) {
		t.Errorf("got %v and %q, want one problem", err, out)
	}
}

// TestDocumentsNameWhatExists keeps tests, fuzz targets, make targets, files and packages that the
// documents speak of.
func TestDocumentsNameWhatExists(t *testing.T) {
	t.Parallel()
	functions := map[string]bool{}
	all := sources(t)
	for _, s := range all {
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`).FindAllSubmatch(s.text, -1) {
			functions[string(m[1])] = true
		}
	}
	targets := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(read(t, "Makefile"), -1) {
		targets[m[1]] = true
	}
	for _, name := range documents(t) {
		text := read(t, name)
		for _, m := range regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w+)`").FindAllStringSubmatch(text, -1) {
			if !functions[m[1]] {
				t.Errorf("%s names %s, which is not there", name, m[1])
			}
		}
		for _, m := range regexp.MustCompile("(?m)[`^]make ([a-z-]+)").FindAllStringSubmatch(text, -1) {
			if !targets[m[1]] {
				t.Errorf("%s names make %s, which is not there", name, m[1])
			}
		}
	}
	guide := read(t, "CONTRIBUTING.md")
	for _, dir := range slices.Sorted(maps.Keys(packages(all))) {
		if dir != "." && !strings.Contains(guide, "`"+dir+"/`") {
			t.Errorf("CONTRIBUTING.md does not say what %s is for", dir)
		}
	}
}

// TestPackagingFits keeps what lies in packaging and the Dockerfile in step with the program.
func TestPackagingFits(t *testing.T) {
	t.Parallel()
	metrics := read(t, "metrics/testdata/exposition.txt")
	for _, name := range regexp.MustCompile(`hlsship_[a-z_]+`).FindAllString(read(t, "packaging/prometheus/alerts.yml"), -1) {
		name = regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
		if !strings.Contains(metrics, name+"{") {
			t.Errorf("alerts.yml asks for %s, which does not exist", name)
		}
	}
	drain := duration(t, "cmd/hlsship/testdata/reference.md", "`drain_timeout` \\| `(\\w+)`")
	if grace := duration(t, "packaging/systemd/hlsship.service", `TimeoutStopSec=(\w+)`); grace < drain+5*time.Second {
		t.Errorf("systemd kills after %v, and draining alone may take %v", grace, drain)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+\.\d+)$`).FindStringSubmatch(read(t, "go.mod"))[1]
	for name, want := range map[string]string{
		"Dockerfile": "golang:" + version + "-", "README.md": "Go " + version + ",", "packaging/image_test.go": "golang:" + version + "-",
		"packaging/checks/go.mod": "\ngo " + version + "\n",
	} {
		if !strings.Contains(read(t, name), want) {
			t.Errorf("%s is not about Go %s, which go.mod asks for", name, version)
		}
	}
	gateway := regexp.MustCompile(`(?m)^VERSITYGW := (.+)$`).FindStringSubmatch(read(t, "Makefile"))[1]
	if !strings.Contains(read(t, "uploader/storetest/gateway.go"), "/versitygw@"+gateway+`"`) {
		t.Errorf("the Makefile installs versitygw %s, and storetest wants another", gateway)
	}
	if !strings.Contains(read(t, "README.md"), "/versitygw@"+gateway+"\n") {
		t.Errorf("the Makefile installs versitygw %s, and the README another", gateway)
	}
}

func duration(t *testing.T, file, pattern string) time.Duration {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(read(t, file))
	if m == nil {
		t.Fatalf("%s has no %s", file, pattern)
	}
	d, err := time.ParseDuration(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// strangePaths lists absolute paths of one machine: what is written in the project holds everywhere.
func strangePaths(text string) []string {
	return regexp.MustCompile(`/(?:work|home/\w+|root|Users|tmp/bin)/[\w./-]+`).FindAllString(text, -1)
}

func TestNoPathsOfOneMachine(t *testing.T) {
	t.Parallel()
	walk(t, func(name string, text []byte) {
		if bytes.IndexByte(text, 0) >= 0 || name == "house_docs_test.go" {
			return
		}
		for _, p := range strangePaths(string(text)) {
			t.Errorf("%s mentions %s", name, p)
		}
	}, "")
	for text, want := range map[string]int{
		"see /work" + "/main/x.go":                         1,
		"in /home" + "/me/project":                         1,
		"/tmp" + "/bin/tool --help":                        1,
		"/tmp/hls and /usr/bin/hlsship, network/home/page": 0,
	} {
		if got := strangePaths(text); len(got) != want {
			t.Errorf("%q: got %q, want %d", text, got, want)
		}
	}
}
