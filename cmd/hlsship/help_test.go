package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s changed; run the test with -update and look at the difference:\n%s", path, got)
	}
}

// TestReference keeps the table of settings as it stands in docs/settings.md.
func TestReference(t *testing.T) {
	t.Parallel()
	golden(t, "reference.md", reference())
}

func TestManual(t *testing.T) {
	t.Parallel()
	golden(t, "manual.txt", manual())
	for i, line := range strings.Split(manual(), "\n") {
		if len(line) > 104 {
			t.Errorf("line %d of the help has %d characters", i+1, len(line))
		}
	}
}

// TestTable checks that the rows agree with themselves, with the help and with the command line.
func TestTable(t *testing.T) {
	t.Parallel()
	text, table := manual(), reference()
	flags := map[string]bool{}
	for _, f := range commandFlags(settings()) {
		flags[f.Names()[0]] = true
	}
	seen := map[string]bool{}
	for _, s := range settings() {
		if seen[s.name] {
			t.Errorf("%s is there twice", s.name)
		}
		seen[s.name] = true
		if s.argument == flags[s.name] {
			t.Errorf("%s: argument %v, flag %v", s.name, s.argument, flags[s.name])
		}
		if !s.argument && !strings.Contains(text, "  --"+s.name) {
			t.Errorf("--%s is not in the help", s.name)
		}
		if !strings.Contains(table, "`"+s.env()+"`") {
			t.Errorf("%s is not in the reference", s.env())
		}
		if s.usage == "" || strings.HasSuffix(s.usage, ".") {
			t.Errorf("%s: usage %q is not a sentence without its full stop", s.name, s.usage)
		}
		if s.kind == choice && !strings.Contains(" "+strings.Join(s.choices, " ")+" ", " "+s.def+" ") {
			t.Errorf("%s: default %q is no choice", s.name, s.def)
		}
		for _, word := range []string{"secret", "password", "token"} {
			if strings.Contains(s.name, word) && !strings.HasSuffix(s.name, "-file") {
				t.Errorf("--%s takes a secret by flag", s.name)
			}
		}
	}
}

func TestFlagsFirst(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"h run DIR s3://b --endpoint URL --path-style": "h run --endpoint URL --path-style -- DIR s3://b",
		"h run --workers=3 DIR --region r s3://b":      "h run --workers=3 --region r -- DIR s3://b",
		"h run -- -dir --region":                       "h run -- -dir --region",
		"h run DIR -- --x":                             "h run -- DIR --x",
		"h run DIR --workers":                          "h run --workers",
		"h run --unknown DIR":                          "h run --unknown -- DIR",
	}
	for in, want := range tests {
		if got := strings.Join(flagsFirst(strings.Fields(in), 2, commandFlags(settings())), " "); got != want {
			t.Errorf("flagsFirst(%q)\n got %q\nwant %q", in, got, want)
		}
	}
}
