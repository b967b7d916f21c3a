package checks

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

// rewrite is the flag of "make manifests".
var rewrite = flag.Bool("update", false, "write the plain manifests and the chart's copies anew")

const (
	root      = "../.."
	packaging = ".."
	chartDir  = packaging + "/helm/hlsship"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// values returns those of a YAML text.
func values(t *testing.T, text string) map[string]any {
	t.Helper()
	all := map[string]any{}
	if err := yaml.UnmarshalStrict([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// plain returns the values with which the plain manifests are rendered.
func plain(t *testing.T) map[string]any {
	return values(t, string(read(t, packaging+"/kubernetes/values.yaml")))
}

// render renders the chart as release "hlsship", managed by service, and returns the text of each template by
// its file name; those that are empty are left out.
func render(t *testing.T, values map[string]any, service string) (map[string]string, error) {
	t.Helper()
	chart, err := loader.LoadDir(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	top, err := util.ToRenderValues(chart, values, common.ReleaseOptions{Name: "hlsship", Namespace: "default", Revision: 1, IsInstall: true}, nil)
	if err != nil {
		return nil, err
	}
	top["Release"].(map[string]any)["Service"] = service
	rendered, err := engine.Render(chart, top)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for name, text := range rendered {
		if text = strings.TrimSpace(text); text != "" {
			texts[path.Base(name)] = text + "\n"
		}
	}
	return texts, nil
}

// kinds are the types of everything that the chart may render, by apiVersion and kind.
func kinds() map[string]any {
	return map[string]any{
		"v1 ConfigMap":                            core.ConfigMap{},
		"v1 Service":                              core.Service{},
		"v1 ServiceAccount":                       core.ServiceAccount{},
		"apps/v1 StatefulSet":                     apps.StatefulSet{},
		"networking.k8s.io/v1 NetworkPolicy":      networking.NetworkPolicy{},
		"monitoring.coreos.com/v1 ServiceMonitor": monitoring.ServiceMonitor{},
		"monitoring.coreos.com/v1 PrometheusRule": monitoring.PrometheusRule{},
	}
}

// decode returns the manifest as a pointer to its type; fields that the type does not have are errors.
func decode(t *testing.T, name, text string) any {
	t.Helper()
	var head struct{ APIVersion, Kind string }
	if err := yaml.Unmarshal([]byte(text), &head); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	zero, ok := kinds()[head.APIVersion+" "+head.Kind]
	if !ok {
		t.Fatalf("%s is a %s of %s, which has no type here", name, head.Kind, head.APIVersion)
	}
	object := reflect.New(reflect.TypeOf(zero)).Interface()
	if err := yaml.UnmarshalStrict([]byte(text), object); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return object
}

// one returns the only object of its type.
func one[T any](t *testing.T, all []any) *T {
	t.Helper()
	var found *T
	for _, object := range all {
		if o, ok := object.(*T); ok {
			if found != nil {
				t.Fatalf("there are two of %T", found)
			}
			found = o
		}
	}
	if found == nil {
		t.Fatalf("there is no %T", found)
	}
	return found
}

// rendered returns the decoded objects of the chart with these values.
func rendered(t *testing.T, values map[string]any) []any {
	t.Helper()
	texts, err := render(t, values, "Helm")
	if err != nil {
		t.Fatal(err)
	}
	var all []any
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if name != "NOTES.txt" {
			all = append(all, decode(t, name, texts[name]))
		}
	}
	return all
}

func TestChartIsLinted(t *testing.T) {
	t.Parallel()
	for name, values := range map[string]map[string]any{
		"little": values(t, "destination: s3://my-bucket"), "plain": plain(t), "much": values(t, muchOfIt),
	} {
		result := lint.RunAll(chartDir, values, "default")
		for _, m := range result.Messages {
			if m.Severity >= support.WarningSev {
				t.Errorf("%s: %v", name, m)
			}
		}
	}
}

// muchOfIt sets what the defaults leave out.
const muchOfIt = `
destination: s3://my-bucket/live
config: {endpoint: "https://minio.example.com", cache_control: {playlist: "public, max-age=1"}}
image: {repository: registry.example.com/hlsship, tag: "1"}
imagePullSecrets: [{name: pull}]
credentials: {secret: keys}
serviceAccount: {annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::111122223333:role/hlsship"}}
packager:
  image: registry.example.com/packager:1
  command: [packager]
  args: [--out, /hls]
  env: [{name: KEY, value: "1"}]
  ports: [{name: srt, containerPort: 9000, protocol: UDP}]
  stopSeconds: 30
drainSeconds: 60
stream: {budgetMiB: 100, windowMiB: 100, persistent: true, storageClass: fast}
networkPolicy:
  enabled: true
  storeCIDRs: [192.0.2.0/24]
  storePort: 9000
  extraIngress: [{ports: [{protocol: UDP, port: 9000}]}]
  extraEgress: [{ports: [{protocol: TCP, port: 1935}]}]
serviceMonitor: {enabled: true, labels: {release: prometheus}}
prometheusRule: {enabled: true, labels: {release: prometheus}}
dashboard: {enabled: true}
podAnnotations: {example.com/a: b}
nodeSelector: {disk: ssd}
tolerations: [{key: live, operator: Exists}]
affinity: {nodeAffinity: {}}
priorityClassName: live
`

func TestChartIsStrict(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		values  string
		objects int
	}{
		"little": {"destination: s3://my-bucket", 4},
		"much":   {muchOfIt, 8},
	} {
		if all := rendered(t, values(t, tt.values)); len(all) != tt.objects {
			t.Errorf("%s: got %d objects, want %d", name, len(all), tt.objects)
		}
	}
	if all := rendered(t, plain(t)); len(all) != 8 {
		t.Errorf("plain: got %d objects", len(all))
	}
}

func TestChartRefuses(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no destination":                "{}",
		"a destination that is no s3":   "destination: http://my-bucket",
		"an unknown value":              "{destination: 's3://b', drainSecond: 5}",
		"an unknown value further down": "{destination: 's3://b', stream: {sizeLimit: 5Gi}}",
		"a drain that is no number":     "{destination: 's3://b', drainSeconds: 20s}",
		"a key that the chart sets":     "{destination: 's3://b', config: {drain_timeout: 1h}}",
		"an address of its own":         "{destination: 's3://b', config: {http_listen: 'off'}}",
		"nobody may read the metrics":   "{destination: 's3://b', networkPolicy: {enabled: true, prometheus: []}}",
	} {
		if _, err := render(t, values(t, text), "Helm"); err == nil {
			t.Errorf("%s: rendered", name)
		}
	}
}

// TestPlainManifests keeps the plain manifests: they are what the chart renders with the values beside them.
func TestPlainManifests(t *testing.T) {
	t.Parallel()
	texts, err := render(t, plain(t), "kubectl")
	if err != nil {
		t.Fatal(err)
	}
	for file, parts := range map[string][]string{
		"hlsship.yaml":    {"serviceaccount.yaml", "configmap.yaml", "service.yaml", "statefulset.yaml", "networkpolicy.yaml"},
		"monitoring.yaml": {"servicemonitor.yaml", "prometheusrule.yaml", "dashboard.yaml"},
	} {
		var b strings.Builder
		b.WriteString(heads()[file])
		for _, part := range parts {
			if texts[part] == "" {
				t.Fatalf("%s is empty", part)
			}
			decode(t, part, texts[part])
			b.WriteString("---\n" + regexp.MustCompile(`(?m)[ \t]+$`).ReplaceAllString(texts[part], ""))
			delete(texts, part)
		}
		golden(t, packaging+"/kubernetes/"+file, []byte(b.String()))
	}
	delete(texts, "NOTES.txt")
	if len(texts) > 0 {
		t.Errorf("in no file: %v", slices.Collect(maps.Keys(texts)))
	}
}

// heads are what the plain manifests begin with.
func heads() map[string]string {
	const source = "# Rendered from packaging/helm/hlsship by \"make manifests\".\n"
	return map[string]string{
		"hlsship.yaml": "# A packager, here ffmpeg with a test picture, and hlsship as its native sidecar (Kubernetes 1.29 or newer).\n" +
			"# Change destination, region and both images, make the Secret, and apply it:\n#\n" +
			"#   kubectl create secret generic hlsship --from-literal=AWS_ACCESS_KEY_ID=… --from-literal=AWS_SECRET_ACCESS_KEY=…\n" +
			"#   kubectl apply -f packaging/kubernetes/hlsship.yaml\n#\n" + source,
		"monitoring.yaml": "# For the Prometheus operator, and for Grafana's sidecar that collects dashboards. Add the labels by which\n" +
			"# your Prometheus selects.\n#\n" + source,
	}
}

// TestCopies keeps the files of the chart that a chart cannot take from elsewhere.
func TestCopies(t *testing.T) {
	t.Parallel()
	for file, source := range map[string]string{"alerts.yml": "/prometheus/alerts.yml", "dashboard.json": "/grafana/hlsship.json"} {
		golden(t, chartDir+"/files/"+file, read(t, packaging+source))
	}
}

// golden compares the file with what it is to hold, and writes it with -update.
func golden(t *testing.T, file string, want []byte) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(filepath.FromSlash(file), want, 0o644); err != nil { //nolint:gosec // everybody may read it
			t.Fatal(err)
		}
	}
	if !bytes.Equal(read(t, file), want) {
		t.Errorf("%s is not up to date: run make manifests", strings.TrimPrefix(file, "../"))
	}
}
