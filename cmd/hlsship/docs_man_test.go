package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/urfave/cli/v2"
)

// manPage is hlsship(1), made of the help of the commands.
func manPage(commands []*cli.Command) string {
	var b strings.Builder
	b.WriteString("# HLSSHIP 1 \"\" hlsship \"User Commands\"\n")
	name, _, _ := strings.Cut(overview(), "\n")
	b.WriteString("# NAME\n\n" + escaped(name) + "\n\n# SYNOPSIS\n\n")
	for _, c := range commands {
		for _, line := range usagesOf(c) {
			synopsis, rest, _ := strings.Cut(line, c.Name)
			fmt.Fprintf(&b, "**%s%s**%s  \n", synopsis, c.Name, escaped(rest))
		}
	}
	fmt.Fprintf(&b, "\n**hlsship help** %s\n\n# DESCRIPTION\n\n", escaped("[COMMAND]"))
	b.WriteString("hlsship ships the HLS and DASH that a packager writes into a directory to a bucket of S3-compatible storage while the " +
		"stream is live. A playlist is published after the files that it names.\n\n")
	for _, c := range commands {
		_, body, _ := strings.Cut(helpOf(c), "\n")
		fmt.Fprintf(&b, "# HLSSHIP %s\n\n%s.\n\n%s", strings.ToUpper(c.Name), escaped(strings.ToUpper(c.Usage[:1])+c.Usage[1:]), markdownOf(body))
	}
	b.WriteString(exitStatus() + environment() + `# FILES

*/etc/hlsship/hlsship.yml*
: Settings of hlsship.service, see **hlsship.yml**(5); those of hlsship@NAME.service are in */etc/hlsship/NAME.yml*.

*/etc/hlsship/credentials*
: The store's keys, in the format of *~/.aws/credentials*. Both units hand it to the process as a credential of systemd; only root need be able to read it.

*.hlsship*
: in the watched directory is the spool: finished files that are not stored yet.

# SEE ALSO

**hlsship.yml**(5), **systemctl**(1), **journalctl**(1), **ffmpeg**(1)

https://github.com/hlsship/hlsship
`)
	return roff(b.String())
}

// exitStatus is the section of that name.
func exitStatus() string {
	var b strings.Builder
	b.WriteString("# EXIT STATUS\n\n")
	for _, row := range [][2]string{
		{"0", "run: everything is shipped. check, verify: there are no errors or faults. recover, clip: done. healthcheck: it lives."},
		{"1", "It failed. check, verify: there are errors or faults, which are printed. recover: a recording failed, or the one that was named is live. healthcheck: it does not live."},
		{"2", "Wrong usage or settings, all of which are named."},
		{"3", "run: it stopped with files unshipped, which the log names and the spool holds."},
		{"other", "run with a COMMAND: that of COMMAND, and 128 and the number of the signal if one ended it."},
	} {
		fmt.Fprintf(&b, "**%s**\n: %s\n\n", row[0], escaped(row[1]))
	}
	return b.String()
}

