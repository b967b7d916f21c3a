package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// completion is what a shell may complete after a flag.
type completion struct {
	flag, usage string
	// value says that the flag takes one, paths that it is a path, choices what else it may be.
	value, paths bool
	choices      []string
}

// completions are those of a command and of those below it, in the order of their flags.
func completions(c *cli.Command) []completion {
	var all []completion
	flags := c.Flags
	for _, sub := range c.Subcommands {
		flags = append(flags, sub.Flags...)
	}
	for _, f := range flags {
		one := completion{flag: f.Names()[0]}
		if d, ok := f.(cli.DocGenerationFlag); ok {
			one.value, one.usage = d.TakesValue(), d.GetUsage()
		}
		rows := settings()
		if i := slices.IndexFunc(rows, func(s setting) bool { return s.name == one.flag }); i >= 0 {
			one.paths = rows[i].value == "FILE" || rows[i].value == "DIR"
			if rows[i].kind == choice {
				one.choices = rows[i].choices
			}
		}
		all = append(all, one)
	}
	return all
}

// directories says whether a command's arguments begin with a directory.
func directories(c *cli.Command) bool {
	return slices.Contains([]string{"run", "check", "verify", "spool"}, c.Name)
}

// bashCompletion completes commands, flags and their values in bash.
func bashCompletion(commands []*cli.Command) string {
	var b, flags strings.Builder
	var free []string // flags whose value nobody knows
	seen := map[string]bool{}
	fmt.Fprintf(&b, `# Completion of hlsship(1) for bash; written by "make docs".
_hlsship() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} flags=
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W '%s' -- "$current")
		return
	fi
	case $previous in
`, strings.Join(commandNamesOf(commands), " "))
	for _, c := range commands {
		var own []string
		for _, f := range completions(c) {
			own = append(own, "--"+f.flag)
			if !f.value || seen[f.flag] {
				continue
			}
			seen[f.flag] = true
			switch {
			case f.choices != nil:
				fmt.Fprintf(&b, "	--%s) mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$current\"); return ;;\n", f.flag, strings.Join(f.choices, " "))
			case f.paths:
				fmt.Fprintf(&b, "	--%s) compopt -o default; return ;;\n", f.flag)
			default:
				free = append(free, "--"+f.flag)
			}
		}
		fmt.Fprintf(&flags, "	%s) flags='%s'", c.Name, strings.Join(own, " "))
		if c.Subcommands != nil {
			fmt.Fprintf(&flags, "; [ \"$COMP_CWORD\" -gt 2 ] || { mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$current\"); return; }",
				strings.Join(commandNamesOf(c.Subcommands), " "))
		}
		if directories(c) {
			flags.WriteString("; [[ $current == -* ]] || compopt -o dirnames")
		}
		flags.WriteString(" ;;\n")
	}
	b.WriteString("	" + strings.Join(free, " | ") + ") return ;;\n	esac\n	case ${COMP_WORDS[1]} in\n" + flags.String() + `	esac
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
	fi
}
complete -F _hlsship hlsship
`)
	return b.String()
}

// zshCompletion is the same for zsh.
func zshCompletion(commands []*cli.Command) string {
	quote := strings.NewReplacer("'", `'\''`, "[", `\[`, "]", `\]`, ":", `\:`)
	var b strings.Builder
	b.WriteString("#compdef hlsship\n# Written by \"make docs\".\nif (( CURRENT == 2 )); then\n	_values command")
	for _, c := range commands {
		fmt.Fprintf(&b, " '%s[%s]'", c.Name, quote.Replace(c.Usage))
	}
	b.WriteString("\n	return\nfi\ncase $words[2] in\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "%s)\n	_arguments", c.Name)
		for _, f := range completions(c) {
			value := ""
			switch {
			case f.choices != nil:
				value = ":value:(" + strings.Join(f.choices, " ") + ")"
			case f.paths:
				value = ":path:_files"
			case f.value:
				value = ":value: "
			}
			fmt.Fprintf(&b, " \\\n		'*--%s[%s]%s'", f.flag, quote.Replace(f.usage), value)
		}
		if c.Subcommands != nil {
			fmt.Fprintf(&b, " \\\n		'2:command:(%s)'", strings.Join(commandNamesOf(c.Subcommands), " "))
		}
		if directories(c) {
			b.WriteString(" \\\n		'3:directory:_files -/' '4:destination: '")
		}
		b.WriteString(" ;;\n")
	}
	b.WriteString("esac\n")
	return b.String()
}

// fishCompletion is the same for fish.
func fishCompletion(commands []*cli.Command) string {
	quote := strings.NewReplacer(`\`, `\\`, "'", `\'`)
	var b strings.Builder
	b.WriteString("# Completion of hlsship(1) for fish; written by \"make docs\".\ncomplete -c hlsship -f\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "complete -c hlsship -n __fish_use_subcommand -a %s -d '%s'\n", c.Name, quote.Replace(c.Usage))
		seen := "-n '__fish_seen_subcommand_from " + c.Name + "'"
		for _, f := range completions(c) {
			fmt.Fprintf(&b, "complete -c hlsship %s -l %s -d '%s'", seen, f.flag, quote.Replace(f.usage))
			switch {
			case f.choices != nil:
				fmt.Fprintf(&b, " -x -a '%s'", strings.Join(f.choices, " "))
			case f.paths:
				b.WriteString(" -r -F")
			case f.value:
				b.WriteString(" -x")
			}
			b.WriteString("\n")
		}
		for _, sub := range c.Subcommands {
			fmt.Fprintf(&b, "complete -c hlsship %s -a %s -d '%s'\n", seen, sub.Name, quote.Replace(sub.Usage))
		}
		if directories(c) {
			fmt.Fprintf(&b, "complete -c hlsship %s -a '(__fish_complete_directories)'\n", seen)
		}
	}
	return b.String()
}
