package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// spooled is two channels below top, a and b, with such spool folders; "" is the default.
func spooled(top, one, other string) string {
	text := "channels:\n"
	for i, folder := range []string{one, other} {
		name := string(rune('a' + i))
		text += fmt.Sprintf("- {dir: %q, destination: s3://bucket/%s", top+"/"+name, name)
		if folder != "" {
			text += fmt.Sprintf(", spool_dir: %q", folder)
		}
		text += "}\n"
	}
	return strings.ReplaceAll(text, "TOP", top)
}

// TestSharedSpools: however they are spelled, two channels have no spool folder in common, nor one in the other's.
func TestSharedSpools(t *testing.T) {
	t.Parallel()
	const same, nested = "the spool folder is that of another channel", "lie in one another"
	for _, tt := range []struct{ name, one, other, want string }{
		{"absolute", "TOP/spool", "TOP/spool/", same},
		{"relative", "../spool", "TOP/spool", same},
		{"both relative", "../spool", "../x/../spool", same},
		{"through a link", "TOP/link/spool", "TOP/real/spool", same},
		{"through a link, missing below it", "TOP/link/x/spool", "TOP/real/x/spool", same},
		{"through a link to what is missing", "TOP/lost", "TOP/real/lost", same},
		{"through a chain of links", "TOP/chain/spool", "TOP/real/spool", same},
		{"the default of the other, absolute", "TOP/b/.hlsship", "", same},
		{"the default of the other, relative", "../b/.hlsship", "", same},
		{"in the default of the other", "TOP/b/.hlsship/settled", "", nested},
		{"in that of the other", "TOP/spool", "TOP/spool/named/x", nested},
		{"that of the other in it, through a link", "TOP/real/spool/part", "TOP/link/spool", nested},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			top := linkedTop(t)
			text := spooled(top, tt.one, tt.other)
			_, err := loaded(t, text, nil)
			if err == nil || strings.Count(err.Error(), "\n") != 0 || !strings.Contains(err.Error(), tt.want) ||
				!strings.Contains(err.Error(), "hlsship.yml:3: ") || !strings.Contains(err.Error(), "hlsship.yml:2") {
				t.Errorf("got %v, want one problem at line 3 with line 2: %s", err, tt.want)
			}
		})
	}
}

// linkedTop is a folder with the directories a and b, a folder real and links to it.
func linkedTop(t *testing.T) string {
	t.Helper()
	top := t.TempDir()
	for _, name := range []string{"a", "b", "real"} {
		if err := os.Mkdir(filepath.Join(top, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"link": "real", "lost": "real/lost", "chain": top + "/link", "to-b": "b", "circle": "circle"} {
		if err := os.Symlink(to, filepath.Join(top, name)); err != nil {
			t.Skip(err)
		}
	}
	return top
}

// TestSpoolsOverDirectories: no spool folder is a watched directory or holds one, its own or another channel's.
func TestSpoolsOverDirectories(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, one, other string
		problems         int
		want             string
	}{
		{"its own directory", "TOP/a", "", 1, "the watched directory is the spool folder"},
		{"its own directory, relative", ".", "", 1, "the watched directory is the spool folder"},
		{"its own directory, through a link", "", "TOP/to-b", 1, "the watched directory is the spool folder"},
		{"holds its own directory", "TOP", "off", 2, "the watched directory lies in the spool folder"}, // and the other's
		{"another's directory", "TOP/b", "", 1, "the directory is the spool folder of another channel"},
		{"another's directory, through a link", "TOP/to-b", "", 1, "the directory is the spool folder of another channel"},
		{"another's directory, seen from the second", "", "../a/", 1, "the directory of another channel is the spool folder"},
		{"holds all", "..", "off", 2, "the directory lies in the spool folder of another channel"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			top := linkedTop(t)
			_, err := loaded(t, spooled(top, tt.one, tt.other), nil)
			if err == nil || strings.Count(err.Error(), "\n") != tt.problems-1 || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %d problems: %s", err, tt.problems, tt.want)
			}
			if strings.Contains(tt.want, "another") && (!strings.Contains(err.Error(), "hlsship.yml:2") || !strings.Contains(err.Error(), "hlsship.yml:3")) {
				t.Errorf("not both lines are named: %v", err)
			}
		})
	}
}

// TestSpoolsThatMayBe: a spool folder may lie in a watched directory, whosever that is, and beside others.
func TestSpoolsThatMayBe(t *testing.T) {
	t.Parallel()
	for name, folders := range map[string][2]string{
		"defaults":                   {"", ""},
		"in its own directory":       {"spool", "TOP/b/deep/spool"},
		"in another's directory":     {"TOP/b/spool", ""},
		"in each other's directory":  {"TOP/b/spool", "TOP/a/spool"},
		"in one folder":              {"TOP/spools/a", "TOP/spools/b"},
		"names that begin alike":     {"TOP/spool", "TOP/spool2"},
		"in a circle, which is told": {"TOP/circle", ""},
	} {
		top := linkedTop(t)
		c, err := loaded(t, spooled(top, folders[0], folders[1]), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, one := range c.channels {
			if one.spool.dir != "" && !filepath.IsAbs(one.spool.dir) {
				t.Errorf("%s: %s is not absolute", name, one.spool.dir)
			}
		}
	}
}
