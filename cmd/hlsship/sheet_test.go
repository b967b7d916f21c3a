package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal returns both ends of a terminal of so many columns. Closing it is the test's end's.
func terminal(t *testing.T, columns uint16) *os.File {
	t.Helper()
	lead, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal is to be had: %v", err)
	}
	t.Cleanup(func() { _ = lead.Close() })
	if err := unix.IoctlSetWinsize(int(lead.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: 24}); err != nil {
		t.Skipf("no terminal is to be had: %v", err)
	}
	return lead
}

func TestSheet(t *testing.T) {
	t.Parallel()
	tty := terminal(t, 72)
	for name, tt := range map[string]struct {
		environ []string
		want    sheet
	}{
		"terminal":              {nil, sheet{72, true}},
		"no colour":             {[]string{"NO_COLOR=1"}, sheet{72, false}},
		"an empty NO_COLOR":     {[]string{"NO_COLOR="}, sheet{72, true}},
		"a dumb terminal":       {[]string{"TERM=dumb"}, sheet{72, false}},
		"a width that was told": {[]string{"COLUMNS=60"}, sheet{60, true}},
		"no width":              {[]string{"COLUMNS=wide"}, sheet{72, true}},
	} {
		if got := sheetOf(tty, tt.environ); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
	if got := sheetOf(&bytes.Buffer{}, []string{"TERM=xterm"}); got != (sheet{}) || got.columns() != 100 {
		t.Errorf("a file: got %+v of %d columns", got, got.columns())
	}
	if got := sheetOf(&bytes.Buffer{}, []string{"COLUMNS=60"}); got != (sheet{width: 60}) {
		t.Errorf("a file with a width that was told: got %+v", got)
	}
	for width, want := range map[int]int{0: 100, -1: 100, 20: 40, 60: 60, 500: 120} {
		if got := (sheet{width: width}).columns(); got != want {
			t.Errorf("width %d: %d columns, want %d", width, got, want)
		}
	}
	if got := (sheet{width: 60, colours: true}).entry("error", red, 9, "id", 24, strings.Repeat("word ", 20)); !strings.HasPrefix(got, "  \x1b[1;31merror\x1b[0m    id\n    word") {
		t.Errorf("got %q", got)
	}
}
