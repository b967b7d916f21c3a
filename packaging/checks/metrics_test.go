package checks

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// copyTo copies a file into a folder.
func copyTo(t *testing.T, name, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), read(t, name), 0o600); err != nil {
		t.Fatal(err)
	}
}

// exposed returns the labels of each metric that hlsship exposes, from the golden list of its own tests, and
// those of the client library that are used here. A histogram is there with its three names.
func exposed(t *testing.T) map[string][]string {
	t.Helper()
	common := []string{"job", "instance", "channel"}
	all := map[string][]string{"up": {"job", "instance"}, "process_resident_memory_bytes": common, "process_cpu_seconds_total": common, "process_max_fds": common}
	for _, m := range regexp.MustCompile(`(?m)^(\w+)\{([\w,]*)\} (\w+), `).FindAllStringSubmatch(string(read(t, root+"/metrics/testdata/exposition.txt")), -1) {
		known := append(strings.Split(m[2], ","), common...)
		if m[3] != "histogram" {
			all[m[1]] = known
			continue
		}
		all[m[1]+"_bucket"], all[m[1]+"_sum"], all[m[1]+"_count"] = append(known, "le"), known, known
	}
	if len(all) < 10 {
		t.Fatalf("only %d metrics found", len(all))
	}
	return all
}

// strangers lists what the expression asks for and hlsship does not expose: metrics, and labels of them.
func strangers(expression string, metrics map[string][]string) []string {
	e, err := parser.NewParser(parser.Options{}).ParseExpr(expression)
	if err != nil {
		return []string{err.Error()}
	}
	var wrong []string
	used := map[string]bool{}
	parser.Inspect(e, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			known, ok := metrics[s.Name]
			if !ok {
				wrong = append(wrong, s.Name)
			}
			for _, m := range s.LabelMatchers {
				if ok && m.Name != model.MetricNameLabel && !slices.Contains(known, m.Name) {
					wrong = append(wrong, s.Name+"{"+m.Name+"}")
				}
			}
			for _, l := range known {
				used[l] = true
			}
		}
		return nil
	})
	parser.Inspect(e, func(node parser.Node, _ []parser.Node) error {
		var by []string
		switch n := node.(type) {
		case *parser.AggregateExpr:
			by = n.Grouping
		case *parser.BinaryExpr:
			if n.VectorMatching != nil {
				by = n.VectorMatching.MatchingLabels
			}
		}
		for _, l := range by {
			if !used[l] {
				wrong = append(wrong, "by "+l)
			}
		}
		return nil
	})
	return wrong
}

func TestStrangersAreNoticed(t *testing.T) {
	t.Parallel()
	metrics := exposed(t)
	for expression, want := range map[string]int{
		"hlsship_store_up":                                                       0,
		"hlsship_store_down":                                                     1,
		`hlsship_live_edge_lag_seconds{stream="a"}`:                              0,
		`hlsship_live_edge_lag_seconds{folder="a"}`:                              1,
		"sum by (kind) (hlsship_stored_files_total)":                             0,
		"sum by (sort) (hlsship_stored_files_total)":                             1,
		"hlsship_publish_latency_seconds":                                        1,
		"hlsship_publish_latency_seconds_bucket":                                 0,
		"hlsship_queue_bytes and on (host) hlsship_store_up":                     1,
		"rate(hlsship_stored_files_total[5m]":                                    1,
		"histogram_quantile(0.5, hlsship_store_latency_seconds_bucket{le=\"\"})": 0,
	} {
		if got := strangers(expression, metrics); len(got) != want {
			t.Errorf("%s: %q", expression, got)
		}
	}
}

// TestAlerts reads the alerts as Prometheus does, and as the operator's type.
func TestAlerts(t *testing.T) {
	t.Parallel()
	text := read(t, packaging+"/prometheus/alerts.yml")
	groups, errs := rulefmt.Parse(text, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	metrics := exposed(t)
	var names []string
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			names = append(names, r.Alert)
			if wrong := strangers(r.Expr, metrics); len(wrong) > 0 {
				t.Errorf("%s asks for %q, which does not exist", r.Alert, wrong)
			}
			if r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s does not say how bad it is and what it is", r.Alert)
			}
			if strings.Contains(r.Annotations["summary"], "{{") {
				t.Errorf("the summary of %s is another one for each channel, so that they do not group", r.Alert)
			}
		}
	}
	var served []string
	for _, g := range one[monitoring.PrometheusRule](t, rendered(t, plain(t))).Spec.Groups {
		for _, r := range g.Rules {
			served = append(served, r.Alert)
		}
	}
	if !slices.Equal(names, served) || len(names) == 0 {
		t.Errorf("the chart has %v, alerts.yml %v", served, names)
	}
}

// dashboard is the part of Grafana's dashboard that the checks look at, written by hand: Grafana's own types are
// in no module that can be had.
type dashboard struct {
	UID        string
	Title      string
	Templating struct {
		List []struct{ Name, Type, Definition string }
	}
	Panels []struct {
		ID                 int
		Type               string
		Title, Description string
		Datasource         struct{ Type, UID string }
		GridPos            struct{ X, Y, W, H int }
		FieldConfig        struct{ Defaults struct{ NoValue string } }
		Targets            []struct{ RefID, Expr, LegendFormat string }
	}
}

// plainQuery puts something into the place of Grafana's variables.
func plainQuery(text string) string {
	text = strings.NewReplacer("$__rate_interval", "5m", "$__range", "30m").Replace(text)
	return regexp.MustCompile(`\$\w+`).ReplaceAllString(text, "any")
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	var d dashboard
	if err := json.Unmarshal(read(t, packaging+"/grafana/hlsship.json"), &d); err != nil {
		t.Fatal(err)
	}
	metrics, variables := exposed(t), map[string]bool{"__rate_interval": true, "__range": true}
	for _, v := range d.Templating.List {
		variables[v.Name] = true
		if m := regexp.MustCompile(`^label_values\((.+), (\w+)\)$`).FindStringSubmatch(v.Definition); m != nil {
			if wrong := strangers("sum by ("+m[2]+") ("+plainQuery(m[1])+")", metrics); len(wrong) > 0 {
				t.Errorf("the variable %s asks for %q, which does not exist", v.Name, wrong)
			}
		} else if v.Type == "query" {
			t.Errorf("the variable %s is %s", v.Name, v.Definition)
		}
	}
	ids, taken := map[int]bool{}, map[string]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" || p.Description == "" || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
			t.Errorf("the panel %d %q is not complete", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				place := fmt.Sprint(x, " ", y)
				if taken[place] != "" || x >= 24 {
					t.Fatalf("the panel %q lies on %q", p.Title, taken[place])
				}
				taken[place] = p.Title
			}
		}
		for _, target := range p.Targets {
			for _, m := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(target.Expr, -1) {
				if !variables[m[1]] {
					t.Errorf("the panel %q uses the variable %s, which is not there", p.Title, m[1])
				}
			}
			if wrong := strangers(plainQuery(target.Expr), metrics); len(wrong) > 0 {
				t.Errorf("the panel %q asks for %q, which does not exist", p.Title, wrong)
			}
		}
	}
	// What an operator of a live stream looks for.
	text := string(read(t, packaging+"/grafana/hlsship.json"))
	for _, name := range []string{"live_edge_lag_seconds", "publish_latency_seconds_bucket", "queue_bytes", "queue_budget_bytes", "spool_bytes",
		"outage_seconds_left", "attempts_total", "lost_files_total", "store_up"} {
		if !strings.Contains(text, "hlsship_"+name) {
			t.Errorf("no panel shows hlsship_%s", name)
		}
	}
}
