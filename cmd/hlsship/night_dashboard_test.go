//go:build linux

package main

import (
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"testing"
)

// nightSilent are the expressions of the dashboard to which there is no answer by night, and why.
func nightSilent() map[string]string {
	return map[string]string{"hlsship_uplink_limit_bytes_per_second": "no channel has a limit"}
}

// dashboard asks every query of the dashboard, as Grafana does, while streams are live: each has an answer, and none is without sense.
func (n *night) dashboard(t *testing.T) {
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(nightPackaging(t, "grafana/hlsship.json")), &board); err != nil {
		t.Fatal(err)
	}
	n.awaitTicks(t, 3) // the restart before left its series behind
	asked := 0
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			asked++
			expr := strings.NewReplacer("$__rate_interval", "10s", "$__range", "1m").Replace(target.Expr)
			expr = regexp.MustCompile(`\$\w+`).ReplaceAllString(expr, ".*")
			silent := ""
			for part, why := range nightSilent() {
				if strings.Contains(expr, part) {
					silent = why
				}
			}
			found := n.query(t, expr)
			if (len(found) == 0) != (silent != "") {
				t.Errorf("%s: %d answers (%s) to %s", panel.Title, len(found), silent, expr)
			}
			for _, one := range found {
				if v := one.Value.value; math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
					t.Errorf("%s: %v is shown for %v by %s", panel.Title, v, one.Metric, expr)
				}
			}
		}
	}
	if asked < 30 {
		t.Errorf("the dashboard has %d queries only", asked)
	}
}
