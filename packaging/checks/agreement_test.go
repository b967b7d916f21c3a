package checks

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// slack is what a service manager waits at least beyond the drain timeout.
const slack = 5 * time.Second

// programSettings returns the defaults of hlsship's settings by key, from the reference that its own tests keep.
func programSettings(t *testing.T) map[string]string {
	t.Helper()
	defaults := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| [^|]+ \\| [^|]+ \\| `(\\w+)` \\| (?:`([^`]+)`|–) \\|").FindAllStringSubmatch(string(read(t, root+"/cmd/hlsship/testdata/reference.md")), -1) {
		defaults[m[1]] = m[2]
	}
	if defaults["drain_timeout"] == "" || defaults["http_listen"] == "" {
		t.Fatalf("the reference has no defaults: %v", defaults)
	}
	return defaults
}

// number returns a value of the chart, as it is after its defaults are filled in.
func number(t *testing.T, values map[string]any, path ...string) int64 {
	t.Helper()
	chart, err := loader.LoadDir(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := util.CoalesceValues(chart, values)
	if err != nil {
		t.Fatal(err)
	}
	var v any = map[string]any(all)
	for _, name := range path {
		v = v.(map[string]any)[name]
	}
	n, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	if err != nil {
		t.Fatalf("%v: %v", path, err)
	}
	return int64(n)
}

// bytesOf reads a size as hlsship writes them.
func bytesOf(t *testing.T, text string) int64 {
	t.Helper()
	q, err := resource.ParseQuantity(strings.TrimSuffix(text, "B"))
	if err != nil || !strings.HasSuffix(text, "iB") {
		t.Fatalf("%q is no size: %v", text, err)
	}
	return q.Value()
}

// durationOf reads a time as hlsship and systemd write it.
func durationOf(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// portOf returns the port of an address.
func portOf(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// unit returns the values of each key of the systemd unit.
func unit(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	text := strings.ReplaceAll(string(read(t, packaging+"/systemd/hlsship.service")), "\\\n", " ")
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
			all[key] = append(all[key], value)
		}
	}
	return all
}

// dockerfile returns the arguments of each instruction of the last stage.
func dockerfile(t *testing.T) map[string][]string {
	t.Helper()
	var all map[string][]string
	text := regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(string(read(t, root+"/Dockerfile")), "")
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		name, arguments, ok := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case !ok:
		case name == "FROM":
			all = map[string][]string{}
		case all != nil:
			all[name] = append(all[name], strings.TrimSpace(arguments))
		}
	}
	return all
}

// TestAgreement holds the unit, the image and the chart to the program's defaults and to each other. The compose
// file is held to them in TestCompose.
func TestAgreement(t *testing.T) {
	t.Parallel()
	program, service, image := programSettings(t), unit(t), dockerfile(t)
	all := rendered(t, plain(t))
	pod, sidecar, _ := pods(t, all)
	same := func(what string, got ...string) {
		t.Helper()
		for _, g := range got {
			if g != got[0] || g == "" {
				t.Errorf("%s: %q", what, got)
				return
			}
		}
	}
	first := func(list []string) string { return strings.Join(list, " and ") }

	// Ports.
	listen := func(env []core.EnvVar) string {
		i := slices.IndexFunc(env, func(e core.EnvVar) bool { return e.Name == "HLSSHIP_DEFAULT_HTTP_LISTEN" })
		return portOf(t, env[i].Value)
	}
	same("port of the program, the image and the sidecar", portOf(t, program["http_listen"]), first(image["EXPOSE"]),
		portOf(t, strings.TrimPrefix(environment(image, "HLSSHIP_DEFAULT_HTTP_LISTEN"), "HLSSHIP_DEFAULT_HTTP_LISTEN=")), listen(sidecar.Env),
		strconv.Itoa(int(sidecar.Ports[0].ContainerPort)), strconv.Itoa(int(one[core.Service](t, all).Spec.Ports[0].Port)))

	// Paths.
	start := strings.Fields(first(service["ExecStart"]))
	same("the binary of the unit and of the image", start[0], strings.Trim(first(image["ENTRYPOINT"]), `[]"`))
	same("the settings of the unit and of the chart", start[len(start)-1], sidecar.Args[len(sidecar.Args)-1], mounts(sidecar)["config"]+"/hlsship.yml")
	same("the command of the unit and of the chart", strings.Join(start[1:], " "), strings.Join(sidecar.Args, " "))
	served := regexp.MustCompile(`"GET (/\w+)"`).FindAllStringSubmatch(string(read(t, root+"/metrics/server.go")), -1)
	for _, path := range []string{sidecar.StartupProbe.HTTPGet.Path, sidecar.ReadinessProbe.HTTPGet.Path, sidecar.LivenessProbe.HTTPGet.Path, "/metrics"} {
		if !slices.ContainsFunc(served, func(m []string) bool { return m[1] == path }) {
			t.Errorf("the chart asks for %s, which is not served", path)
		}
	}
	if health := first(image["HEALTHCHECK"]); health != "" && !strings.Contains(health, `"`+start[0]+`", "healthcheck"`) {
		t.Errorf("the image's health check is %s", health)
	}

	// Users.
	same("user of the image and of the pod", first(image["USER"]), fmt.Sprintf("%d:%d", *pod.SecurityContext.RunAsUser, *pod.SecurityContext.RunAsGroup))

	// Ends.
	drain := durationOf(t, program["drain_timeout"])
	same("drain of the program and of the chart", drain.String(), durationOf(t, config(t, all).DrainTimeout).String())
	stop := time.Duration(number(t, plain(t), "packager", "stopSeconds")) * time.Second
	for what, grace := range map[string]time.Duration{
		"the unit":  durationOf(t, first(service["TimeoutStopSec"])),
		"the chart": time.Duration(*one[apps.StatefulSet](t, all).Spec.Template.Spec.TerminationGracePeriodSeconds)*time.Second - stop,
	} {
		if grace < drain+slack {
			t.Errorf("%s leaves hlsship %v, and draining alone may take %v", what, grace, drain)
		}
	}
	if s := first(append(image["STOPSIGNAL"], service["KillSignal"]...)); s != "" && s != "SIGTERM" {
		t.Errorf("hlsship is stopped by %s", s)
	}
}

// environment returns the NAME=VALUE that the image sets.
func environment(image map[string][]string, name string) string {
	for _, line := range image["ENV"] {
		for _, word := range strings.Fields(line) {
			if strings.HasPrefix(word, name+"=") {
				return word
			}
		}
	}
	return ""
}
