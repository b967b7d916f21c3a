package checks

import (
	"slices"
	"strings"
	"testing"
	"time"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

// settings are those keys of hlsship's configuration file that the checks look at, and all the others.
type settings struct {
	Dir          string         `json:"dir"`
	Destination  string         `json:"destination"`
	DrainTimeout string         `json:"drain_timeout"`
	SpoolBudget  string         `json:"spool_budget"`
	Others       map[string]any `json:"-"`
}

// config decodes the ConfigMap's configuration file and refuses keys that hlsship does not have.
func config(t *testing.T, all []any) settings {
	t.Helper()
	var maps []*core.ConfigMap
	for _, o := range all {
		if m, ok := o.(*core.ConfigMap); ok && m.Data["hlsship.yml"] != "" {
			maps = append(maps, m)
		}
	}
	if len(maps) != 1 {
		t.Fatalf("%d ConfigMaps hold hlsship.yml", len(maps))
	}
	var s settings
	text := []byte(maps[0].Data["hlsship.yml"])
	if err := yaml.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, &s.Others); err != nil {
		t.Fatal(err)
	}
	known := programSettings(t)
	for key := range s.Others {
		if _, ok := known[key]; !ok {
			t.Errorf("hlsship.yml of the chart has %s, which hlsship does not know", key)
		}
	}
	return s
}

// pods returns the pod template, its sidecar and its packager.
func pods(t *testing.T, all []any) (pod core.PodSpec, sidecar, packager core.Container) {
	t.Helper()
	pod = one[apps.StatefulSet](t, all).Spec.Template.Spec
	if len(pod.InitContainers) != 1 || len(pod.Containers) != 1 {
		t.Fatalf("got %d init containers and %d containers", len(pod.InitContainers), len(pod.Containers))
	}
	return pod, pod.InitContainers[0], pod.Containers[0]
}

func mounts(c core.Container) map[string]string {
	paths := map[string]string{}
	for _, m := range c.VolumeMounts {
		paths[m.Name] = m.MountPath
	}
	return paths
}

// TestSidecar says what makes the sidecar one: it outlives the packager, shares its volume and its user, and is
// given the time that it needs.
func TestSidecar(t *testing.T) {
	t.Parallel()
	for name, values := range map[string]map[string]any{
		"little": values(t, "destination: s3://my-bucket"), "plain": plain(t), "much": values(t, muchOfIt),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := rendered(t, values)
			pod, sidecar, packager := pods(t, all)
			if p := sidecar.RestartPolicy; p == nil || *p != core.ContainerRestartPolicyAlways {
				t.Error("without restartPolicy Always the init container is no sidecar: the packager would never start")
			}
			conf := config(t, all)
			drain, err := time.ParseDuration(conf.DrainTimeout)
			if err != nil {
				t.Fatal(err)
			}
			stop := time.Duration(number(t, values, "packager", "stopSeconds")) * time.Second
			if grace := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second; grace < stop+drain+slack {
				t.Errorf("the pod is killed after %v; the packager has %v and hlsship drains for %v", grace, stop, drain)
			}
			if mounts(sidecar)["stream"] != conf.Dir || mounts(packager)["stream"] != conf.Dir {
				t.Errorf("dir is %s, and the volume is at %v and %v", conf.Dir, mounts(sidecar), mounts(packager))
			}
			for _, m := range sidecar.VolumeMounts {
				if m.SubPath != "" {
					t.Errorf("%s is mounted by subPath, which no change of a ConfigMap reaches", m.Name)
				}
			}
			nobodysUser(t, pod, sidecar, packager)
			probes(t, sidecar)
			room(t, one[apps.StatefulSet](t, all).Spec, conf)
		})
	}
}

// nobodysUser says that both containers run as one user without privileges.
func nobodysUser(t *testing.T, pod core.PodSpec, containers ...core.Container) {
	t.Helper()
	p := pod.SecurityContext
	if p == nil || p.RunAsNonRoot == nil || !*p.RunAsNonRoot || p.RunAsUser == nil || p.RunAsGroup == nil || p.FSGroup == nil ||
		*p.RunAsGroup != *p.FSGroup || p.SeccompProfile == nil || p.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
		t.Errorf("the pod's security context is %v", p)
	}
	for _, c := range containers {
		s := c.SecurityContext
		if s == nil || s.RunAsUser != nil || s.RunAsGroup != nil {
			t.Errorf("%s has a user of its own, so that leases and hard links fail", c.Name)
			continue
		}
		if s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem ||
			s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}) || len(s.Capabilities.Add) > 0 {
			t.Errorf("%s may more than it needs: %v", c.Name, s)
		}
	}
	if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Error("a token of Kubernetes is mounted, and nobody uses it")
	}
}

