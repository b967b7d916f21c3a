package hls

import (
	"fmt"
	"io/fs"
	"slices"
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
		{"backslash", root, `hd\a.ts`, "hd/a.ts", Local},
		{"backslashes and dots", deep, `..\lo\.\a.ts`, "live/lo/a.ts", Local},
		{"backslash in the query", root, `a.ts?b\c`, "a.ts", Local},
		{"escaped backslash", root, "hd%5Ca.ts", `hd\a.ts`, Local},
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

		{"another machine", root, `\\host\share\a.ts`, "", Elsewhere},

		{"origin's root", deep, "/a.ts", "a.ts", Local},
		{"origin's root by a backslash", deep, `\a.ts`, "a.ts", Local},
		{"slash", root, "/", "", Outside},
		{"above the origin's root", root, "/../a.ts", "", Outside},
		{"way out by backslashes", root, `..\a.ts`, "", Outside},
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
			path, target := Site{}.Resolve(tt.playlist, tt.uri)
			if path != tt.path || target != tt.target {
				t.Errorf("Resolve(%q, %q) = %q, %v, want %q, %v", tt.playlist, tt.uri, path, target, tt.path, tt.target)
			}
		})
	}
}

// TestResolveOnASite is about URLs and paths from the origin's root.
func TestResolveOnASite(t *testing.T) {
	t.Parallel()
	const list, deep = "live.m3u8", "hi/live.m3u8"
	stored := func(prefix string) Site { return Site{base: prefix} }
	cdn := site(t, "https://cdn.example.net/live/")
	for _, tt := range []struct {
		name          string
		site          Site
		playlist, uri string
		path          string
		target        Target
	}{
		{"prefix", stored("live/"), list, "/live/s0.ts", "s0.ts", Local},
		{"prefix, from a folder", stored("live/"), deep, "/live/hi/s0.ts", "hi/s0.ts", Local},
		{"prefix of several parts", stored("a/b c/"), list, "/a/b%20c/s0.ts", "s0.ts", Local},
		{"prefix in escapes", stored("live/"), list, "/l%69ve/s%30.ts?x", "s0.ts", Local},
		{"prefix behind dots", stored("live/"), list, "/x/../live/./s0.ts", "s0.ts", Local},
		{"prefix reached by a relative name", stored("live/"), deep, "../../live/s0.ts", "s0.ts", Local},
		{"beside the prefix", stored("live/"), list, "/backup/hi.m3u8", "", Elsewhere},
		{"a name that only begins like it", stored("live/"), list, "/live2/s0.ts", "", Elsewhere},
		{"other case", stored("live/"), list, "/Live/s0.ts", "", Elsewhere},
		{"no name that is stored, beside the prefix", stored("live/"), list, "/backup//hi.m3u8", "", Elsewhere},
		{"no name that is stored, below it", stored("live/"), list, "/live//s0.ts", "", Outside},
		{"the prefix itself", stored("live/"), list, "/live/", "", Outside},
		{"out of the prefix", stored("live/"), list, "/live/../s0.ts", "", Elsewhere},
		{"out of it by a relative name", stored("live/"), list, "../s0.ts", "", Outside},
		{"an address that nobody told", stored("live/"), list, "https://cdn.example.net/live/s0.ts", "", Elsewhere},

		{"URL", cdn, list, "https://cdn.example.net/live/s0.ts", "s0.ts", Local},
		{"URL from a folder", cdn, deep, "https://cdn.example.net/live/s0.ts", "s0.ts", Local},
		{"case and default port", cdn, list, "HTTPS://CDN.Example.net:443/live/s0.ts", "s0.ts", Local},
		{"empty port", cdn, list, "https://cdn.example.net:/live/s0.ts", "s0.ts", Local},
		{"escapes", cdn, list, "https://cdn.e%78ample.net/li%76e/a%20b.ts#x", "a b.ts", Local},
		{"somebody's name", cdn, list, "https://me@cdn.example.net/live/s0.ts", "s0.ts", Local},
		{"a name that looks like the host", cdn, list, "https://cdn.example.net@evil.example/live/s0.ts", "", Elsewhere},
		{"authority alone", cdn, list, "//cdn.example.net/live/s0.ts", "s0.ts", Local},
		{"path from the root", cdn, list, "/live/s0.ts", "s0.ts", Local},
		{"backslashes", cdn, list, `https:\\cdn.example.net\live\s0.ts`, "s0.ts", Local},
		{"other scheme", cdn, list, "http://cdn.example.net/live/s0.ts", "", Elsewhere},
		{"other port", cdn, list, "https://cdn.example.net:8443/live/s0.ts", "", Elsewhere},
		{"other host", cdn, list, "https://cdn.example.net.evil.example/live/s0.ts", "", Elsewhere},
		{"other path", cdn, list, "https://cdn.example.net/vod/s0.ts", "", Elsewhere},
		{"host only", cdn, list, "https://cdn.example.net", "", Elsewhere},
		{"a URL in the path", cdn, list, "x//cdn.example.net/live/s0.ts", "", Outside},
		{"data", cdn, list, "data:text/plain,//cdn.example.net/live/s0.ts", "", Elsewhere},
		{"relative", cdn, deep, "s0.ts", "hi/s0.ts", Local},

		{"without a slash", site(t, "http://cdn.example.net:80/live"), list, "http://cdn.example.net/live/s0.ts", "s0.ts", Local},
		{"whole origin", site(t, "https://cdn.example.net"), list, "/s0.ts", "s0.ts", Local},
		{"port", site(t, "http://[::1]:8080/"), list, "http://[::1]:8080/s0.ts", "s0.ts", Local},
		{"escapes in the setting", site(t, "https://cdn.example.net/a%20b/"), list, "/a b/s0.ts", "s0.ts", Local},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path, target := tt.site.Resolve(tt.playlist, tt.uri)
			if path != tt.path || target != tt.target {
				t.Errorf("%+v: Resolve(%q, %q) = %q, %v, want %q, %v", tt.site, tt.playlist, tt.uri, path, target, tt.path, tt.target)
			}
		})
	}
}

