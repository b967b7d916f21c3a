package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// packaged is where the files made here lie for the packages, seen from testdata.
const packaged = "../../../packaging/"

func TestManPage(t *testing.T) {
	t.Parallel()
	page := manPage(program{}.app().Commands)
	golden(t, packaged+"hlsship.1", page)
	for _, s := range settings() {
		if !s.argument && !strings.Contains(page, `\fB`+roff("--"+s.name)+`\fR`) {
			t.Errorf("the manual page does not tell of --%s", s.name)
		}
	}
	man, err := exec.LookPath("man")
	if err != nil {
		t.Skip("man is not installed")
	}
	cmd := exec.CommandContext(t.Context(), man, "--warnings=all", "-l", "testdata/"+packaged+"hlsship.1")
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANROFFSEQ=", "MANWIDTH=100", "MAN_KEEP_FORMATTING=")
	var warnings strings.Builder
	cmd.Stderr = &warnings
	out, err := cmd.Output()
	if err != nil || warnings.Len() > 0 || !strings.Contains(string(out), "--max-lag TIME") {
		t.Errorf("man says %v %q:\n%s", err, &warnings, out)
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
