package main

import (
	"fmt"
	"strings"
)

// reference is the table of all settings in Markdown, as it stands in docs/settings.md.
func reference() string {
	var b strings.Builder
	b.WriteString("| Flag | Variable | Key | Default | Meaning |\n|---|---|---|---|---|\n")
	for _, s := range settings() {
		flag, key, def := "`--"+s.name+"`", "`"+s.key()+"`", "–"
		if s.argument {
			flag = "`" + s.value + "`"
		}
		if s.repeats() {
			flag += " (repeatable)"
		}
		if !s.inFile() {
			key = "–"
		}
		if s.def != "" {
			def = "`" + s.def + "`"
		}
		variables := "`" + s.env() + "`"
		for _, v := range s.also {
			variables += ", `" + v + "`"
		}
		usage := strings.ToUpper(s.usage[:1]) + s.usage[1:]
		if s.kind == choice {
			usage += ": `" + strings.Join(s.choices, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", flag, variables, key, def, strings.ReplaceAll(usage, "|", "\\|"))
	}
	return b.String()
}
