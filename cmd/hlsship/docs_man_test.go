package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"
)

// manPage is hlsship(1) in the language of man(7), made of the help of the commands.
func manPage(commands []*cli.Command) string {
	var b strings.Builder
	b.WriteString(`.\" Written by "make docs" from the help of the commands.
.TH HLSSHIP 1 "" "hlsship" "User Commands"
.SH NAME
`)
	name, usage, _ := strings.Cut(overview(), "\n")
	b.WriteString(roff(name) + "\n.SH SYNOPSIS\n.nf\n")
	for line := range strings.Lines(usage) {
		if text, ok := strings.CutPrefix(line, "  hlsship"); ok && strings.Contains(text, "    ") {
			synopsis, _, _ := strings.Cut(text, "    ")
			fmt.Fprintf(&b, "\\fBhlsship\\fR%s\n", roff(synopsis))
		}
	}
	b.WriteString(".fi\n")
	for _, c := range commands {
		fmt.Fprintf(&b, ".SH \"HLSSHIP %s\"\n", strings.ToUpper(c.Name))
		_, body, _ := strings.Cut(strings.ReplaceAll(c.CustomHelpTemplate, `{{"{{"}}`, "{{"), "\n")
		b.WriteString(roffHelp(strings.ToUpper(c.Usage[:1]) + c.Usage[1:] + ".\n" + body))
	}
	b.WriteString(`.SH FILES
.TP
.I /etc/hlsship/hlsship.yml
Settings of hlsship.service; those of hlsship@NAME.service are in
.IR /etc/hlsship/NAME.yml .
.TP
.I /etc/hlsship/credentials
The store's keys, in the format of
.IR ~/.aws/credentials .
Both units hand it to the process as a credential of systemd; only root need be able to read it.
.TP
.I .hlsship
in the watched directory is the spool: finished files that are not stored yet.
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1),
.BR ffmpeg (1)
.PP
https://github.com/hlsship/hlsship
`)
	return b.String()
}

// roff escapes what means something to troff.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}

// roffHelp converts a command's help: "Heading:" alone on a line begins a part, "  --flag" an entry whose text
// may go on below it, and everything else that is indented stands as it is.
func roffHelp(help string) string {
	var b strings.Builder
	verbatim, entry := false, false
	flag := regexp.MustCompile(`^  (--[\w-]+)( [^ ]+)?(?: {2,}(.*))?$`)
	for line := range strings.Lines(help) {
		line = strings.TrimSuffix(line, "\n")
		indented, match := strings.HasPrefix(line, "  "), flag.FindStringSubmatch(line)
		more := entry && strings.HasPrefix(line, strings.Repeat(" ", 29))
		if verbatim && (!indented || match != nil) {
			b.WriteString(".fi\n.RE\n")
			verbatim = false
		}
		switch {
		case line == "":
			entry = false
			b.WriteString(".PP\n")
		case match != nil:
			entry = true
			fmt.Fprintf(&b, ".TP\n\\fB%s\\fR\\fI%s\\fR\n", roff(match[1]), roff(match[2]))
			if match[3] != "" {
				b.WriteString(roff(match[3]) + "\n")
			}
		case more:
			b.WriteString(roff(strings.TrimSpace(line)) + "\n")
		case indented:
			if !verbatim {
				b.WriteString(".RS 2\n.nf\n")
				verbatim = true
			}
			b.WriteString(roff(line[2:]) + "\n")
		case strings.HasSuffix(line, ":") && len(line) < 20:
			fmt.Fprintf(&b, ".SS %s\n", roff(strings.TrimSuffix(line, ":")))
		default:
			entry = false
			b.WriteString(roff(line) + "\n")
		}
	}
	if verbatim {
		b.WriteString(".fi\n.RE\n")
	}
	return b.String()
}
