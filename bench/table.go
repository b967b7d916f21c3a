package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// row is what one tool did in one scene, in all rounds together.
type row struct {
	scene                 *scene
	tool                  string
	listed, publications  int
	unsafe, torn, missing int
	latencies             []time.Duration
	starts                []time.Duration // how long each run took until all playlists were published
	late                  int             // runs in which they never were
	used                  usage
	segments              int // shipped by that
}

// take takes in what a run used, in which so many segments were listed.
func (r *row) take(u usage, segments int) {
	r.used.cpu += u.cpu
	r.used.memory = max(r.used.memory, u.memory)
	r.used.files = max(r.used.files, u.files)
	r.used.allocs += u.allocs
	r.segments += segments
}

// judge takes in what was wrong with what a viewer saw. A playlist that names two segments too early is one.
func (r *row) judge(all []storetest.Violation) {
	early := map[storetest.Violation]bool{}
	for _, v := range all {
		switch v.Rule {
		case storetest.RulePlaylistFirst:
			early[storetest.Violation{Key: v.Key, At: v.At}] = true
		case storetest.RuleTornPlaylist:
			r.torn++
		}
	}
	r.unsafe += len(early)
}

// quantile returns the least latency that a share of q of all does not exceed (nearest rank); 0 if there
// are none.
func (r *row) quantile(q float64) time.Duration { return quantile(r.latencies, q) }

func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// byScene returns the rows of each scene.
func byScene(rows []*row) [][]*row {
	var all [][]*row
	for i, r := range rows {
		if i == 0 || r.scene != rows[i-1].scene {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], r)
	}
	return all
}

// report returns the tables with the facts that belong to them, as Markdown.
func report(o options, args []string, rows []*row, took time.Duration) string {
	var b strings.Builder
	command := strings.TrimSpace("go run ./bench " + strings.Join(args, " "))
	fmt.Fprintf(&b, "    %s\n\n", command)
	fmt.Fprintf(&b, "Streams of %s or two segments, %d segments to a playlist; runs of each tool: %d, which took %s in all.\n",
		o.duration, rows[0].scene.load.window, o.rounds, took.Round(time.Minute))
	fmt.Fprintf(&b, "Machine: %d cores, Linux %s, %s.\n", runtime.NumCPU(), kernel(), runtime.Version())
	for _, of := range byScene(rows) {
		s := of[0].scene
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", s.name, s)
		b.WriteString(table(of))
		b.WriteString(price(of))
		if s.plotted && o.markdown != "" {
			fmt.Fprintf(&b, "\n![From listed to published by quantile, for each tool](%s)\n", filepath.Base(figure(o.markdown, s)))
		}
	}
	return b.String()
}

func kernel() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "of unknown version"
	}
	return strings.TrimSpace(string(release))
}

// table renders the rows of a scene with aligned columns.
func table(rows []*row) string {
	lines := [][]string{{"tool", "listed", "published", "median ms", "÷ bare", "p95 ms", "p99 ms", "÷ bare", "start s", "CPU s", "÷ bare", "MiB", "files", "allocs", "unsafe", "torn", "missing"}}
	i := slices.IndexFunc(rows, func(r *row) bool { return r.tool == "bare" })
	for _, r := range rows {
		ratio := func(of func(*row) time.Duration) string {
			if i < 0 || of(rows[i]) == 0 || of(r) == 0 {
				return none
			}
			return fmt.Sprintf("%.2f", float64(of(r))/float64(of(rows[i])))
		}
		at := func(q float64) func(*row) time.Duration {
			return func(r *row) time.Duration { return r.quantile(q) }
		}
		line := []string{
			r.tool, fmt.Sprint(r.listed), fmt.Sprint(r.publications), millis(r.quantile(0.5)), ratio(at(0.5)), millis(r.quantile(0.95)),
			millis(r.quantile(0.99)), ratio(at(0.99)), start(r), fmt.Sprintf("%.2f", r.used.cpu.Seconds()), ratio(func(r *row) time.Duration { return r.used.cpu }),
			fmt.Sprint(r.used.memory >> 20), fmt.Sprint(r.used.files), none, fmt.Sprint(r.unsafe), fmt.Sprint(r.torn), fmt.Sprint(r.missing),
		}
		if r.used.allocs > 0 && r.segments > 0 {
			line[13] = fmt.Sprint(r.used.allocs / int64(r.segments))
		}
		lines = append(lines, line)
	}
	return align(lines)
}

// price says what hlsship took beside the sidecar, if both were measured.
func price(rows []*row) string {
	find := func(tool string) *row {
		i := slices.IndexFunc(rows, func(r *row) bool { return r.tool == tool })
		if i < 0 || rows[i].used.cpu == 0 || rows[i].used.memory == 0 {
			return nil
		}
		return rows[i]
	}
	ship, least := find("hlsship"), find(sidecarCommand)
	if ship == nil || least == nil {
		return ""
	}
	return fmt.Sprintf("\nBeside the sidecar hlsship took %.2f times the CPU and %.2f times the memory.\n",
		float64(ship.used.cpu)/float64(least.used.cpu), float64(ship.used.memory)/float64(least.used.memory))
}

// start returns how long the median run took until all playlists were published.
func start(r *row) string {
	if r.late > 0 {
		return fmt.Sprintf("> %.0f", warmUp.Seconds())
	}
	if d := quantile(r.starts, 0.5); d > 0 {
		return fmt.Sprintf("%.1f", d.Seconds())
	}
	return none
}

// none stands for a figure that there is not.
const none = "–"

func millis(d time.Duration) string {
	if d == 0 {
		return none
	}
	return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond))
}

// align renders a Markdown table, the first column to the left.
func align(lines [][]string) string {
	const left = 1
	width := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for n, line := range lines {
		for i, cell := range line {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i < left {
				b.WriteString("| " + cell + pad + " ")
			} else {
				b.WriteString("| " + pad + cell + " ")
			}
		}
		b.WriteString("|\n")
		if n > 0 {
			continue
		}
		for i := range line {
			mark := "-"
			if i >= left {
				mark = ":"
			}
			b.WriteString("|" + strings.Repeat("-", width[i]+1) + mark)
		}
		b.WriteString("|\n")
	}
	return b.String()
}
