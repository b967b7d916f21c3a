package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// read returns the text of a file, named from the root of the module.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// units are the names of the units, the plain one first.
func units() []string { return []string{"hlsship.service", "hlsship@.service"} }

// value returns what the one line KEY=VALUE of a text says.
func value(t *testing.T, text, key string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(key)+`\s*[=:]\s*(.*)$`).FindAllStringSubmatch(text, -1)
	if len(m) != 1 {
		t.Fatalf("%s is there %d times, want once", key, len(m))
	}
	return m[0][1]
}

// preset returns the default of a setting as the reference has it.
func preset(t *testing.T, key string) string {
	t.Helper()
	m := regexp.MustCompile("(?m)\\| `" + key + "` \\| `([^`]*)` \\|").FindStringSubmatch(read(t, "cmd/hlsship/testdata/reference.md"))
	if m == nil {
		t.Fatalf("the reference has no default of %s", key)
	}
	return m[1]
}

func span(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestNumbersAgree keeps in step what is said in several places.
func TestNumbersAgree(t *testing.T) {
	t.Parallel()
	drain := span(t, preset(t, "drain_timeout"))
	stall := regexp.MustCompile(`const stall = (\d+) \* time.Second`).FindStringSubmatch(read(t, "cmd/hlsship/supervisor.go"))
	if stall == nil {
		t.Fatal("supervisor.go does not say when a loop hangs")
	}
	for _, name := range units() {
		unit := read(t, "packaging/systemd/"+name)
		if stop := span(t, value(t, unit, "TimeoutStopSec")); stop < drain+5*time.Second {
			t.Errorf("%s: systemd kills after %v, and draining alone may take %v", name, stop, drain)
		}
		if dog := span(t, value(t, unit, "WatchdogSec")); dog < 2*span(t, stall[1]+"s") {
			t.Errorf("%s: the watchdog bites after %v, too soon for a loop that may be silent for %ss", name, dog, stall[1])
		}
		for _, path := range []string{"/usr/bin/hlsship", "/etc/hlsship/credentials"} {
			if !strings.Contains(unit, path) || !strings.Contains(read(t, "packaging/nfpm.yml"), "dst: "+path+"\n") {
				t.Errorf("%s and nfpm.yml do not agree on %s", name, path)
			}
		}
	}
	dockerfile := read(t, "Dockerfile")
	_, port, _ := strings.Cut(preset(t, "http_listen"), ":")
	for _, want := range []string{"HLSSHIP_DEFAULT_HTTP_LISTEN=:" + port, "EXPOSE " + port} {
		if !strings.Contains(dockerfile, want) {
			t.Errorf("the Dockerfile lacks %s", want)
		}
	}
	// docker stop and Kubernetes wait for ten and thirty seconds unless they are told otherwise.
	if grace := regexp.MustCompile(`--stop-timeout (\d+)`).FindStringSubmatch(dockerfile); grace == nil || span(t, grace[1]+"s") < drain+5*time.Second {
		t.Errorf("the Dockerfile asks for a grace of %v, and draining alone may take %v", grace, drain)
	}
	users, files := read(t, "packaging/systemd/sysusers.conf"), read(t, "packaging/systemd/tmpfiles.conf")
	home := regexp.MustCompile(`(?m)^u hlsship - "hlsship" (\S+)$`).FindStringSubmatch(users)
	if home == nil || !strings.Contains(files, "\nd "+home[1]+" 3775 hlsship hlsship -\n") {
		t.Errorf("sysusers.conf and tmpfiles.conf do not agree on the place for streams: %q", home)
	}
}

// TestSettingsAreDefaults keeps that what /etc/hlsship/hlsship.yml has commented out is the default, and that it
// sets nothing.
func TestSettingsAreDefaults(t *testing.T) {
	t.Parallel()
	text := read(t, "packaging/etc/hlsship.yml")
	var set map[string]any
	if err := yaml.Unmarshal([]byte(text), &set); err != nil || len(set) > 0 {
		t.Errorf("got %v and %v, want no setting: nothing may be shipped before somebody said where to", set, err)
	}
	found := regexp.MustCompile(`(?m)^# ([a-z_]+): (\S+)`).FindAllStringSubmatch(text, -1)
	if len(found) < 6 {
		t.Errorf("only %d settings are shown", len(found))
	}
	for _, m := range found {
		if slices.Contains([]string{"dir", "destination", "endpoint", "region"}, m[1]) { // they have none
			continue
		}
		if want := preset(t, m[1]); m[2] != want {
			t.Errorf("%s is shown as %s, the default is %s", m[1], m[2], want)
		}
	}
}

// TestUnitsAreAlike keeps the template equal to the plain unit but for what makes it one.
func TestUnitsAreAlike(t *testing.T) {
	t.Parallel()
	directives := func(name string) []string {
		return regexp.MustCompile(`(?m)^[^#\n].*$`).FindAllString(read(t, "packaging/systemd/"+name), -1)
	}
	plain, template := directives("hlsship.service"), directives("hlsship@.service")
	for i, line := range template {
		template[i] = strings.NewReplacer(" (%i)", "", "%i", "hlsship").Replace(line)
	}
	if !slices.Equal(plain, template) {
		t.Errorf("the units differ:\n%s\n\n%s", strings.Join(plain, "\n"), strings.Join(template, "\n"))
	}
	if !slices.Contains(plain, "Type=notify") || !slices.Contains(plain, "User=hlsship") {
		t.Error("the unit is not what these tests think it is")
	}
}

// TestSystemdLikesUnits asks systemd whether it understands the units and how much they expose.
func TestSystemdLikesUnits(t *testing.T) {
	t.Parallel()
	const tool = "systemd-analyze" //nolint:misspell // that is its name
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Skip("systemd is not installed")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range units() {
		// Neither program nor manual page need be installed for it to look at the rest.
		unit := strings.ReplaceAll(read(t, "packaging/systemd/"+name), "/usr/bin/hlsship", exe)
		at := filepath.Join(dir, strings.Replace(name, "@", "@news", 1))
		if err := os.WriteFile(at, []byte(strings.Replace(unit, "man:hlsship(1) ", "", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{
			{"verify", "--man=no", at},
			{"security", "--offline=true", "--threshold=20", "--no-pager", at},
		} {
			out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
			said := strings.TrimSpace(string(out))
			if err != nil || args[0] == "verify" && strings.Contains(said, filepath.Base(at)) {
				t.Errorf("%s %s %s: %v:\n%s", tool, args[0], name, err, said)
			}
		}
	}
}

// TestPackageHasAll keeps that what the package is made of is there, and that nothing is left out.
func TestPackageHasAll(t *testing.T) {
	t.Parallel()
	var manifest struct {
		Contents []struct{ Src, Dst string }
	}
	if err := yaml.Unmarshal([]byte(read(t, "packaging/nfpm.yml")), &manifest); err != nil {
		t.Fatal(err)
	}
	packaged, placed := map[string]bool{}, map[string]bool{}
	for _, c := range manifest.Contents {
		packaged[c.Src], placed[c.Dst] = true, true
		if !strings.HasPrefix(c.Src, "dist/") {
			if _, err := os.Stat(filepath.Join("..", c.Src)); err != nil {
				t.Error(err)
			}
		} else if !strings.Contains(read(t, "packaging/build"), `"$out/`+filepath.Base(c.Src)+`"`) {
			t.Errorf("nobody makes %s", c.Src)
		}
	}
	for _, folder := range []string{"packaging/systemd", "packaging/etc", "packaging/completions", "packaging/prometheus", "packaging/grafana", "docs"} {
		entries, err := os.ReadDir(filepath.Join("..", folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if name := folder + "/" + e.Name(); !packaged[name] && !strings.HasSuffix(name, "_test.yml") {
				t.Errorf("%s is in no package", name)
			}
		}
	}
	// The files of /etc name documents by where the package puts them.
	for _, c := range manifest.Contents {
		if !strings.HasPrefix(c.Src, "packaging/etc/") {
			continue
		}
		for _, name := range regexp.MustCompile(`/usr/share/doc/[\w./-]+\w`).FindAllString(read(t, c.Src), -1) {
			if !placed[name] {
				t.Errorf("%s speaks of %s, which is in no package", c.Src, name)
			}
		}
	}
	if !packaged["README.md"] {
		t.Error("the README is in no package")
	}
	if !packaged["packaging/systemd/hlsship.service"] {
		t.Error("the contents were not understood")
	}
}

// TestImageHasSources keeps that the Dockerfile's context has every package that the program is made of.
func TestImageHasSources(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./cmd/hlsship")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	ignore := read(t, ".dockerignore")
	for line := range strings.Lines(string(out)) {
		if folder, ours := strings.CutPrefix(strings.TrimSpace(line), "github.com/hlsship/hlsship/"); ours {
			folder, _, _ = strings.Cut(folder, "/")
			if !strings.Contains(ignore, "\n!"+folder+"\n") {
				t.Errorf(".dockerignore leaves out %s", folder)
			}
		}
	}
}
