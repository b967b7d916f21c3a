//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

const (
	// nightHaste is by what every duration in the alerts is divided: what fires after a minute does so after ten seconds. How long
	// hlsship itself takes to see a fault stays as it is.
	nightHaste = 6
	// quickHaste is so where few faults are caused, of which hlsship sees each at once.
	quickHaste = 12
	// nightInterval is how often Prometheus scrapes, and evaluates the alerts.
	nightInterval = time.Second
	// nightTick is a series that each evaluation of the alerts adds a sample to.
	nightTick = "night_tick"
)

// prometheus is a real Prometheus that has the alerts of packaging.
type prometheus struct{ url string }

// nightPackaging is a file of packaging.
func nightPackaging(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "packaging", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// startPrometheus runs one that scrapes the address. Without a Prometheus the test is skipped.
func startPrometheus(t *testing.T, address string, haste int) *prometheus {
	t.Helper()
	binary, err := exec.LookPath(filepath.Join("..", "..", ".cache", "bin", "prometheus"))
	if err != nil {
		if binary, err = exec.LookPath("prometheus"); err != nil {
			t.Skip("prometheus is not installed; make test-deps does so")
		}
	}
	dir := t.TempDir()
	rules := hurried(nightPackaging(t, "prometheus/alerts.yml"), haste) + "\n      - {record: " + nightTick + ", expr: vector(1)}\n"
	write(t, filepath.Join(dir, "alerts.yml"), rules)
	write(t, filepath.Join(dir, "prometheus.yml"), fmt.Sprintf(`
global: {scrape_interval: %[1]v, scrape_timeout: %[1]v, evaluation_interval: %[1]v}
rule_files: [alerts.yml]
scrape_configs:
- {job_name: hlsship, static_configs: [{targets: [%q]}]}
`, nightInterval, address))
	p := startCommand(t, nil, binary, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+loopback()+":0", "--storage.tsdb.retention.time=1d")
	return &prometheus{"http://" + p.says(t, `msg="Listening on" address=(\S+)`)[1]}
}

// hurried divides every duration in the rules by haste.
func hurried(rules string, haste int) string {
	units := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	durations := regexp.MustCompile(`(\[|for: |offset )(\d+)([smhd])\b`)
	return durations.ReplaceAllStringFunc(rules, func(found string) string {
		m := durations.FindStringSubmatch(found)
		n, _ := strconv.Atoi(m[2]) // digits
		return fmt.Sprintf("%s%dms", m[1], (time.Duration(n) * units[m[3]] / time.Duration(haste)).Milliseconds())
	})
}

// promSeries is a series of an answer, with its samples.
type promSeries struct {
	Metric map[string]string
	Value  promSample
	Values []promSample
}

// promSample is a value at a time, in seconds since the epoch.
type promSample struct{ at, value float64 }

// UnmarshalJSON reads what Prometheus writes: [1435781430.781, "1"].
func (s *promSample) UnmarshalJSON(text []byte) error {
	var value string
	if err := json.Unmarshal(text, &[]any{&s.at, &value}); err != nil {
		return err
	}
	var err error
	s.value, err = strconv.ParseFloat(value, 64)
	return err
}

// query asks for an expression as of now.
func (p *prometheus) query(t *testing.T, expression string) []promSeries {
	t.Helper()
	var answer struct {
		Status, Error string
		Data          struct{ Result []promSeries }
	}
	res, err := http.Get(p.url + "/api/v1/query?query=" + url.QueryEscape(expression)) //nolint:noctx // the client of a test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Status != "success" {
		t.Fatalf("%s: %s %v %s", expression, res.Status, err, answer.Error)
	}
	return answer.Data.Result
}

// alerts returns the labels of those in that state, "pending" or "firing", the latest of the last evaluation.
func (p *prometheus) alerts(t *testing.T, state string) []map[string]string {
	t.Helper()
	var all []map[string]string
	for _, s := range p.query(t, fmt.Sprintf("ALERTS{alertstate=%q}", state)) {
		all = append(all, s.Metric)
	}
	return all
}