// probes says that each probe asks what it is about: a store that is away restarts nothing.
func probes(t *testing.T, sidecar core.Container) {
	t.Helper()
	for name, p := range map[string]struct {
		probe *core.Probe
		path  string
	}{
		"startup": {sidecar.StartupProbe, "/healthz"}, "liveness": {sidecar.LivenessProbe, "/healthz"}, "readiness": {sidecar.ReadinessProbe, "/readyz"},
	} {
		if p.probe == nil || p.probe.HTTPGet == nil || p.probe.HTTPGet.Path != p.path {
			t.Errorf("the %s probe is not of %s", name, p.path)
			continue
		}
		if !slices.ContainsFunc(sidecar.Ports, func(c core.ContainerPort) bool { return p.probe.HTTPGet.Port == intstr.FromString(c.Name) }) {
			t.Errorf("the %s probe asks port %v, which is not there", name, p.probe.HTTPGet.Port)
		}
	}
}

// room says that what may wait for the store and something of the packager fit into the volume.
func room(t *testing.T, set apps.StatefulSetSpec, conf settings) {
	t.Helper()
	budget := bytesOf(t, conf.SpoolBudget)
	for _, v := range set.Template.Spec.Volumes {
		if v.Name == "stream" {
			if v.EmptyDir == nil || v.EmptyDir.SizeLimit == nil || v.EmptyDir.SizeLimit.Value() < budget+64<<20 {
				t.Errorf("the volume %v does not hold a budget of %s", v.EmptyDir, conf.SpoolBudget)
			}
			return
		}
	}
	for _, v := range set.VolumeClaimTemplates {
		if size := v.Spec.Resources.Requests[core.ResourceStorage]; v.Name == "stream" && size.Value() >= budget+64<<20 {
			return
		}
	}
	t.Errorf("there is no volume that holds a budget of %s", conf.SpoolBudget)
}

// TestWhoIsScraped follows the port from the ServiceMonitor over the Service to the sidecar, and through the
// NetworkPolicy.
func TestWhoIsScraped(t *testing.T) {
	t.Parallel()
	all := rendered(t, plain(t))
	set, service := one[apps.StatefulSet](t, all), one[core.Service](t, all)
	monitor, policy := one[monitoring.ServiceMonitor](t, all), one[networking.NetworkPolicy](t, all)
	_, sidecar, _ := pods(t, all)
	labels := set.Spec.Template.Labels
	for what, selector := range map[string]map[string]string{
		"set": set.Spec.Selector.MatchLabels, "service": service.Spec.Selector, "policy": policy.Spec.PodSelector.MatchLabels,
	} {
		if !within(selector, labels) {
			t.Errorf("the %s selects %v, and the pod has %v", what, selector, labels)
		}
	}
	if !within(monitor.Spec.Selector.MatchLabels, service.Labels) || set.Spec.ServiceName != service.Name {
		t.Errorf("the service %s %v is not selected by %v and %s", service.Name, service.Labels, monitor.Spec.Selector.MatchLabels, set.Spec.ServiceName)
	}
	port := sidecar.Ports[0].ContainerPort
	if p := service.Spec.Ports[0]; p.TargetPort != intstr.FromInt32(port) || p.Name != monitor.Spec.Endpoints[0].Port {
		t.Errorf("the service's port is %v, the sidecar's %d, the monitor's %s", p, port, monitor.Spec.Endpoints[0].Port)
	}
	if p := policy.Spec.Ingress[0].Ports[0].Port; *p != intstr.FromInt32(port) {
		t.Errorf("the policy lets in to %v", p)
	}
	var out []string
	for _, rule := range policy.Spec.Egress {
		for _, p := range rule.Ports {
			out = append(out, string(*p.Protocol)+" "+p.Port.String())
		}
	}
	if got := strings.Join(out, ", "); got != "UDP 53, TCP 53, TCP 443" {
		t.Errorf("the policy lets out to %s", got)
	}
	if account := one[core.ServiceAccount](t, all); account.Name != set.Spec.Template.Spec.ServiceAccountName {
		t.Errorf("the account is %s", account.Name)
	}
}