// site returns the Site of that URL.
func site(t *testing.T, public string) Site {
	t.Helper()
	s, err := NewSite(public, "not/this/")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSiteRefuses(t *testing.T) {
	t.Parallel()
	for _, public := range []string{
		"cdn.example.net/live/", "/live/", "//cdn.example.net/live/", "https:", "https://", "https:///live/", "1://host/", "://host/",
		"https://host/live?x=y", "https://host/live#x", "https://me:secret@host/", "https://host//live/", "https://host/../live/", "https://:443/",
	} {
		if s, err := NewSite(public, "live/"); err == nil || s != (Site{}) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %+v, %v", public, s, err)
		}
	}
	if s, err := NewSite("", "live/"); err != nil || s != (Site{base: "live/"}) {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestGuesses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, playlist, uri string
		first               string // the likeliest
		also                string // another one; empty for none
	}{
		{"CDN", "live.m3u8", "https://cdn.example.net/live/s0.ts", "live/s0.ts", "s0.ts"},
		{"CDN, from a folder", "hi/live.m3u8", "https://cdn.example.net/s0.ts?x", "s0.ts", "hi/s0.ts"},
		{"file", "live.m3u8", "file:///var/www/hls/hi/s%200.ts", "www/hls/hi/s 0.ts", "hi/s 0.ts"},
		{"drive", "live.m3u8", `C:\hls\s0.ts`, "C:/hls/s0.ts", "s0.ts"},
		{"share", "live.m3u8", `\\host\hls\s0.ts`, "hls/s0.ts", "s0.ts"},
		{"localhost", "live.m3u8", "http://localhost:8080/hls/s0.ts", "hls/s0.ts", "s0.ts"},
		{"time in the name", "hi/live.m3u8", "cam-2026-01-31T15:49:14.ts", "hi/cam-2026-01-31T15:49:14.ts", ""},
		{"time in the folder", "live.m3u8", "d-2026-01-31T15:49/s0.ts", "d-2026-01-31T15:49/s0.ts", "s0.ts"},
		{"origin's root", "live.m3u8", "/hls/s0.ts", "hls/s0.ts", "s0.ts"},
		{"double slash", "hi/live.m3u8", "media//s0.ts", "hi/media/s0.ts", "media/s0.ts"},
		{"above", "live.m3u8", "../media/s0.ts", "media/s0.ts", "s0.ts"},
		{"escaped slash", "live.m3u8", "media%2Fs0.ts", "media/s0.ts", ""},
		{"long path", "live.m3u8", "/1/2/3/4/5/6", "1/2/3/4/5/6", "3/4/5/6"},
		{"host alone", "live.m3u8", "https://cdn.example.net/", "", ""},
		{"nothing", "live.m3u8", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Guesses(tt.playlist, tt.uri)
			if tt.first == "" != (len(got) == 0) || len(got) > 0 && got[0] != tt.first || tt.also != "" && !slices.Contains(got, tt.also) || len(got) > 7 {
				t.Errorf("got %q, want first %q and %q", got, tt.first, tt.also)
			}
		})
	}
}