// alertNames returns the names of alerts, each once.
func alertNames(alerts []map[string]string) []string {
	var names []string
	for _, a := range alerts {
		names = append(names, a["alertname"])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// since asks for the samples of a selector from that time on.
func (p *prometheus) since(t *testing.T, selector string, from time.Time) []promSeries {
	t.Helper()
	all := p.query(t, fmt.Sprintf("%s[%ds]", selector, int(time.Since(from).Seconds())+1))
	begin := float64(from.UnixNano()) / 1e9
	for i := range all {
		all[i].Values = slices.DeleteFunc(all[i].Values, func(s promSample) bool { return s.at < begin })
	}
	return slices.DeleteFunc(all, func(s promSeries) bool { return len(s.Values) == 0 })
}

// first returns when one of the selector's series had that value first, from that time on; 0 if none had.
func (p *prometheus) first(t *testing.T, selector string, value float64, from time.Time) float64 {
	t.Helper()
	earliest := 0.0
	for _, one := range p.since(t, selector, from) {
		for _, s := range one.Values {
			if s.value == value && (earliest == 0 || s.at < earliest) {
				earliest = s.at
			}
		}
	}
	return earliest
}

// ticks counts the evaluations after the one time, up to the other.
func (p *prometheus) ticks(t *testing.T, after, upTo float64) int {
	t.Helper()
	n := 0
	for _, one := range p.since(t, nightTick, time.Unix(int64(after), 0)) {
		for _, s := range one.Values {
			if s.at > after && s.at <= upTo {
				n++
			}
		}
	}
	return n
}

// alertmanager is what the example for Alertmanager says.
type alertmanager struct {
	Route struct {
		GroupBy []string `yaml:"group_by"`
		Routes  []struct {
			Matchers []string
			Receiver string
		}
	}
	Inhibit []struct {
		Source []string `yaml:"source_matchers"`
		Target []string `yaml:"target_matchers"`
		Equal  []string
	} `yaml:"inhibit_rules"`
}

// readManager reads the example.
func readManager(t *testing.T) alertmanager {
	t.Helper()
	var m alertmanager
	if err := yaml.Unmarshal([]byte(nightPackaging(t, "prometheus/alertmanager.yml")), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// notifications returns what somebody is told of firing alerts: the names of the groups, without those that another one inhibits.
func (m alertmanager) notifications(alerts []map[string]string) []string {
	var groups []string
	for _, a := range alerts {
		if m.inhibited(a, alerts) || slices.ContainsFunc(m.Route.Routes, func(r struct {
			Matchers []string
			Receiver string
		}) bool {
			return r.Receiver == "nobody" && matchAll(r.Matchers, a)
		}) {
			continue
		}
		group := make([]string, len(m.Route.GroupBy))
		for i, label := range m.Route.GroupBy {
			group[i] = a[label]
		}
		groups = append(groups, strings.Join(group, " "))
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// inhibited reports whether one of the others is a reason not to tell of a.
func (m alertmanager) inhibited(a map[string]string, all []map[string]string) bool {
	for _, rule := range m.Inhibit {
		for _, other := range all {
			same := !slices.ContainsFunc(rule.Equal, func(label string) bool { return a[label] != other[label] })
			if same && matchAll(rule.Target, a) && matchAll(rule.Source, other) && !matchAll(rule.Source, a) {
				return true
			}
		}
	}
	return false
}

// matchAll reports whether labels match all matchers of Alertmanager.
func matchAll(matchers []string, labels map[string]string) bool {
	for _, text := range matchers {
		m := regexp.MustCompile(`^(\w+)(=~|!=|=)"(.*)"$`).FindStringSubmatch(text)
		if m == nil {
			return false
		}
		value := labels[m[1]]
		switch m[2] {
		case "=":
			if value != m[3] {
				return false
			}
		case "!=":
			if value == m[3] {
				return false
			}
		default:
			if !regexp.MustCompile("^(?:" + m[3] + ")$").MatchString(value) {
				return false
			}
		}
	}
	return true
}
