package checks

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// moment is a time at which somebody may look at the dashboard. figures are the values of the metrics that are
// not 0 then, in the notation of promtool; without streams no stream was met yet.
type moment struct {
	name    string
	streams bool
	figures map[string]string
}

func moments() []moment {
	const inf = "Inf Inf Inf Inf Inf Inf Inf Inf Inf Inf Inf"
	return []moment{
		{"nothing to upload yet", false, map[string]string{"hlsship_outage_seconds_left": inf, "hlsship_queue_budget_bytes": "1000x10"}},
		{"many files at the start", false, map[string]string{
			"hlsship_outage_seconds_left": inf, "hlsship_queue_budget_bytes": "1000x10", "hlsship_queue_bytes": "900x10", "hlsship_queue_files": "90x10",
		}},
		{"no budget, and a stream of which nothing is published", true, map[string]string{"hlsship_outage_seconds_left": inf}},
		// 5 minutes is 300 s after the epoch of promtool.
		{"a clock that is ahead", true, map[string]string{
			"hlsship_outage_seconds_left": "90x10", "hlsship_published_timestamp_seconds": "400x10", "hlsship_store_up": "1x10",
		}},
	}
}

// series writes one series of each metric that hlsship exposes, those of a histogram with an empty bucket.
func (m moment) series(metrics map[string][]string) []map[string]string {
	var all []map[string]string
	for name, labels := range metrics {
		if !m.streams && slices.Contains(labels, "stream") {
			continue
		}
		text := []string{}
		for _, label := range labels {
			value := "any"
			switch label {
			case "le":
				value = "+Inf"
			case "result": // which has every value from the start
				value = "alarm"
			}
			if label != "" {
				text = append(text, fmt.Sprintf("%s=%q", label, value))
			}
		}
		values := m.figures[name]
		if values == "" {
			values = "0x10"
		}
		all = append(all, map[string]string{"series": name + "{" + strings.Join(text, ",") + "}", "values": values})
	}
	return all
}

// TestDashboardMakesSense asks Prometheus itself what the panels show at moments at which there is little to show:
// no panel shows what is no number, infinite or negative, and one that shows a single figure has one or says so.
func TestDashboardMakesSense(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed; make test-deps does so")
	}
	var d dashboard
	if err := json.Unmarshal(read(t, packaging+"/grafana/hlsship.json"), &d); err != nil {
		t.Fatal(err)
	}
	type question map[string]any
	metrics := exposed(t)
	for _, m := range moments() {
		var questions []question
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				e := "(" + strings.NewReplacer("$__rate_interval", "1m", "$__range", "5m").Replace(target.Expr) + ")"
				e = regexp.MustCompile(`\$\w+`).ReplaceAllString(e, "any")
				for _, none := range []string{e + " != " + e, e + " == Inf", e + " < 0"} {
					questions = append(questions, question{"expr": none, "eval_time": "5m", "exp_samples": []any{}})
				}
				if p.Type == "stat" && p.FieldConfig.Defaults.NoValue == "" {
					questions = append(questions, question{"expr": "absent" + e, "eval_time": "5m", "exp_samples": []any{}})
				}
			}
		}
		text, err := yaml.Marshal(map[string]any{"evaluation_interval": "30s", "tests": []any{map[string]any{
			"interval": "30s", "input_series": m.series(metrics), "promql_expr_test": questions,
		}}})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "dashboard.yml")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), tool, "test", "rules", file).CombinedOutput(); err != nil { //nolint:gosec // the tool is looked up, the file is ours
			t.Errorf("%s: %v\n%s", m.name, err, out)
		}
	}
}
