package main

import (
	"fmt"
	"html"
	"math"
	"strings"
	"time"
)

// The figure, in units of its own.
const (
	plotWidth, plotHeight = 720.0, 400.0
	plotLeft, plotRight   = 70.0, 110.0 // beside the field
	plotTop, plotBottom   = 50.0, 50.0  // above and below it
)

// axes place a latency at its quantile: both by logarithm, the quantile by its distance from 1.
type axes struct {
	least, most float64 // log10 of milliseconds
	last        float64 // the highest quantile's log10(1/(1-q))
}

func (a axes) x(q float64) float64 {
	return plotLeft + (plotWidth-plotLeft-plotRight)*min(1, -math.Log10(1-q)/a.last)
}

func (a axes) y(d time.Duration) float64 {
	share := (math.Log10(max(float64(d)/1e6, 1e-3)) - a.least) / (a.most - a.least)
	return plotHeight - plotBottom - (plotHeight-plotTop-plotBottom)*share
}

// plot draws, as SVG, how long after it was listed a playlist was published, by quantile, a line for each tool.
func plot(title string, rows []*row) string {
	a := axes{least: math.Inf(1), most: math.Inf(-1), last: 1}
	for _, r := range rows {
		if n := len(r.latencies); n > 1 {
			a.last = max(a.last, math.Log10(float64(n)))
			a.least = min(a.least, math.Floor(math.Log10(float64(r.quantile(0))/1e6)))
			a.most = max(a.most, math.Ceil(math.Log10(float64(r.quantile(1))/1e6)))
		}
	}
	if a.least >= a.most {
		a.least, a.most = 0, max(1, a.most)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" font-size="13">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<rect width="%g" height="%g" fill="white"/>`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&b, `<text x="%g" y="22">%s</text>`+"\n", plotLeft, html.EscapeString(title))
	fmt.Fprintf(&b, `<text x="%g" y="40" fill="#555">From listed to published, in milliseconds; to the right, the slowest</text>`+"\n", plotLeft)
	right, bottom := plotWidth-plotRight, plotHeight-plotBottom
	for e := a.least; e <= a.most; e++ {
		y := a.y(time.Duration(math.Pow(10, e) * 1e6))
		fmt.Fprintf(&b, `<path d="M%.1f %.1fH%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="end">%g</text>`+"\n", plotLeft, y, right, plotLeft-8, y+4, math.Pow(10, e))
	}
	for _, q := range []float64{0, 0.5, 0.9, 0.99, 0.999} {
		if -math.Log10(1-q) > a.last {
			break
		}
		x := a.x(q)
		fmt.Fprintf(&b, `<path d="M%.1f %.1fV%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="middle">%g %%</text>`+"\n", x, plotTop, bottom, x, bottom+20, 100*q)
	}
	colours := map[string]string{"bare": "#888888", "hlsship": "#0b6e4f", "mc": "#c1440e", "rclone": "#6a4c93", "sidecar": "#b8860b"}
	label := plotTop
	for _, r := range rows {
		n := len(r.latencies)
		if n < 2 {
			continue
		}
		var line strings.Builder
		for i := range 200 {
			q := 1 - math.Pow(float64(n), -float64(i)/199)
			fmt.Fprintf(&line, "%.1f,%.1f ", a.x(q), a.y(r.quantile(q)))
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.TrimSpace(line.String()), colours[r.tool])
		fmt.Fprintf(&b, `<path d="M%.1f %.1fh14" stroke="%s" stroke-width="2"/><text x="%.1f" y="%.1f">%s</text>`+"\n", right+12, label+9, colours[r.tool], right+31, label+13, r.tool)
		label += 20
	}
	b.WriteString("</svg>\n")
	return b.String()
}
