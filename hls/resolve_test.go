package hls

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"unicode"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	const root, deep = "index.m3u8", "live/hi/index.m3u8"
	tests := []struct {
		name, playlist, uri string
		path                string
		target              Target
	}{
		{"beside the playlist", root, "seg_1.ts", "seg_1.ts", Local},
		{"in the playlist's folder", deep, "seg_1.ts", "live/hi/seg_1.ts", Local},
		{"in a folder below", root, "2026/11/22/seg_21.ts", "2026/11/22/seg_21.ts", Local},
		{"query and fragment", deep, "a.ts?b=/../c#d?e", "live/hi/a.ts", Local},
		{"question mark in the fragment", root, "a.ts#b?c", "a.ts", Local},
		{"leading dot", deep, "./a.ts", "live/hi/a.ts", Local},
		{"dots within", deep, "x/./y/../a.ts", "live/hi/x/a.ts", Local},
		{"up one", deep, "../lo/a.ts", "live/lo/a.ts", Local},
		{"up to the root", deep, "../../a.ts", "a.ts", Local},
		{"up and down in the root", root, "x/../a.ts", "a.ts", Local},
		{"three dots are a name", root, ".../..a/a..", ".../..a/a..", Local},
		{"hidden name", root, ".a.ts", ".a.ts", Local},

		{"space", root, "a b.ts", "a b.ts", Local},
		{"space around", root, "  a b.ts ", "a b.ts", Local},
		{"escaped space", root, "a%20b.ts", "a b.ts", Local},
		{"escaped space at the end", root, "a.ts%20", "a.ts ", Local},
		{"plus", root, "a+b.ts", "a+b.ts", Local},
		{"number sign", root, "seg#1.ts", "seg", Local},
		{"escaped number sign", root, "seg%231.ts", "seg#1.ts", Local},
		{"escaped question mark", root, "seg%3f1.ts", "seg?1.ts", Local},
		{"escaped percent sign is decoded once", root, "100%2541.ts", "100%41.ts", Local},
		{"percent sign alone", root, "100%.ts", "100%.ts", Local},
		{"percent sign at the end", root, "a/100%", "a/100%", Local},
		{"half an escape", root, "a%4", "a%4", Local},
		{"good and bad escapes", root, "%zz%41%g1%4%42", "%zzA%g1%4B", Local},
		{"unicode", deep, "été/ö.ts", "live/hi/été/ö.ts", Local},
		{"escaped unicode", root, "%C3%B6.ts", "ö.ts", Local},
		{"backslash", root, `..\a.ts`, `..\a.ts`, Local},
		{"folder with a percent sign is no URI", "50%25/index.m3u8", "a.ts", "50%25/a.ts", Local},
		{"semicolon", root, "a;b=c.ts", "a;b=c.ts", Local},
		{"colon behind what is no scheme", root, "seg_12:30.ts", "seg_12:30.ts", Local},
		{"colon behind a digit", root, "12:30.ts", "12:30.ts", Local},
		{"colon at the start", root, ":a.ts", ":a.ts", Local},
		{"colon in a folder", root, "./a:b.ts", "a:b.ts", Local},
		{"escaped colon", root, "a%3Ab.ts", "a:b.ts", Local},
		{"colon in the query", root, "a?b:c", "a", Local},
		{"long name", deep, strings.Repeat("x", 300), "live/hi/" + strings.Repeat("x", 300), Local},

		{"https", root, "https://cdn.example.com/a.ts", "", Elsewhere},
		{"upper case scheme", root, "HTTP://x/a.ts", "", Elsewhere},
		{"data", root, "data:text/plain;base64,AAAA", "", Elsewhere},
		{"DRM", root, "skd://key/1", "", Elsewhere},
		{"scheme with signs", root, "a+b-c.1:x", "", Elsewhere},
		{"authority", root, "//cdn.example.com/a.ts", "", Elsewhere},
		{"drive letter", root, "C:seg.ts", "", Elsewhere},
		{"name with a colon", root, "a:b.ts", "", Elsewhere},
		{"empty", root, "", "", Elsewhere},
		{"spaces only", root, "  ", "", Elsewhere},
		{"query only", deep, "?a=b", "", Elsewhere},
		{"fragment only", deep, "#a", "", Elsewhere},

		{"origin's root", deep, "/a.ts", "", Outside},
		{"slash", root, "/", "", Outside},
		{"above the root", root, "../a.ts", "", Outside},
		{"above the root from below", deep, "../../../a.ts", "", Outside},
		{"above the root and back", deep, "../../../live/a.ts", "", Outside},
		{"above the root by escapes", root, "%2e%2E/a.ts", "", Outside},
		{"above the root by half escapes", root, ".%2e/a.ts", "", Outside},
		{"escaped slash", root, "a%2Fb.ts", "", Outside},
		{"escaped way out", root, "..%2fa.ts", "", Outside},
		{"escaped NUL", root, "a%00.ts", "", Outside},
		{"escaped line feed", root, "a%0A.ts", "", Outside},
		{"escaped DEL", root, "a%7F.ts", "", Outside},
		{"escaped C1 control", root, "a%C2%85.ts", "", Outside},
		{"raw control", root, "a\tb.ts", "", Outside},
		{"escapes that are no UTF-8", root, "caf%E9.ts", "", Outside},
		{"no UTF-8", root, "caf\xe9.ts", "", Outside},
		{"empty element", root, "a//b.ts", "", Outside},
		{"folder", root, "a/", "", Outside},
		{"the playlist's folder", deep, ".", "", Outside},
		{"the folder above", deep, "..", "", Outside},
		{"the folder above, with a slash", deep, "../", "", Outside},
		{"root folder", root, ".", "", Outside},
		{"folder by dots", root, "a/..", "", Outside},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path, target := Resolve(tt.playlist, tt.uri)
			if path != tt.path || target != tt.target {
				t.Errorf("Resolve(%q, %q) = %q, %v, want %q, %v", tt.playlist, tt.uri, path, target, tt.path, tt.target)
			}
		})
	}
}

