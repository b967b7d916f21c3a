//go:build linux

package spool

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// tapesText is what is kept, a word a tape.
func tapesText(all []Tape) string {
	var words []string
	for _, one := range all {
		words = append(words, fmt.Sprintf("%s/%s:%c%d=%s", one.Session, one.List, one.Sort, one.Number, one.Text))
	}
	return strings.Join(words, " ")
}

// TestTapes has one process keep recordings, something happen, and the next one look.
func TestTapes(t *testing.T) {
	t.Parallel()
	const all = "s1/v 0/x.m3u8:c0=a\nb s1/v 0/x.m3u8:r0=new s2/y.m3u8:c0= s2/y.m3u8:s3="
	edit := func(change func([]byte) []byte) func(x *stage) {
		return func(x *stage) {
			b, err := os.ReadFile(x.inSpool(taped))
			x.must(err)
			x.must(os.WriteFile(x.inSpool(taped), change(b), 0o600))
		}
	}
	for _, tt := range []struct {
		name, to string
		after    func(x *stage)
		want     string
	}{
		{"nothing", "here", func(*stage) {}, all},
		{"another destination", "there", func(*stage) {}, ""},
		{"the file is lost", "here", func(x *stage) { x.must(os.Remove(x.inSpool(taped))) }, ""},
		{"the end is torn", "here", edit(func(b []byte) []byte { return b[:len(b)-2] }), "s1/v 0/x.m3u8:c0=a\nb s1/v 0/x.m3u8:r0=new s2/y.m3u8:c0="},
		{"a byte is changed", "here", edit(func(b []byte) []byte { return bytes.Replace(b, []byte("new"), []byte("old"), 1) }), "s1/v 0/x.m3u8:c0=a\nb s1/v 0/x.m3u8:r0=then"},
		{"the head is lost", "here", edit(func(b []byte) []byte { clear(b[:4]); return b }), ""},
		{"it is open to all", "here", func(x *stage) { x.must(os.Chmod(x.inSpool(taped), 0o666)) }, ""},
		{"it leads out", "here", func(x *stage) {
			x.must(os.Rename(x.inSpool(taped), x.path("elsewhere")))
			x.must(os.Symlink(x.path("elsewhere"), x.inSpool(taped)))
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := start(t, nil)
			tapes := x.spool.Tapes("here")
			tapes.Keep([]Tape{
				{"s0", "z.m3u8", 'c', []byte("z"), 0},
				{"s1", "v 0/x.m3u8", 'c', []byte("a\nb"), 0},
				{"s1", "v 0/x.m3u8", 'r', []byte("then"), 0},
				{"s0", "", 'o', nil, 0},
			})
			if got := len(tapes.Kept("s1")); got != 2 {
				t.Errorf("%d tapes of s1 are kept", got)
			}
			tapes.Keep([]Tape{{"s1", "v 0/x.m3u8", 'r', []byte("new"), 0}, {"s2", "y.m3u8", 'c', nil, 0}, {"s2", "y.m3u8", 's', nil, 3}, {"../s3", "y.m3u8", 's', nil, 3}})
			x.spool.Close()
			tt.after(x)
			x.open(nil)
			tapes = x.spool.Tapes(tt.to)
			if got := tapesText(tapes.Kept("")); got != tt.want {
				t.Errorf("kept: %q\nwant  %q\n%s", got, tt.want, x.obs.log.String())
			}
			tapes.Keep([]Tape{{"s4", "y.m3u8", 'c', []byte("more"), 0}})
			if got := tapesText(tapes.Kept("s4")); tt.name == "the end is torn" && got != "s4/y.m3u8:c0=more" {
				t.Errorf("behind what was torn: %q", got)
			}
		})
	}
}

// TestTapesStaySmall: what is told again and again takes the place of what was told before.
func TestTapesStaySmall(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	tapes := x.spool.Tapes("here")
	text := bytes.Repeat([]byte("x"), 10<<10)
	for range 500 {
		tapes.Keep([]Tape{{"s", "x.m3u8", 'r', text, 0}})
		tapes.write()
	}
	if fi, err := os.Stat(x.inSpool(taped)); err != nil || fi.Size() > 2*notesSlack {
		t.Errorf("%v, %v", fi, err)
	}
	if got := tapes.Kept("s"); len(got) != 1 || !bytes.Equal(got[0].Text, text) {
		t.Errorf("%d are kept", len(got))
	}
}
