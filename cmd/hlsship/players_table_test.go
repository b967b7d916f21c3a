//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// reportWatched prints the table, and with -update writes it into the documents.
func reportWatched(t *testing.T, players []client, rows []*watched) {
	t.Helper()
	table := watchedTable(t, players, rows)
	t.Logf("\n%s", table)
	if !isSet("update") || len(players) < len(clients()) || slices.ContainsFunc(rows, func(w *watched) bool { return w.impressions == nil }) {
		return // some are not installed, or with -run not all was played
	}
	root, err := storetest.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	insert(t, filepath.Join(root, "docs", "players.md"), `players: written by "make test-players"`, table)
}

// watchedTable has two lines for each incident, and a column for each player.
func watchedTable(t *testing.T, players []client, rows []*watched) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| The packager | `--playlists` |")
	for _, c := range players {
		fmt.Fprintf(&b, " %s %s |", c.name, c.version(t.Context()))
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(players)) + "\n")
	for _, w := range rows {
		for _, manner := range manners() {
			fmt.Fprintf(&b, "| %s | %s |", w.incident.name, manner)
			for _, c := range players {
				cell := "–"
				if i, found := w.impressions[manner][c.name]; found {
					cell = i.cell(c.grain)
				}
				fmt.Fprintf(&b, " %s |", cell)
			}
			b.WriteString("\n")
		}
	}
	fmt.Fprintf(&b, "\nMeasured on %s.\n", time.Now().Format(time.DateOnly))
	return b.String()
}

// TestTenLines keeps the lines that the documents give to those who build pages equal to those that were tested.
func TestTenLines(t *testing.T) {
	t.Parallel()
	root, err := storetest.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	read := func(name ...string) string {
		text, err := os.ReadFile(filepath.Join(name...))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	_, body, begun := strings.Cut(read("testdata", "players", "recover.mjs"), "=> {\n")
	body, closed := strings.CutSuffix(body, "};\n")
	lines := strings.ReplaceAll("\n"+body, "\n  ", "\n")
	if !begun || !closed || !strings.Contains(read(root, "docs", "players.md"), "```js"+lines+"```") {
		t.Errorf("docs/players.md has not the lines of recover.mjs, which are\n%s", lines)
	}
}