func TestResolveAllocates(t *testing.T) {
	for _, tt := range []struct {
		playlist, uri string
		want          float64
	}{
		{"index.m3u8", "segment_00001.ts?x=y", 0},
		{"index.m3u8", "https://cdn.example.com/a.ts", 0},
		{"live/index.m3u8", "../hi/segment_00001.ts", 1},
		{"live/index.m3u8", "a%20b.ts", 1},
	} {
		if got := testing.AllocsPerRun(10, func() { Resolve(tt.playlist, tt.uri) }); got > tt.want {
			t.Errorf("%s: got %v allocations, want %v", tt.uri, got, tt.want)
		}
	}
}

func FuzzResolve(f *testing.F) {
	for _, uri := range []string{
		"a.ts", "../x/%2e/b", "a//b", "%2F", "%00", "100%.ts", "a:b", "//h/x", "?q", "#", " a ", "é%C3%A9", `\..\`, "%25%32%65", "..",
	} {
		f.Add("live/hi/index.m3u8", uri)
		f.Add("index.m3u8", uri)
	}
	f.Fuzz(func(t *testing.T, playlist, uri string) {
		if !fs.ValidPath(playlist) || playlist == "." || strings.ContainsFunc(playlist, unicode.IsControl) {
			t.Skip("not a path that the watcher reports")
		}
		path, target := Resolve(playlist, uri)
		if target != Local {
			if path != "" || target > Outside {
				t.Fatalf("got %q, %v", path, target)
			}
			return
		}
		if !fs.ValidPath(path) || path == "." || strings.ContainsFunc(path, unicode.IsControl) {
			t.Fatalf("local path %q", path)
		}
		// The path, escaped and seen from the root, means itself, with or without a query.
		again, target := Resolve("index.m3u8", escape(path)+"?"+uri)
		if again != path || target != Local {
			t.Fatalf("%q became %q, %v", path, again, target)
		}
	})
}

// escape writes a path as the URI that means it.
func escape(path string) string {
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; isLetter(c) || isDigit(c) || strings.IndexByte("-._~/", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
