package checks

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"sigs.k8s.io/yaml"
)

const composeDir = packaging + "/compose"

// project loads the compose file as Compose does, which refuses what its schema does not have.
func project(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.FromSlash(composeDir + "/compose.yml")}, cli.WithResolvedPaths(true))
	if err != nil {
		t.Fatal(err)
	}
	p, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func environmentOf(s types.ServiceConfig, name string) string {
	if v := s.Environment[name]; v != nil {
		return *v
	}
	return ""
}

// seconds is a stop_grace_period; Compose waits ten seconds if there is none.
func seconds(s types.ServiceConfig) time.Duration {
	if s.StopGracePeriod == nil {
		return 10 * time.Second
	}
	return time.Duration(*s.StopGracePeriod)
}

// TestCompose holds the compose file to the program, the image and what it mounts.
func TestCompose(t *testing.T) {
	t.Parallel()
	p, program, image := project(t), programSettings(t), dockerfile(t)
	ship, ffmpeg := p.Services["hlsship"], p.Services["ffmpeg"]

	port := portOf(t, program["http_listen"])
	if got := environmentOf(ship, "HLSSHIP_HTTP_LISTEN"); got != "" {
		t.Errorf("hlsship listens on %s, and not on the port of its image", got)
	}
	if len(ship.Ports) != 1 || ship.Ports[0].Published != port || strconv.Itoa(int(ship.Ports[0].Target)) != port {
		t.Errorf("hlsship publishes %v, elsewhere it is %s", ship.Ports, port)
	}
	if drain := durationOf(t, program["drain_timeout"]); seconds(ship) < drain+slack || ship.StopSignal != "" {
		t.Errorf("hlsship is killed after %v, and draining alone may take %v", seconds(ship), drain)
	}
	if _, after := ffmpeg.DependsOn["hlsship"]; !after {
		t.Error("hlsship may be stopped before ffmpeg, whose last playlist is then not shipped")
	}
	if user := strings.Join(image["USER"], ""); ffmpeg.User != user || ship.User != "" {
		t.Errorf("ffmpeg is %s, hlsship %q and its image %s", ffmpeg.User, ship.User, user)
	}
	for name := range environmentNames(ship) {
		if _, ok := program[strings.ToLower(strings.TrimPrefix(name, "HLSSHIP_"))]; strings.HasPrefix(name, "HLSSHIP_") && !ok {
			t.Errorf("%s is no setting", name)
		}
	}
	_, _, packager := pods(t, rendered(t, plain(t)))
	if ffmpeg.Image != packager.Image || !slices.Equal(ffmpeg.Command, packager.Args) || !slices.Equal(ffmpeg.Entrypoint, packager.Command) {
		t.Errorf("ffmpeg runs as %s %v %v, and in the chart as %s %v %v", ffmpeg.Image, ffmpeg.Entrypoint, ffmpeg.Command,
			packager.Image, packager.Command, packager.Args)
	}
	streamVolume(t, p)
	keys(t, p)
	for name, s := range p.Services {
		if s.Build == nil && !regexp.MustCompile(`:[a-z]*[\d.]+[\w.-]*$`).MatchString(s.Image) {
			t.Errorf("%s: %s has no fixed tag", name, s.Image)
		}
		for _, o := range s.Ports {
			if o.HostIP != "127.0.0.1" {
				t.Errorf("%s can be reached from other machines", name)
			}
		}
		for _, v := range s.Volumes {
			if v.Type == types.VolumeTypeBind {
				read(t, filepath.ToSlash(pathOf(v.Source)))
			}
		}
	}
	gateway := regexp.MustCompile(`(?m)^VERSITYGW := (.+)$`).FindStringSubmatch(string(read(t, root+"/Makefile")))[1]
	if image := p.Services["bucket-server"].Image; image != "versity/versitygw:"+gateway {
		t.Errorf("the store is %s, and the tests use %s", image, gateway)
	}
}

// pathOf returns a file that stands for a mounted source: itself or, of a folder, the first file in it.
func pathOf(source string) string {
	if found, _ := filepath.Glob(filepath.Join(source, "*.yml")); len(found) > 0 {
		return found[0]
	}
	return source
}

func environmentNames(s types.ServiceConfig) map[string]*string { return s.Environment }

// streamVolume says that both mount one volume, where hlsship and ffmpeg expect it, owned by the user of both,
// with room for the budget.
func streamVolume(t *testing.T, p *types.Project) {
	t.Helper()
	ship, ffmpeg := p.Services["hlsship"], p.Services["ffmpeg"]
	for _, s := range []types.ServiceConfig{ship, ffmpeg} {
		if len(s.Volumes) != 1 || s.Volumes[0].Source != "stream" {
			t.Fatalf("%s mounts %v", s.Name, s.Volumes)
		}
	}
	if dir := ship.Volumes[0].Target; dir != ship.Command[1] || !strings.HasPrefix(ffmpeg.Command[len(ffmpeg.Command)-1], ffmpeg.Volumes[0].Target+"/") {
		t.Errorf("hlsship watches %s, the volume is at %s, ffmpeg writes %s", ship.Command[1], dir, ffmpeg.Command[len(ffmpeg.Command)-1])
	}
	options := strings.Split(p.Volumes["stream"].DriverOpts["o"], ",")
	for i, id := range strings.Split(ffmpeg.User, ":") {
		if want := []string{"uid=", "gid="}[i] + id; !slices.Contains(options, want) {
			t.Errorf("the volume's options %q lack %s", options, want)
		}
	}
	size := bytesOf(t, strings.TrimSuffix(strings.TrimPrefix(options[0], "size="), "m")+"MiB")
	if budget := bytesOf(t, environmentOf(ship, "HLSSHIP_SPOOL_BUDGET")); size < budget+64<<20 {
		t.Errorf("the volume holds %d bytes, and %d may wait for the store", size, budget)
	}
}

