//go:build linux

package spool

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// look returns the fingerprint of a file.
func (x *stage) look(name string) hls.Version {
	x.Helper()
	fi, err := os.Lstat(x.path(name))
	x.must(err)
	return openfile.VersionOf(fi)
}

// known returns what is known of a file once it was looked at.
func (x *stage) known(n *Notes, name string) (etag string) {
	x.Helper()
	fi, err := os.Lstat(x.path(name))
	x.must(err)
	unchanged := n.Unchanged(name, fi)
	etag = n.Known(name, openfile.VersionOf(fi))
	if unchanged != (etag != "") || n.Unchanged(name, fi) {
		x.Errorf("%s is unchanged: %v, and stored as %q", name, unchanged, etag)
	}
	return etag
}

func etagOf(name string) string { return "etag-of-" + strings.ReplaceAll(name, " ", "_") }

// later has the spool's clock be ahead, so that files have rested.
func later(by time.Duration) func(*Config, *system) {
	return func(_ *Config, s *system) { s.now = func() time.Time { return time.Now().Add(by) } }
}

// TestNotes has one process note what it stored, something happen, and the next one be asked.
func TestNotes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		to    string         // where the next process ships; empty for the same
		after func(x *stage) // what happens in between
		known []string
	}{
		{"nothing", "", func(*stage) {}, []string{"a.ts", "hi/b c.ts", "d.ts"}},
		{"another destination", "there", func(*stage) {}, nil},
		{"notes lost", "", func(x *stage) { x.must(os.Remove(x.inSpool(stored))) }, nil},
		{"a file is rewritten in place, of the same size and time", "", func(x *stage) {
			at := time.Unix(0, x.look("a.ts").ModTime)
			x.must(os.WriteFile(x.path("a.ts"), []byte("A"), 0o600))
			x.must(os.Chtimes(x.path("a.ts"), at, at))
		}, []string{"hi/b c.ts", "d.ts"}},
		{"a file is replaced", "", func(x *stage) {
			x.write("new", "A")
			x.must(os.Rename(x.path("new"), x.path("a.ts")))
		}, []string{"hi/b c.ts", "d.ts"}},
		{"a file is deleted", "", func(x *stage) { x.remove("a.ts") }, []string{"hi/b c.ts", "d.ts"}},
		{"two files change their names", "", func(x *stage) {
			x.must(os.Rename(x.path("a.ts"), x.path("x")))
			x.must(os.Rename(x.path("d.ts"), x.path("a.ts")))
			x.must(os.Rename(x.path("x"), x.path("d.ts")))
		}, []string{"hi/b c.ts"}},
		{"the last line is torn", "", func(x *stage) { x.edit(func(b []byte) []byte { return b[:len(b)-3] }) }, []string{"a.ts", "hi/b c.ts"}},
		{"a line is changed", "", func(x *stage) {
			x.edit(func(b []byte) []byte { return bytes.Replace(b, []byte("etag-of-a.ts"), []byte("etag-of-b.ts"), 1) })
		}, []string{"hi/b c.ts", "d.ts"}},
		{"a block is lost", "", func(x *stage) {
			x.edit(func(b []byte) []byte { clear(b[len(b)-100:]); return b })
		}, []string{"a.ts"}},
		{"its head is lost", "", func(x *stage) { x.edit(func(b []byte) []byte { clear(b[:8]); return b }) }, nil},
		{"a line has no end", "", func(x *stage) {
			x.edit(func(b []byte) []byte {
				head, rest, _ := bytes.Cut(b, []byte("\n"))
				return fmt.Appendf(nil, "%s\n%s\n%s", head, strings.Repeat("x", 3*maxNote), rest)
			})
		}, []string{"a.ts", "hi/b c.ts", "d.ts"}},
		{"notes are another user's", "", func(x *stage) { x.must(give(x.T, x.inSpool(stored))) }, nil},
		{"notes are open to all", "", func(x *stage) { x.must(os.Chmod(x.inSpool(stored), 0o666)) }, nil},
		{"notes lead out", "", func(x *stage) {
			x.must(os.Rename(x.inSpool(stored), x.path("elsewhere")))
			x.must(os.Symlink(x.path("elsewhere"), x.inSpool(stored)))
		}, nil},
		{"notes have two names", "", func(x *stage) { x.must(os.Link(x.inSpool(stored), x.path("elsewhere"))) }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := start(t, later(time.Second))
			notes := x.spool.Notes("here")
			names := []string{"a.ts", "hi/b c.ts", "d.ts"}
			for _, name := range names {
				x.write(name, "a")
				notes.Stored(name, x.look(name), etagOf(name))
			}
			notes.Stored("gone.ts", hls.Version{}, "etag")
			notes.Stored("d.ts", x.look("d.ts"), "two\nlines")
			x.spool.Close()
			tt.after(x)
			x.open(later(2 * time.Second))
			to := tt.to
			if to == "" {
				to = "here"
			}
			notes = x.spool.Notes(to)
			var known []string
			for _, name := range names {
				if _, err := os.Lstat(x.path(name)); err != nil {
					continue
				}
				switch etag := x.known(notes, name); etag {
				case "":
				case etagOf(name):
					known = append(known, name)
				default:
					t.Errorf("%s was stored as %q", name, etag)
				}
				if x.known(notes, name) != "" {
					t.Errorf("%s is told twice", name)
				}
			}
			if fmt.Sprint(known) != fmt.Sprint(tt.known) {
				t.Errorf("known: %q, want %q\n%s", known, tt.known, x.obs.log.String())
			}
		})
	}
}

