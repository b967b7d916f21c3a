package checks

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
)

// complaints runs hlsship with a log level that does not exist, so that it stops before it ships anything, and
// returns what it says beyond that.
func complaints(t *testing.T, binary string, environ []string, args ...string) string {
	t.Helper()
	run := exec.CommandContext(t.Context(), binary, append(args, "--log-level", "loud")...) //nolint:gosec // built below
	run.Env = environ
	out, err := run.CombinedOutput()
	var rest []string
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, `--log-level: "loud" is none of`) && !strings.HasPrefix(line, "Say ") && strings.TrimSpace(line) != "" {
			rest = append(rest, line)
		}
	}
	if err == nil || !strings.Contains(string(out), `"loud" is none of`) {
		t.Fatalf("hlsship did not judge its settings: %v\n%s", err, out)
	}
	return strings.Join(rest, "")
}

// TestProgramTakesSettings has the program itself read the settings of the chart and of the compose file.
func TestProgramTakesSettings(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "hlsship")
	build := exec.CommandContext(t.Context(), "go", "build", "-C", filepath.FromSlash(root), "-o", binary, "./cmd/hlsship") //nolint:gosec // no input
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, values := range map[string]map[string]any{"plain": plain(t), "much": values(t, muchOfIt)} {
		all := rendered(t, values)
		var text string
		for _, o := range all {
			if m, ok := o.(*core.ConfigMap); ok && m.Data["hlsship.yml"] != "" {
				text = m.Data["hlsship.yml"]
			}
		}
		_, sidecar, _ := pods(t, all)
		environ := []string{"HOME=" + t.TempDir()}
		for _, e := range sidecar.Env {
			environ = append(environ, e.Name+"="+e.Value)
		}
		args := append([]string(nil), sidecar.Args...)
		args[len(args)-1] = filepath.Join(t.TempDir(), "hlsship.yml")
		if err := os.WriteFile(args[len(args)-1], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if said := complaints(t, binary, environ, args...); said != "" {
			t.Errorf("%s: hlsship refuses the settings of the chart:\n%s", name, said)
		}
		if err := os.WriteFile(args[len(args)-1], []byte(text+"\ndrain: 5s\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if said := complaints(t, binary, environ, args...); said == "" {
			t.Errorf("%s: hlsship takes a key that does not exist", name)
		}
	}
	ship := project(t).Services["hlsship"]
	var environ []string
	for name, value := range ship.Environment {
		environ = append(environ, name+"="+*value)
	}
	if said := complaints(t, binary, environ, ship.Command...); said != "" {
		t.Errorf("hlsship refuses the settings of the compose file:\n%s", said)
	}
	if said := complaints(t, binary, []string{"HOME=" + t.TempDir()}, snippet(t).Spec.Template.Spec.InitContainers[0].Args...); said != "" {
		t.Errorf("hlsship refuses the arguments of the README's sidecar:\n%s", said)
	}
}
