package main

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/state"
)

// TestStatusFieldsAreDocumented: docs/metrics.md names every field of /status.json.
func TestStatusFieldsAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "## status.json")
	if !ok {
		t.Fatal("no section about status.json")
	}
	n := 0
	var walk func(of reflect.Type)
	walk = func(of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct || !strings.HasSuffix(of.PkgPath(), "/state") {
			return
		}
		for f := range of.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if n++; name != "" && name != "-" && !strings.Contains(section, name) {
				t.Errorf("%s is not documented", name)
			}
			walk(f.Type)
		}
	}
	walk(reflect.TypeFor[state.Report]())
	if n < 60 {
		t.Errorf("only %d fields were found", n)
	}
}