// edit changes what is noted.
func (x *stage) edit(change func([]byte) []byte) {
	x.Helper()
	b, err := os.ReadFile(x.inSpool(stored))
	x.must(err)
	x.must(os.WriteFile(x.inSpool(stored), change(b), 0o600))
}

// TestNotesInDoubt notes nothing that was changed since it was stored, or might be without showing it.
func TestNotesInDoubt(t *testing.T) {
	t.Parallel()
	x := start(t, later(time.Second))
	notes := x.spool.Notes("here")
	x.write("a.ts", "a")
	x.write("b.ts", "b")
	notes.Stored("a.ts", x.look("a.ts"), "etag")
	x.must(os.Chtimes(x.path("b.ts"), time.Time{}, time.Now())) // by now
	b := x.look("b.ts")
	x.spool.sys.now = func() time.Time { return time.Now().Add(-time.Second) } // the file system's clock is ahead
	notes.Stored("b.ts", b, "etag")
	x.spool.sys.now = time.Now
	notes.write()
	x.again()
	if got := x.known(x.spool.Notes("here"), "b.ts"); got != "" {
		t.Errorf("b.ts is known as %q", got)
	}
}

// TestNotesStaySmall notes a live window over and over: the file is written anew, without the segments that are gone.
func TestNotesStaySmall(t *testing.T) {
	t.Parallel()
	x := start(t, later(time.Second))
	notes := x.spool.Notes("here")
	x.write("kept.ts", "a")
	kept := x.look("kept.ts")
	notes.Stored("kept.ts", kept, "etag-of-kept.ts")
	x.write("a.ts", "a")
	v := x.look("a.ts")
	long := strings.Repeat("e", maxNote/4)
	for range 3 * notesSlack / (maxNote / 4) {
		notes.Stored("a.ts", v, long)
		notes.write()
	}
	fi, err := os.Stat(x.inSpool(stored))
	x.must(err)
	if fi.Size() > notesSlack+maxNote {
		t.Errorf("the notes of two files take %d bytes", fi.Size())
	}
	x.spool.Close()
	x.open(later(time.Second))
	notes = x.spool.Notes("here")
	if got := x.known(notes, "kept.ts"); got != "etag-of-kept.ts" {
		t.Errorf("the kept file is known as %q", got)
	}
	if got := x.known(notes, "a.ts"); got != long {
		t.Errorf("the other is known as %.10q", got)
	}
}

// TestNotesOfWhatChangesLater has files change, and be changed back, once the notes are read: what counts is the last look.
func TestNotesOfWhatChangesLater(t *testing.T) {
	t.Parallel()
	x := start(t, later(time.Second))
	notes := x.spool.Notes("here")
	names := []string{"unasked.ts", "same.ts", "written.ts", "touched.ts", "other.ts", "changed-after-a-look.ts"}
	was := map[string]hls.Version{}
	for _, name := range names {
		x.write(name, "a")
		was[name] = x.look(name)
		notes.Stored(name, was[name], etagOf(name))
	}
	x.spool.Close()
	x.open(later(2 * time.Second))
	notes = x.spool.Notes("here")
	const looked = "changed-after-a-look.ts"
	fi, err := os.Lstat(x.path(looked))
	x.must(err)
	if !notes.Unchanged(looked, fi) {
		t.Errorf("%s is not known", looked)
	}
	for _, name := range []string{"written.ts", looked} {
		x.must(os.WriteFile(x.path(name), []byte("b"), 0o600))
		x.must(os.Chtimes(x.path(name), time.Unix(0, was[name].ModTime), time.Unix(0, was[name].ModTime)))
	}
	x.must(os.Chmod(x.path("touched.ts"), 0o640)) // harmless, but nothing tells that from the others
	x.write("new", "b")
	x.must(os.Rename(x.path("new"), x.path("other.ts")))
	if got := notes.Known("unasked.ts", was["unasked.ts"]); got != "" {
		t.Errorf("a file that nobody looked at is known as %q", got)
	}
	for _, name := range names[1:] {
		want := ""
		if name == "same.ts" {
			want = etagOf(name)
		}
		if got := x.known(notes, name); got != want {
			t.Errorf("%s is known as %q, want %q", name, got, want)
		}
	}
}