func TestResolveAllocates(t *testing.T) {
	site := site(t, "https://cdn.example.net/live/")
	for _, tt := range []struct {
		playlist, uri string
		want          float64
	}{
		{"index.m3u8", "segment_00001.ts?x=y", 0},
		{"index.m3u8", "https://cdn.example.com/a.ts", 0},
		{"live/index.m3u8", "../hi/segment_00001.ts", 1},
		{"live/index.m3u8", "a%20b.ts", 1},
		{"live/index.m3u8", "https://CDN.example.net:443/live/a.ts", 1},
	} {
		if got := testing.AllocsPerRun(10, func() { site.Resolve(tt.playlist, tt.uri) }); got > tt.want {
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
		for _, guess := range Guesses(playlist, uri) {
			if !fs.ValidPath(guess) || guess == "." || strings.ContainsFunc(guess, unicode.IsControl) {
				t.Fatalf("guess %q", guess)
			}
		}
		site, _ := NewSite("https://h/", "")
		if path, target := site.Resolve(playlist, "https://h/"+uri); target == Local && uri != "" && uri[0] != ' ' {
			if as, at := (Site{}).Resolve("index.m3u8", "./"+uri); as != path || at != Local {
				t.Fatalf("%q below the site, %q in the directory", path, as)
			}
		}
		path, target := Site{}.Resolve(playlist, uri)
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
		again, target := Site{}.Resolve("index.m3u8", escape(path)+"?"+uri)
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

func TestIsRelative(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]bool{
		"a.ts": true, "./a.ts": true, "../v/a.ts": true, " a.ts": true, "a/b:c.ts": true, "{$folder}/a.ts": true, "%2e/a.ts": true,
		"": false, "  ": false, "/a.ts": false, `\a.ts`: false, "//host/a.ts": false, "https://host/a.ts": false, "data:,x": false, "a:b.ts": false,
		"?a=b": false, "#a": false,
	} {
		if got := IsRelative(uri); got != want {
			t.Errorf("%q: got %v, want %v", uri, got, want)
		}
	}
}

func TestAttribute(t *testing.T) {
	t.Parallel()
	const list = `METHOD=AES-128,URI="k,IV=1.key", KEYFORMAT="a=b" ,BROKEN="x`
	for name, want := range map[string]string{"METHOD": "AES-128", "URI": "k,IV=1.key", "KEYFORMAT": "a=b", "IV": "-", "BROKEN": "-"} {
		got, ok := Attribute(list, name)
		if !ok {
			got = "-"
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
