//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// row is a mode and what came of its two runs.
type row struct {
	mode         mode
	live, killed outcome
	// continuous and goesOn are the same with continuous playlists.
	continuous, goesOn outcome
	// recording and recordings are the same with a recording of each run.
	recording, recordings outcome
}

// report prints the matrix, and with -update writes it into the documents.
func report(t *testing.T, rows []*row) {
	t.Helper()
	whole, short := matrix(t, rows), summary(t, rows)
	t.Logf("\n%s\n%s", whole, short)
	if !isSet("update") || t.Failed() || slices.ContainsFunc(rows, func(r *row) bool { return r.live.segments == 0 || r.goesOn.segments == 0 }) {
		return // with -run, not all of them were run
	}
	root, err := storetest.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	for place, table := range map[string]string{"packagers": whole, "summary": short} {
		insert(t, filepath.Join(root, "docs", "packagers.md"), place+`: written by "make test-packagers"`, table)
	}
}

// insert puts the table into a document, between the marker and the next end.
func insert(t *testing.T, document, marker, table string) {
	t.Helper()
	const end = "<!-- end -->"
	begin := "<!-- " + marker + " -->\n"
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := bytes.Cut(text, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !found || !closed {
		t.Fatalf("%s has no place for %s", document, marker)
	}
	text = fmt.Appendf(nil, "%s%s%s%s%s", before, begin, table, end, after)
	if err := os.WriteFile(document, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// matrix has a line for each mode.
func matrix(t *testing.T, rows []*row) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| Packager | Version | Mode | Segments | Playlists published | Violations | Killed and restarted: segments | playlists published | violations | Continuous playlists: violations | killed and restarted | Recorded: violations | killed and restarted |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", r.mode.packager, r.mode.version(t), r.mode.name, r.live.cells(), r.killed.cells(), r.continuous.verdict(), r.goesOn.verdict(), r.recording.verdict(), r.recordings.verdict())
	}
	return b.String()
}

// cells are the three columns of a run.
func (o outcome) cells() string {
	return fmt.Sprintf("%d | %d of %d | %s", o.segments, o.published, o.versions, o.verdict())
}

// verdict is how many rules were broken.
func (o outcome) verdict() string {
	if o.failed {
		return fmt.Sprintf("**%d, failed**", o.violations)
	}
	return fmt.Sprint(o.violations)
}

// summary has a line for each packager.
func summary(t *testing.T, rows []*row) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| Packager | Version | Modes | Segments | Playlists published | Violations |\n|---|---|---|---|---|---|\n")
	for i := 0; i < len(rows); {
		first, modes, total := rows[i], 0, outcome{}
		for ; i < len(rows) && rows[i].mode.packager == first.mode.packager; i++ {
			modes++
			for _, o := range []outcome{rows[i].live, rows[i].killed, rows[i].continuous, rows[i].goesOn} {
				total.segments += o.segments
				total.published += o.published
				total.violations += o.violations
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d |\n", first.mode.packager, first.mode.version(t), modes, total.segments, total.published, total.violations)
	}
	return b.String()
}

// version asks the packager for its version.
func (m mode) version(t *testing.T) string {
	t.Helper()
	program := m.needs[0]
	path, found := packagerProgram(program)
	if !found {
		return "not installed"
	}
	argument := "--version"
	switch program {
	case "ffmpeg", "ffmpeg-2018":
		argument = "-version"
	case "nginx-rtmp":
		return installedVersion(t, "nginx/usr/share/doc/libnginx-mod-rtmp/version")
	case "node-media-server":
		return installedVersion(t, "node_modules/node-media-server/package.json")
	}
	output, err := exec.CommandContext(t.Context(), path, argument).CombinedOutput()
	if err != nil {
		t.Errorf("version of %s: %v", program, err)
	}
	return versionIn(strings.ReplaceAll(string(output), program, ""))
}

// installedVersion reads it from a file below packagerHome.
func installedVersion(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(packagerHome(), name))
	if err != nil {
		t.Error(err)
	}
	if _, rest, found := strings.Cut(string(text), `"version"`); found {
		return versionIn(rest)
	}
	return versionIn(string(text))
}

// versionIn returns the first thing that looks like a version.
func versionIn(text string) string {
	if v := regexp.MustCompile(`N-\d+-g[0-9a-f]+|\d+\.\d+(\.\d+)*`).FindString(text); v != "" {
		return v
	}
	return "unknown"
}
