package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// row is what one tool did under one latency, in all rounds together.
type row struct {
	delay                time.Duration
	tool                 string
	listed, publications int
	unsafe, missing      int
	latencies            []time.Duration
	cpu                  time.Duration
}

// quantile returns the least latency that a share of q of all does not exceed (nearest rank); 0 if there
// are none.
func (r *row) quantile(q float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(r.latencies))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// report returns the table with the facts that belong to it, as Markdown.
func report(o options, args []string, rows []*row) string {
	var b strings.Builder
	command := strings.TrimSpace("go run ./bench " + strings.Join(args, " "))
	fmt.Fprintf(&b, "    %s\n\n", command)
	fmt.Fprintf(&b, "%d streams, each with a segment of %d KiB every %s for %s, %d of them to a playlist; runs of each tool: %d.\n",
		o.load.streams, o.load.size>>10, o.load.period, o.duration, o.load.window, o.rounds)
	fmt.Fprintf(&b, "Machine: %d cores, Linux %s, %s.\n\n", runtime.NumCPU(), kernel(), runtime.Version())
	b.WriteString(table(rows))
	return b.String()
}

func kernel() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "of unknown version"
	}
	return strings.TrimSpace(string(release))
}

// table renders the rows with aligned columns.
func table(rows []*row) string {
	lines := [][]string{{"added", "tool", "listed", "published", "median ms", "÷ bare", "p99 ms", "÷ bare", "CPU s", "÷ bare", "unsafe", "missing"}}
	for _, r := range rows {
		i := slices.IndexFunc(rows, func(o *row) bool { return o.tool == "bare" && o.delay == r.delay })
		ratio := func(of func(*row) time.Duration) string {
			if i < 0 || of(rows[i]) == 0 {
				return none
			}
			return fmt.Sprintf("%.2f", float64(of(r))/float64(of(rows[i])))
		}
		median := func(r *row) time.Duration { return r.quantile(0.5) }
		p99 := func(r *row) time.Duration { return r.quantile(0.99) }
		cpu := func(r *row) time.Duration { return r.cpu }
		lines = append(lines, []string{
			r.delay.String(), r.tool, fmt.Sprint(r.listed), fmt.Sprint(r.publications),
			millis(median(r)), ratio(median), millis(p99(r)), ratio(p99),
			fmt.Sprintf("%.2f", r.cpu.Seconds()), ratio(cpu), fmt.Sprint(r.unsafe), fmt.Sprint(r.missing),
		})
	}
	return align(lines)
}

// none stands for a figure that there is not.
const none = "–"

func millis(d time.Duration) string {
	if d == 0 {
		return none
	}
	return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond))
}

// align renders a Markdown table, the first two columns to the left.
func align(lines [][]string) string {
	const left = 2
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
