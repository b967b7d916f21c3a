package packaging_test

import (
	"regexp"
	"strings"
	"testing"
)

// TestCopiesOfTheChart keeps what the chart copies, and what the plain manifests have of it, equal to the alerts and the dashboard. The
// module in checks renders the chart; this notices without it that "make manifests" was forgotten.
func TestCopiesOfTheChart(t *testing.T) {
	t.Parallel()
	manifests := read(t, "packaging/kubernetes/monitoring.yaml")
	for _, one := range []struct{ source, copied, indent string }{
		{"prometheus/alerts.yml", "alerts.yml", "  "},
		{"grafana/hlsship.json", "dashboard.json", "    "},
	} {
		text := read(t, "packaging/"+one.source)
		if read(t, "packaging/helm/hlsship/files/"+one.copied) != text {
			t.Errorf("the chart's %s is not up to date: run make manifests", one.copied)
		}
		if within := regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(strings.TrimSpace(text), one.indent+"$1"); !strings.Contains(manifests, within) {
			t.Errorf("monitoring.yaml has another %s: run make manifests", one.copied)
		}
	}
}
