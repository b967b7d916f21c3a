package main

import (
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"
)

// sheet is what a command writes for people on: how wide it is, and whether it shows colours. The zero value has a hundred columns
// and no colours, as a file has.
type sheet struct {
	width   int
	colours bool
}

// sheetOf returns the sheet that out is. COLUMNS says how wide a sheet is, else its terminal does; NO_COLOR and a dumb terminal want no
// colours (https://no-color.org).
func sheetOf(out io.Writer, environ []string) sheet {
	var p sheet
	env := variables(environ)
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.colours = env["NO_COLOR"] == "" && env["TERM"] != "dumb"
		p.width, _, _ = term.GetSize(int(file.Fd())) // 0 where nobody knows
	}
	if told, err := strconv.Atoi(env["COLUMNS"]); err == nil {
		p.width = told
	}
	return p
}

// columns returns how wide the sheet is: what is read is best no wider than 120 columns, and has no room below 40.
func (p sheet) columns() int {
	if p.width <= 0 {
		return 100
	}
	return min(max(p.width, 40), 120)
}

// colour is one that terminals have, as SGR parameters (ECMA-48 §8.3.117).
type colour string

const (
	red    colour = "1;31"
	yellow colour = "33"
	green  colour = "32"
)

// in writes a text in a colour, if the sheet has any.
func (p sheet) in(c colour, text string) string {
	if !p.colours || c == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// wrapped breaks a text that begins in that column into lines.
func (p sheet) wrapped(text string, column int) string {
	var b strings.Builder
	at := column
	for i, word := range strings.Fields(text) {
		length := len([]rune(word))
		switch {
		case i == 0:
		case at+1+length > p.columns():
			b.WriteString("\n" + strings.Repeat(" ", column))
			at = column
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += length
	}
	return b.String() + "\n"
}

// entry writes a line that begins with a word in a column, and maybe another, and goes on with texts, each on lines of its own. On a
// narrow sheet the texts stand below.
func (p sheet) entry(word string, c colour, width int, more string, moreWidth int, texts ...string) string {
	const indent, roomy = 2, 80
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", indent) + p.in(c, word))
	column := indent + width + moreWidth
	rest := strings.Repeat(" ", max(0, width-len(word))) + more
	if p.columns() < roomy && moreWidth > 0 {
		column = 2 * indent
		b.WriteString(rest + "\n" + strings.Repeat(" ", column))
	} else {
		b.WriteString(rest + strings.Repeat(" ", max(0, moreWidth-len(more))))
	}
	for i, text := range texts {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", column))
		}
		b.WriteString(p.wrapped(text, column))
	}
	return b.String()
}