// TestMemoryLimit says what the Go runtime may take of a limit as Kubernetes writes them.
func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	for limit, want := range map[string]string{
		"256Mi": "201326592", "1Gi": "805306368", "500M": "375000000", "268435456": "201326592", "262144Ki": "201326592", "1.5Gi": "", "268435456000m": "", "": "",
	} {
		text := "destination: s3://my-bucket\nresources: {limits: {memory: \"" + limit + "\"}}\n"
		if limit == "" {
			text = "destination: s3://my-bucket\nresources: {limits: null}\n"
		}
		_, sidecar, _ := pods(t, rendered(t, values(t, text)))
		got := ""
		for _, e := range sidecar.Env {
			if e.Name == "GOMEMLIMIT" {
				got = e.Value
			}
		}
		if got != want {
			t.Errorf("of %q the Go runtime may take %q, want %q", limit, got, want)
		}
	}
}

// TestKeys says where the store's keys come from.
func TestKeys(t *testing.T) {
	t.Parallel()
	_, sidecar, packager := pods(t, rendered(t, plain(t)))
	var names []string
	for _, e := range sidecar.Env {
		if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil && e.ValueFrom.SecretKeyRef.Name == "hlsship" && e.ValueFrom.SecretKeyRef.Key == e.Name {
			names = append(names, e.Name)
		}
	}
	if !slices.Equal(names, []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}) || len(packager.Env) > 0 {
		t.Errorf("got %v, and the packager %v", names, packager.Env)
	}
	_, sidecar, _ = pods(t, rendered(t, values(t, "destination: s3://my-bucket")))
	if slices.ContainsFunc(sidecar.Env, func(e core.EnvVar) bool { return strings.HasPrefix(e.Name, "AWS_") }) {
		t.Error("keys stand in the way of the service account's role")
	}
}

// within says whether all has all of some.
func within(some, all map[string]string) bool {
	for k, v := range some {
		if all[k] != v {
			return false
		}
	}
	return len(some) > 0
}

// snippet returns the Deployment that the README has for somebody to paste from.
func snippet(t *testing.T) apps.Deployment {
	t.Helper()
	_, text, _ := strings.Cut(string(read(t, root+"/README.md")), "```yaml\nspec:\n")
	text, _, found := strings.Cut(text, "```")
	if !found {
		t.Fatal("the README has no sidecar to paste")
	}
	var d apps.Deployment
	if err := yaml.UnmarshalStrict([]byte("spec:\n"+text), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestSnippet holds the README's sidecar to what makes one.
func TestSnippet(t *testing.T) {
	t.Parallel()
	d := snippet(t)
	pod := d.Spec.Template.Spec
	if len(pod.InitContainers) != 1 || len(pod.Containers) != 1 || len(pod.Volumes) != 1 {
		t.Fatalf("got %d init containers, %d containers and %d volumes", len(pod.InitContainers), len(pod.Containers), len(pod.Volumes))
	}
	sidecar, packager, volume := pod.InitContainers[0], pod.Containers[0], pod.Volumes[0]
	if d.Spec.Strategy.Type != apps.RecreateDeploymentStrategyType {
		t.Error("two pods ship to one prefix while the Deployment is updated")
	}
	if p := sidecar.RestartPolicy; p == nil || *p != core.ContainerRestartPolicyAlways {
		t.Error("without restartPolicy Always the init container is no sidecar")
	}
	drain := durationOf(t, programSettings(t)["drain_timeout"])
	if grace := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second; grace < drain+2*slack {
		t.Errorf("the pod is killed after %v, and draining alone may take %v", grace, drain)
	}
	user := strings.Trim(strings.Join(dockerfile(t)["USER"], ""), " ")
	if got, _, _ := strings.Cut(user, ":"); pod.SecurityContext == nil || *pod.SecurityContext.RunAsUser != 65532 || got != "65532" {
		t.Errorf("the snippet is not for the image's user %q", user)
	}
	dir := sidecar.Args[len(sidecar.Args)-2]
	if mounts(sidecar)[volume.Name] != dir || mounts(packager)[volume.Name] != dir {
		t.Errorf("hlsship ships %s, and the volume is at %v and %v", dir, mounts(sidecar), mounts(packager))
	}
	i := slices.Index(sidecar.Args, "--spool-budget")
	if i < 0 || volume.EmptyDir == nil || volume.EmptyDir.SizeLimit == nil || volume.EmptyDir.SizeLimit.Value() <= bytesOf(t, sidecar.Args[i+1]) {
		t.Error("the volume has no room for the spool and the packager, so that the pod is evicted")
	}
	if p := sidecar.StartupProbe; p == nil || p.HTTPGet == nil || p.HTTPGet.Port.String() != portOf(t, programSettings(t)["http_listen"]) || int32(p.HTTPGet.Port.IntValue()) != sidecar.Ports[0].ContainerPort {
		t.Error("the packager does not wait for hlsship at its port")
	}
}
