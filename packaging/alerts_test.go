package packaging_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// runbook is where the entries of the alerts are, as a browser finds them.
const runbook = "https://github.com/hlsship/hlsship/blob/main/docs/operations.md"

// alert is a rule as Prometheus has it.
type alert struct {
	Alert, Expr string
	Annotations map[string]string
}

func alerts(t *testing.T) []alert {
	t.Helper()
	var file struct{ Groups []struct{ Rules []alert } }
	if err := yaml.Unmarshal([]byte(read(t, "packaging/prometheus/alerts.yml")), &file); err != nil {
		t.Fatal(err)
	}
	var all []alert
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("there are no alerts")
	}
	return all
}

// names of the alerts.
func names(all []alert) map[string]bool {
	set := map[string]bool{}
	for _, a := range all {
		set[a.Alert] = true
	}
	return set
}

// TestAlertsFireInTests keeps that alerts_test.yml shows each alert firing.
func TestAlertsFireInTests(t *testing.T) {
	t.Parallel()
	var file struct {
		Tests []struct {
			Alerts []struct {
				Name   string           `yaml:"alertname"`
				Firing []map[string]any `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "packaging/prometheus/alerts_test.yml")), &file); err != nil {
		t.Fatal(err)
	}
	rest := names(alerts(t))
	for _, test := range file.Tests {
		for _, a := range test.Alerts {
			if len(a.Firing) > 0 {
				delete(rest, a.Name)
			}
		}
	}
	if len(rest) > 0 {
		t.Errorf("no test shows these firing: %q", slices.Sorted(maps.Keys(rest)))
	}
}

// TestAlertmanager keeps the example in step with the alerts: what it inhibits exists, and is matched by labels that
// the alerts have.
func TestAlertmanager(t *testing.T) {
	t.Parallel()
	var file struct {
		Route   struct{ Receiver string }
		Inhibit []struct {
			Source []string `yaml:"source_matchers"`
			Target []string `yaml:"target_matchers"`
			Equal  []string
		} `yaml:"inhibit_rules"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "packaging/prometheus/alertmanager.yml")), &file); err != nil {
		t.Fatal(err)
	}
	known := names(alerts(t))
	for _, rule := range file.Inhibit {
		matchers := strings.Join(append(slices.Clone(rule.Source), rule.Target...), "\n")
		for _, name := range regexp.MustCompile(`Hlsship\w+`).FindAllString(matchers, -1) {
			if !known[name] {
				t.Errorf("alertmanager.yml speaks of %s, which does not exist", name)
			}
		}
		for _, m := range rule.Source {
			if slices.Contains(rule.Target, m) {
				t.Errorf("an alert inhibits itself: %s", m)
			}
		}
		for _, label := range rule.Equal {
			if !slices.Contains([]string{"job", "instance", "channel"}, label) {
				t.Errorf("no alert has the label %s", label)
			}
		}
	}
	if len(file.Inhibit) == 0 || file.Route.Receiver == "" {
		t.Error("alertmanager.yml was not understood")
	}
}

// reported are the words by which each entry of the runbook is divided.
func reported() []string { return []string{"**Means.** ", "**Look at.** ", "**Do.** "} }

// TestRunbook keeps that each alert leads to an entry, that each entry is one of an alert, and that it says what
// the alert means, what to look at and what to do.
func TestRunbook(t *testing.T) {
	t.Parallel()
	_, text, _ := strings.Cut(read(t, "docs/operations.md"), "\n## Runbook\n")
	text, _, _ = strings.Cut(text, "\n## ")
	entries := map[string]string{}
	for _, part := range strings.Split(text, "\n### ")[1:] {
		name, entry, _ := strings.Cut(part, "\n")
		entries[name] = entry
	}
	links := regexp.MustCompile(regexp.QuoteMeta(runbook)+`#(\w+)`).FindAllStringSubmatch(read(t, "packaging/grafana/hlsship.json"), -1)
	for _, m := range links {
		if m[1] != "runbook" && !slices.ContainsFunc(alerts(t), func(a alert) bool { return strings.ToLower(a.Alert) == m[1] }) {
			t.Errorf("the dashboard links to the entry %s, which is not there", m[1])
		}
	}
	if len(links) < 5 {
		t.Errorf("the dashboard has %d links to the runbook", len(links))
	}
	// The status page has its own list of the entries.
	page := read(t, "metrics/status.html")
	on := regexp.MustCompile(`\w+: "(hlsship\w+)"`).FindAllStringSubmatch(page, -1)
	for _, m := range on {
		if !slices.ContainsFunc(alerts(t), func(a alert) bool { return strings.ToLower(a.Alert) == m[1] }) {
			t.Errorf("the status page links to the entry %s, which is not there", m[1])
		}
	}
	if len(on) != 6 || strings.Count(page, `"`+runbook+"#") != 2 {
		t.Errorf("the status page has %d entries of the runbook, or of another one", len(on))
	}
	for _, a := range alerts(t) {
		if want := runbook + "#" + strings.ToLower(a.Alert); a.Annotations["runbook_url"] != want {
			t.Errorf("%s leads to %s, want %s", a.Alert, a.Annotations["runbook_url"], want)
		}
		entry, ok := entries[a.Alert]
		if !ok {
			t.Errorf("the runbook has no entry for %s", a.Alert)
			continue
		}
		delete(entries, a.Alert)
		from := 0
		for _, word := range reported() {
			at := strings.Index(entry[from:], "\n"+word)
			if at < 0 {
				t.Errorf("the entry of %s lacks %q, or has it in another place", a.Alert, word)
				break
			}
			from += at
		}
	}
	if len(entries) > 0 {
		t.Errorf("these entries are of no alert: %q", slices.Sorted(maps.Keys(entries)))
	}
	known := regexp.MustCompile(`func losses\(\) \[\]string \{ return \[\]string\{(.*)\} \}`).FindStringSubmatch(read(t, "metrics/channel.go"))
	if known == nil {
		t.Fatal("the metrics do not say why files are lost")
	}
	for _, reason := range regexp.MustCompile(`\w+`).FindAllString(known[1], -1) {
		if !strings.Contains(text, "\n| `"+reason+"` |") {
			t.Errorf("the runbook does not say what the reason %s means", reason)
		}
	}
}
