package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// packaged is where the files made here lie for the packages, seen from testdata.
const packaged = "../../../packaging/"

func TestManPage(t *testing.T) {
	t.Parallel()
	commands := program{}.app().Commands
	example, err := os.ReadFile(filepath.Join("testdata", packaged, "hlsship.yml"))
	if err != nil {
		t.Fatal(err)
	}
	page, file := manPage(commands), settingsPage(string(example))
	golden(t, packaged+"hlsship.1", page)
	golden(t, packaged+"hlsship.yml.5", file)
	for _, s := range settings() {
		if !s.argument && !strings.Contains(page, `\fB\-\-`+s.name+`\fP`) {
			t.Errorf("the manual page does not tell of --%s", s.name)
		}
		if !strings.Contains(page, s.env()) {
			t.Errorf("the manual page does not tell of %s", s.env())
		}
		if s.inFile() && !strings.Contains(file, `\fB`+s.key()+`\fP`) {
			t.Errorf("hlsship.yml(5) does not tell of %s", s.key())
		}
	}
	for _, c := range commands {
		if !strings.Contains(page, `\fBhlsship `+c.Name+`\fP`) || !strings.Contains(page, ".SH HLSSHIP "+strings.ToUpper(c.Name)) {
			t.Errorf("the manual page does not tell of %s", c.Name)
		}
	}
	man, err := exec.LookPath("man")
	if err != nil {
		t.Skip("man is not installed")
	}
	for name, words := range map[string][]string{
		"hlsship.1":     {"hlsship check [flags of run]", "hlsship spool ls", "--max-lag TIME", "EXIT STATUS", "ENVIRONMENT", "HLSSHIP_DEFAULT_", "s3://BUCKET[/PREFIX]"},
		"hlsship.yml.5": {"max_lag: TIME", "channels", "${NAME:-text}", "{start:20060102T150405Z}", "destination: s3://my-bucket/live", "cache_control:"},
	} {
		cmd := exec.CommandContext(t.Context(), man, "--warnings=all", "-l", "testdata/"+packaged+name)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANROFFSEQ=", "MANWIDTH=100", "MAN_KEEP_FORMATTING=")
		var warnings strings.Builder
		cmd.Stderr = &warnings
		out, err := cmd.Output()
		if err != nil || warnings.Len() > 0 {
			t.Errorf("man says %v %q of %s:\n%s", err, &warnings, name, out)
		}
		for _, one := range words {
			if !strings.Contains(string(out), one) {
				t.Errorf("%s does not say %q:\n%s", name, one, out)
			}
		}
	}
}

func TestCompletions(t *testing.T) {
	t.Parallel()
	commands := program{}.app().Commands
	golden(t, packaged+"completions/hlsship.bash", bashCompletion(commands))
	golden(t, packaged+"completions/hlsship.zsh", zshCompletion(commands))
	golden(t, packaged+"completions/hlsship.fish", fishCompletion(commands))
	for shell, file := range map[string]string{"bash": "hlsship.bash", "zsh": "hlsship.zsh", "fish": "hlsship.fish"} {
		if path, err := exec.LookPath(shell); err == nil {
			if out, err := exec.CommandContext(t.Context(), path, "-n", "testdata/"+packaged+"completions/"+file).CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s", file, err, out)
			}
		}
	}
}

// TestBashCompletion asks bash.
func TestBashCompletion(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	for _, tt := range []struct{ name, words, want string }{
		{"command", "hlsship he", "healthcheck"},
		{"flag", "hlsship run --max", "--max-lag"},
		{"flag of another command", "hlsship healthcheck --max", ""},
		{"value", "hlsship run --checksum c", "crc32c"},
		{"command below a command", "hlsship spool l", "ls"},
		{"its flag", "hlsship spool ls --spool", "--spool-dir"},
		{"any value", "hlsship run --endpoint -", ""},
		{"after an argument", "hlsship run /var/www --drain", "--drain-timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			script := `compopt() { :; }; . "$0"; COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _hlsship; echo "${COMPREPLY[*]}"`
			out, err := exec.CommandContext(t.Context(), bash, "-c", script, "testdata/"+packaged+"completions/hlsship.bash", tt.words).CombinedOutput()
			if got := strings.TrimSpace(string(out)); err != nil || got != tt.want {
				t.Errorf("got %q and %v, want %q", got, err, tt.want)
			}
		})
	}
}