// environment is the section of that name.
func environment() string {
	var b strings.Builder
	b.WriteString("# ENVIRONMENT\n\nEvery setting has a variable, which yields to its flag and wins over the configuration file, and " +
		"one that begins with HLSSHIP\\_DEFAULT\\_, which yields to all:\n\n")
	for _, s := range settings() {
		names := append([]string{s.env()}, s.also...)
		what := "--" + s.name
		if s.argument {
			what = s.value
		}
		fmt.Fprintf(&b, "**%s**\n: %s\n\n", strings.Join(escapedAll(names), "**, **"), escaped(what))
	}
	for _, row := range [][2]string{
		{"AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN", "The store's keys."},
		{"AWS_PROFILE, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE", "The profile of the AWS tools that has keys, and the files in which it is."},
		{"AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN", "A role that is assumed with a token."},
		{"HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "The proxy on the way to the store."},
		{"GOMEMLIMIT", "How much memory the process may take; see --memory-budget."},
		{"NO_COLOR, COLUMNS, TERM", "Whether check and verify show colours, and how wide their text is."},
	} {
		fmt.Fprintf(&b, "**%s**\n: %s\n\n", strings.Join(escapedAll(strings.Split(row[0], ", ")), "**, **"), escaped(row[1]))
	}
	return b.String()
}

// settingsPage is hlsship.yml(5), made of the table of the settings.
func settingsPage(example string) string {
	var b strings.Builder
	b.WriteString(`# HLSSHIP.YML 5 "" hlsship "File Formats"
# NAME

hlsship.yml - settings of hlsship

# DESCRIPTION

**hlsship run --config** *FILE* reads its settings from a file in YAML, of at most 1 MiB; hlsship.service reads */etc/hlsship/hlsship.yml*.
Each line is a key and its value. A key that is not known, or a value that cannot be, stops the start, and all of them are named with their lines.

In values *${NAME}* stands for the variable NAME, *${NAME:-text}* for text if there is none or it is empty, and *$${* for *${* itself.

SIGHUP, or a change of the file, has it read again. If anything is wrong with it, the settings before stay. **hlsship check --config-only --config** *FILE* says so beforehand.

# CHANNELS

**channels**
: A list of directories that are shipped side by side, each with **dir**, **destination** and settings of its own. What stands outside the list is their default.

`)
	group := ""
	for _, s := range settings() {
		if !s.inFile() {
			continue
		}
		heading := s.group
		if s.argument {
			heading = "Place"
		}
		if heading != group {
			group = heading
			fmt.Fprintf(&b, "# %s\n\n", strings.ToUpper(group))
		}
		text := strings.ToUpper(s.usage[:1]) + s.usage[1:]
		if s.kind == choice {
			text += ": " + strings.Join(s.choices, ", ")
		}
		text += "."
		if s.def != "" {
			text += " The default is " + s.def + "."
		}
		if s.repeats() {
			text += " One or a list."
		}
		value := s.value
		if s.kind == truth {
			value = "true|false"
		}
		fmt.Fprintf(&b, "**%s**: *%s*\n: %s\n\n", escaped(s.key()), escaped(value), escaped(text))
	}
	b.WriteString("# EXAMPLE\n\n")
	for line := range strings.Lines(example) {
		b.WriteString("    " + line)
	}
	b.WriteString("\n# SEE ALSO\n\n**hlsship**(1)\n")
	return roff(b.String())
}

// helpOf is a command's help.
func helpOf(c *cli.Command) string {
	return strings.ReplaceAll(c.CustomHelpTemplate, `{{"{{"}}`, "{{")
}

// usagesOf are the lines of a command's help that say how it is written.
func usagesOf(c *cli.Command) []string {
	_, rest, ok := strings.Cut(helpOf(c), "\nUsage:\n")
	if !ok {
		return []string{"hlsship " + c.Name}
	}
	var all []string
	for line := range strings.Lines(rest) {
		text, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "  ")
		if !indented {
			break
		}
		all = append(all, text)
	}
	return all
}

// roff converts Markdown to the language of man(7), as go-md2man does, with hyphens that can be pasted.
func roff(markdown string) string {
	text := strings.Replace(string(md2man.Render([]byte(markdown))), "\n\n.SH NAME", "\n.nh\n.ad l\n.SH NAME", 1) // no name is to be hyphenated
	return ".\\\" Written by \"make docs\".\n" + strings.ReplaceAll(text, "--", `\-\-`)
}

// escaped has a text mean itself in Markdown.
func escaped(s string) string {
	return regexp.MustCompile("[\\\\`*_{}\\[\\]()<>#+.!|~-]").ReplaceAllStringFunc(s, func(c string) string {
		switch c {
		case "-", "(", ")", "+", ".", "!", "#", "|", "{", "}":
			return c // which mean something at the begin of a line at most, or behind what is escaped
		}
		return `\` + c
	})
}

func escapedAll(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = escaped(s)
	}
	return out
}

// markdownOf converts a command's help: "Heading:" alone on a line begins a part, "  --flag" an entry whose text
// may go on below it, and everything else that is indented stands as it is.
func markdownOf(help string) string {
	var b strings.Builder
	verbatim, entry := false, false
	flag := regexp.MustCompile(`^  (--[\w-]+)( [^ ]+)?(?: {2,}(.*))?$`)
	for line := range strings.Lines(help) {
		line = strings.TrimSuffix(line, "\n")
		indented, match := strings.HasPrefix(line, "  "), flag.FindStringSubmatch(line)
		more := entry && strings.HasPrefix(line, strings.Repeat(" ", 29))
		if verbatim && (!indented || match != nil) {
			b.WriteString("\n")
			verbatim = false
		}
		switch {
		case line == "":
			entry = false
			b.WriteString("\n")
		case match != nil:
			fmt.Fprintf(&b, "\n**%s**", escaped(match[1]))
			if match[2] != "" {
				fmt.Fprintf(&b, " *%s*", escaped(strings.TrimSpace(match[2])))
			}
			b.WriteString("\n: ")
			if match[3] != "" {
				b.WriteString(escaped(match[3]) + "\n")
			}
			entry = true
		case more:
			b.WriteString(escaped(strings.TrimSpace(line)) + "\n")
		case indented:
			if !verbatim {
				b.WriteString("\n")
				verbatim = true
			}
			b.WriteString("    " + line[2:] + "\n")
		case strings.HasSuffix(line, ":") && len(line) < 20:
			fmt.Fprintf(&b, "### %s\n\n", escaped(strings.TrimSuffix(line, ":")))
		default:
			entry = false
			b.WriteString(escaped(line) + "\n")
		}
	}
	return b.String() + "\n"
}