// keys says that the store, its bucket and hlsship mean the same keys, address and bucket.
func keys(t *testing.T, p *types.Project) {
	t.Helper()
	server, bucket, ship := p.Services["bucket-server"], p.Services["bucket"], p.Services["hlsship"]
	for ours, theirs := range map[string]string{"AWS_ACCESS_KEY_ID": "ROOT_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY": "ROOT_SECRET_KEY"} {
		if want := environmentOf(server, theirs); want == "" || environmentOf(ship, ours) != want || environmentOf(bucket, ours) != want {
			t.Errorf("%s differs", ours)
		}
	}
	endpoint := environmentOf(ship, "HLSSHIP_ENDPOINT")
	name, ok := strings.CutPrefix(ship.Command[2], "s3://")
	if !ok || !strings.Contains(bucket.Command[0], endpoint+"/"+name+"\n") && !strings.Contains(bucket.Command[0], endpoint+"/"+name+")") {
		t.Errorf("the bucket that is made is not %s at %s", ship.Command[2], endpoint)
	}
	if !slices.Contains(server.Command, ":"+strings.TrimPrefix(endpoint, "http://bucket-server:")) {
		t.Errorf("the store does not listen on %s", endpoint)
	}
}

// prometheusConfig is the part of Prometheus' configuration that ours uses, written by hand: its own type brings
// every service discovery along.
type prometheusConfig struct {
	Global struct {
		ScrapeInterval     string `json:"scrape_interval"`
		EvaluationInterval string `json:"evaluation_interval"`
	} `json:"global"`
	RuleFiles     []string `json:"rule_files"`
	ScrapeConfigs []struct {
		JobName       string `json:"job_name"`
		StaticConfigs []struct {
			Targets []string `json:"targets"`
		} `json:"static_configs"`
	} `json:"scrape_configs"`
}

// datasources and providers are the parts of Grafana's provisioning that ours uses, written by hand: Grafana has
// no module for them.
type datasources struct {
	APIVersion  int `json:"apiVersion"`
	Datasources []struct {
		Name      string `json:"name"`
		UID       string `json:"uid"`
		Type      string `json:"type"`
		Access    string `json:"access"`
		URL       string `json:"url"`
		IsDefault bool   `json:"isDefault"`
		JSONData  struct {
			TimeInterval string `json:"timeInterval"`
		} `json:"jsonData"`
	} `json:"datasources"`
}

type providers struct {
	APIVersion int `json:"apiVersion"`
	Providers  []struct {
		Name    string `json:"name"`
		Type    string `json:"type"`
		Options struct {
			Path string `json:"path"`
		} `json:"options"`
	} `json:"providers"`
}

func strict(t *testing.T, name string, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict(read(t, name), into); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// mountedAt returns what the service mounts at the path.
func mountedAt(s types.ServiceConfig, path string) string {
	for _, v := range s.Volumes {
		if v.Target == path {
			return filepath.ToSlash(v.Source)
		}
	}
	return ""
}

// TestMonitoringOfCompose follows the metrics from hlsship over Prometheus to Grafana's dashboard.
func TestMonitoringOfCompose(t *testing.T) {
	t.Parallel()
	p, port := project(t), portOf(t, programSettings(t)["http_listen"])
	var prometheus prometheusConfig
	strict(t, composeDir+"/prometheus.yml", &prometheus)
	if got := prometheus.ScrapeConfigs[0].StaticConfigs[0].Targets; !slices.Equal(got, []string{"hlsship:" + port}) {
		t.Errorf("Prometheus scrapes %v", got)
	}
	for _, file := range prometheus.RuleFiles {
		if !strings.HasSuffix(mountedAt(p.Services["prometheus"], "/etc/prometheus/"+file), "/packaging/prometheus/alerts.yml") {
			t.Errorf("%s is not the file of the alerts", file)
		}
	}
	var sources datasources
	strict(t, composeDir+"/grafana/datasources/prometheus.yml", &sources)
	if url := sources.Datasources[0].URL; url != "http://prometheus:9090" || !sources.Datasources[0].IsDefault {
		t.Errorf("Grafana asks %s", url)
	}
	var boards providers
	strict(t, composeDir+"/grafana/dashboards/hlsship.yml", &boards)
	home := environmentOf(p.Services["grafana"], "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH")
	if !strings.HasPrefix(home, boards.Providers[0].Options.Path+"/") || !strings.HasSuffix(mountedAt(p.Services["grafana"], home), "/packaging/grafana/hlsship.json") {
		t.Errorf("the dashboard is not at %s, below %s", home, boards.Providers[0].Options.Path)
	}
}

// TestPromtool has Prometheus' own tool judge what Prometheus reads, and run the tests of the alerts.
func TestPromtool(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed; make test-deps does so")
	}
	// The configuration names the alerts as they are mounted, beside it.
	dir := t.TempDir()
	copyTo(t, composeDir+"/prometheus.yml", dir)
	copyTo(t, packaging+"/prometheus/alerts.yml", dir)
	for _, args := range [][]string{
		{"check", "config", filepath.Join(dir, "prometheus.yml")},
		{"test", "rules", packaging + "/prometheus/alerts_test.yml"},
	} {
		if out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput(); err != nil { //nolint:gosec // the tool is looked up, the files are ours
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}
