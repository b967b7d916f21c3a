package spool

import (
	"io/fs"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

func TestParsePin(t *testing.T) {
	t.Parallel()
	for pin, want := range map[string]bool{
		"a.ts@5-10-2a": true, "hi/a@b@c.ts@0-0-0": true, "a.ts@5-ffffffffffffffff-1": true,
		"a.ts": false, "a.ts@": false, "a.ts@5": false, "a.ts@5-10": false, "a.ts@5-10-2a-3": false,
		"a.ts@05-10-2a": false, "a.ts@-5-10-2a": false, "a.ts@+5-10-2a": false, "a.ts@5-10-2A": false,
		"a.ts@5-0x10-2a": false, "a.ts@5-10000000000000000-1": false, "@5-10-2a": false,
		"../a.ts@5-10-2a": false, "/a.ts@5-10-2a": false, "hi//a.ts@5-10-2a": false, "live.m3u8@5-10-2a": true,
	} {
		name, v, ok := parsePin(pin)
		if ok != want {
			t.Errorf("%s: got %s, %+v, %v", pin, name, v, ok)
		}
	}
	if _, v, _ := parsePin("a.ts@5-ffffffffffffffff-1"); v != (hls.Version{Inode: 1, Size: 5, ModTime: -1}) {
		t.Errorf("got %+v", v)
	}
}

func FuzzParsePin(f *testing.F) {
	f.Add("hi/seg_1.ts@1048576-17f3c0a1b2c3d4e5-2a")
	f.Add("../x@1-2-3")
	f.Add("a@b@1-ffffffffffffffff-0")
	f.Add("a.ts@1-2-3@20261130T010203Z+20261130T010203Z-2.3+own")
	f.Fuzz(func(t *testing.T, all string) {
		pin, text, folders := parseFolders(all)
		if pin+text != all || foldersName(pin, folders) != text || len(folders) > 0 == (text == "") {
			t.Fatalf("%q became %q and %q, %q", all, pin, text, folders)
		}
		name, v, ok := parsePin(pin)
		if !ok {
			return
		}
		if !fs.ValidPath(name) || !fs.ValidPath(pin) || v.Size < 0 {
			t.Fatalf("%q: got %q and %+v", pin, name, v)
		}
		if again, err := pinName(name, v); err != nil || again != pin {
			t.Fatalf("%q became %q, %v", pin, again, err)
		}
	})
}
