//go:build linux

package check

import (
	"context"
	"crypto/md5"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/uploader/storetest"
	"github.com/hlsship/hlsship/watcher"
)

// broken is a set-up with one fault. want must be among the findings, at that level and with words of its cure.
type broken struct {
	name  string
	fault func(s *stage)
	want  string
	level Level
	cure  string
}

func TestBrokenSetUps(t *testing.T) {
	t.Parallel()
	g := storetest.Gateway(t)
	t.Run("all", func(t *testing.T) {
		for _, tt := range slices.Concat(brokenDirectories(), brokenPlaylists(), brokenConnections(), brokenStores()) {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, g)
				tt.fault(s)
				began := time.Now()
				all := run(t.Context(), s.config, s.sys)
				if took := time.Since(began); took > Limit+cleanupLimit {
					t.Errorf("took %s", took)
				}
				f, ok := pick(all, tt.want)
				if !ok || f.Level != tt.level || !strings.Contains(f.Cure, tt.cure) {
					t.Fatalf("got %+v, want %s of level %s with a cure that says %q; all:\n%s", f, tt.want, tt.level, tt.cure, listed(all))
				}
				if f.Found == "" || f.Level > OK && !strings.HasSuffix(f.Cure, ".") {
					t.Errorf("%+v is no sentence with its cure", f)
				}
				for _, f := range all {
					if f.Level == Error && f.ID != tt.want {
						t.Errorf("another error: %+v", f)
					}
				}
			})
		}
	})
}

// TestWorkingSetUp is the proof that the faults of TestBrokenSetUps are what is found there.
func TestWorkingSetUp(t *testing.T) {
	t.Parallel()
	s := newStage(t, storetest.Gateway(t))
	all := Run(t.Context(), s.config)
	for _, f := range all {
		if f.Level >= Warning {
			t.Errorf("%+v", f)
		}
		if f.Level > OK && f.Cure == "" {
			t.Errorf("%s has no cure", f.ID)
		}
	}
	for _, id := range []string{"dir", "filesystem", "watches", "open-files", "finish", "spool", "stream", "disk",
		"endpoint", "clock", "write", "headers", "list", "missing-key", "conditional", "latency", "bandwidth"} {
		if f, ok := pick(all, id); !ok || f.Level != OK {
			t.Errorf("%s is missing or not ok: %+v", id, f)
		}
	}
	if f, _ := pick(all, "stream"); !strings.Contains(f.Found, "0.1 Mbit/s") || !strings.Contains(f.Found, "4s") {
		t.Errorf("3 segments of 50,000 bytes and 4 s are %q", f.Found)
	}
	if f, _ := pick(all, "disk"); !strings.Contains(f.Found, "at 0.1 Mbit/s the spool lasts 89 min") {
		t.Errorf("64 MiB at 100 kbit/s: got %q", f.Found)
	}
	if t.Failed() {
		t.Log("\n" + listed(all))
	}
	if _, err := os.Stat(filepath.Join(s.config.Dir, ".hlsship")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the spool folder was left: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(s.gateway.Root, s.gateway.Bucket, s.config.Prefix, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left in the bucket: %v, %v", left, err)
	}
}

// TestDirectoryThatHangs looks at a file system that does not answer.
func TestDirectoryThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		away := make(chan struct{})
		defer close(away)
		sys := kernel()
		sys.lists = func(string) error { <-away; return nil }
		var found findings
		began := time.Now()
		boundedDirectory(t.Context(), Config{Dir: t.TempDir()}, sys, &found)
		if f, ok := pick(found.taken(), "dir-hangs"); !ok || f.Level != Error || !strings.Contains(f.Cure, "mount") {
			t.Errorf("got %+v", found.taken())
		}
		if took := time.Since(began); took != directoryLimit {
			t.Errorf("took %s", took)
		}
	})
}

// TestSlowStore stops in time, and blames the time.
func TestSlowStore(t *testing.T) {
	t.Parallel()
	s := newStage(t, storetest.Gateway(t))
	s.front(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Method != http.MethodPut && r.URL.Path != "/" {
			wait(r, 500*time.Millisecond)
		}
		next.ServeHTTP(w, r)
	})
	var found findings
	look := storeCheck{config: s.config, found: &found, limit: 1800 * time.Millisecond}
	look.run(t.Context(), streams{})
	all := found.taken()
	if f := all[len(all)-1]; f.ID != "time-over" || f.Level != Warning || !strings.Contains(f.Cure, "slowly") {
		t.Errorf("got\n%s", listed(all))
	}
	for _, f := range all {
		if f.Level == Error {
			t.Errorf("%+v", f)
		}
	}
}

// TestLittleIsLeft: where nothing may be deleted, what stays is small and named.
func TestLittleIsLeft(t *testing.T) {
	t.Parallel()
	s := newStage(t, storetest.Gateway(t))
	s.front(refuse(403, "AccessDenied", "DELETE"))
	all := run(t.Context(), s.config, s.sys)
	left, err := filepath.Glob(filepath.Join(s.gateway.Root, s.gateway.Bucket, s.config.Prefix, ".hlsship-check-*"))
	if err != nil || len(left) != 1 {
		t.Fatalf("left %v, %v", left, err)
	}
	fi, err := os.Stat(left[0])
	must(t, err)
	f, _ := pick(all, "probe-left")
	if fi.Size() > 100 || !strings.Contains(f.Found, filepath.Base(left[0])) || !strings.Contains(f.Found, strconv.FormatInt(fi.Size(), 10)+" bytes") {
		t.Errorf("%d bytes are left, and told is %q", fi.Size(), f.Found)
	}
}

// TestRate measures what streams need.
func TestRate(t *testing.T) {
	t.Parallel()
	const head = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n"
	for _, tt := range []struct {
		name  string
		files map[string]string // playlists
		want  float64           // in bytes a second
	}{
		{"one", map[string]string{"a.m3u8": head + "#EXTINF:5.0,\n1.ts\n#EXTINF:5.0,\n2.ts\n"}, 2000},
		{"durations differ", map[string]string{"a.m3u8": head + "#EXTINF:6,\n1.ts\n#EXTINF:4.000,title\n2.ts\n"}, 2000},
		{"two renditions", map[string]string{
			"a.m3u8": head + "#EXTINF:5.0,\n1.ts\n", "b.m3u8": head + "#EXTINF:10.0,\n2.ts\n"}, 3000},
		{"two playlists of the same segments", map[string]string{
			"a.m3u8": head + "#EXTINF:5.0,\n1.ts\n", "b.m3u8": head + "#EXTINF:5.0,\n1.ts\n"}, 2000},
		{"one that ended", map[string]string{"a.m3u8": head + "#EXTINF:5.0,\n1.ts\n#EXT-X-ENDLIST\n"}, 0},
		{"byte ranges", map[string]string{"a.m3u8": head + "#EXTINF:1.0,\n#EXT-X-BYTERANGE:500@0\n1.ts\n#EXTINF:1.0,\n#EXT-X-BYTERANGE:700@500\n1.ts\n"}, 600},
		{"gone already", map[string]string{"a.m3u8": head + "#EXTINF:5.0,\n0.ts\n#EXTINF:5.0,\n1.ts\n"}, 2000},
		{"manifest", map[string]string{"a.mpd": `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic"><Period><AdaptationSet><Representation id="0" bandwidth="1">
			<SegmentTemplate timescale="1" media="$Number$.ts" startNumber="1"><SegmentTimeline><S t="0" d="5" r="1"/></SegmentTimeline></SegmentTemplate>
			</Representation></AdaptationSet></Period></MPD>`}, 2000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &stage{t: t, config: Config{Dir: t.TempDir()}}
			s.file("1.ts", strings.Repeat("x", 10_000))
			s.file("2.ts", strings.Repeat("y", 10_000))
			for name, text := range tt.files {
				s.file(name, text)
			}
			d := directoryCheck{config: s.config, sys: kernel(), found: &findings{}}
			if !d.open() {
				t.Fatal("cannot open the directory")
			}
			defer d.root.Close()
			d.walk(t.Context())
			if got := d.playlists(t.Context()).rate / 8; got < tt.want-1 || got > tt.want+1 {
				t.Errorf("got %.0f bytes a second, want %.0f:\n%s", got, tt.want, listed(d.found.taken()))
			}
		})
	}
}

// TestNetworkFailures names what loopback cannot play.
func TestNetworkFailures(t *testing.T) {
	t.Parallel()
	at := &url.URL{Scheme: "https", Host: "store.test"}
	dial := func(err error) error {
		return &url.Error{Op: "Get", URL: at.String(), Err: &net.OpError{Op: "dial", Net: "tcp", Err: err}}
	}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"firewall that drops", dial(os.ErrDeadlineExceeded), "connect-timeout"},
		{"no route", dial(os.NewSyscallError("connect", syscall.ENETUNREACH)), "connect-unreachable"},
		{"refused", dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), "connect-refused"},
		{"unknown name", dial(&net.DNSError{Name: "store.test", IsNotFound: true}), "dns"},
		{"silent name server", dial(&net.DNSError{Name: "store.test", IsTimeout: true}), "dns"},
		{"no answer", &url.Error{Op: "Get", URL: at.String(), Err: context.DeadlineExceeded}, "endpoint-silent"},
		{"no progress", fmt.Errorf("list a.ts: %w", &timeout{}), "endpoint-silent"},
		{"handshake refused", &url.Error{Op: "Get", URL: at.String(), Err: errors.New("remote error: tls: handshake failure")}, "tls-failed"},
		{"client certificate", &url.Error{Op: "Get", URL: at.String(), Err: errors.New("remote error: tls: certificate required")}, "tls-client-certificate"},
		{"cut off", &url.Error{Op: "Get", URL: at.String(), Err: syscall.ECONNRESET}, "connect-failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if f := ofNetwork(tt.err, at); f.ID != tt.want || f.Level != Error || f.Cure == "" || f.Found == "" {
				t.Errorf("got %+v, want %s", f, tt.want)
			}
		})
	}
}

// timeout is how the store says that nothing moved.
type timeout struct{}

func (*timeout) Error() string { return "no progress for 5s" }
func (*timeout) Timeout() bool { return true }

func pick(all []Finding, id string) (Finding, bool) {
	i := slices.IndexFunc(all, func(f Finding) bool { return f.ID == id })
	if i < 0 {
		return Finding{}, false
	}
	return all[i], true
}

func listed(all []Finding) string {
	var b strings.Builder
	for _, f := range all {
		b.WriteString(f.Level.String() + " " + f.ID + ": " + f.Found + "\n      " + f.Cure + "\n")
	}
	return b.String()
}

// onMount changes what the kernel says of every file system.
func onMount(s *stage, change func(*mount)) {
	s.sys.mount = func(folder string) (mount, error) {
		m, err := mountOf(folder)
		change(&m)
		return m, err
	}
}

func brokenDirectories() []broken {
	const few = 6 << 20
	return []broken{
		{"directory missing", func(s *stage) { s.config.Dir += "/nowhere" }, "dir-missing", Error, "create it"},
		{"directory is a file", func(s *stage) { s.config.Dir += "/main.m3u8" }, "dir-no-directory", Error, "directory"},
		{"directory unreadable", func(s *stage) {
			s.sys.lists = func(string) error { return syscall.EACCES }
		}, "dir-unreadable", Error, "packager's user"},
		{"folder unreadable", func(s *stage) {
			mortal(s)
			must(s.t, os.Chmod(filepath.Join(s.config.Dir, "hi"), 0))
			s.t.Cleanup(func() { _ = os.Chmod(filepath.Join(s.config.Dir, "hi"), 0o755) })
		}, "folder-unreadable", Error, "packager's user"},
		{"files unreadable", func(s *stage) {
			mortal(s)
			must(s.t, os.Chmod(filepath.Join(s.config.Dir, "hi", "seg_0.ts"), 0))
		}, "files-unreadable", Error, "umask"},
		{"NFS", func(s *stage) { onMount(s, func(m *mount) { m.kind, m.remote = watcher.FileSystem(0x6969) }) }, "filesystem-remote", Warning, "local disk"},
		{"a folder is a mount", func(s *stage) {
			ask := s.sys.mount
			s.sys.mount = func(folder string) (mount, error) {
				m, err := ask(folder)
				m.remote = filepath.Base(folder) == "hi"
				return m, err
			}
		}, "filesystem-remote", Warning, "local disk"},
		{"no inotify instance", func(s *stage) {
			s.sys.watches = func([]string) (bool, int, error) { return false, 0, syscall.EMFILE }
		}, "inotify-instances", Error, "max_user_instances"},
		{"too few inotify watches", func(s *stage) {
			s.sys.watches = func([]string) (bool, int, error) { return true, 1, syscall.ENOSPC }
		}, "inotify-watches", Warning, "max_user_watches"},
		{"too few open files", func(s *stage) { s.sys.openFiles = func() uint64 { return 256 } }, "open-files", Warning, "LimitNOFILE"},
		{"spool folder is a file", func(s *stage) { s.file(".hlsship", "") }, "spool-foreign", Error, "--spool-dir"},
		{"spool folder below nothing", func(s *stage) {
			s.config.Spool = filepath.Join(s.config.Dir, "main.m3u8", "spool")
		}, "spool-foreign", Error, "--spool-dir"},
		{"spool folder is a link", func(s *stage) {
			must(s.t, os.Symlink(s.t.TempDir(), filepath.Join(s.config.Dir, "kept")))
			s.config.Spool = "kept"
		}, "spool-foreign", Error, "--spool-dir"},
		{"spool folder of everybody", func(s *stage) {
			folder := filepath.Join(s.t.TempDir(), "spool")
			must(s.t, os.Mkdir(folder, 0o700))
			must(s.t, os.Chmod(folder, 0o777))
			s.config.Spool = folder
		}, "spool-foreign", Error, "chmod go-w"},
		{"lock is a FIFO", func(s *stage) {
			must(s.t, os.Mkdir(filepath.Join(s.config.Dir, ".hlsship"), 0o700))
			must(s.t, syscall.Mkfifo(filepath.Join(s.config.Dir, ".hlsship", "lock"), 0o600))
		}, "spool-foreign", Error, "Remove it"},
		{"directory of another user", func(s *stage) {
			user := os.Geteuid() + 1
			s.sys.user = func() int { return user }
			if os.Geteuid() == 0 { // whose directories are nobody else's
				must(s.t, os.Chown(s.config.Dir, 2001, 2001))
			}
		}, "spool-shared", Warning, "where only hlsship writes"},
		{"directory of a group", func(s *stage) { must(s.t, os.Chmod(s.config.Dir, 0o775)) }, "spool-shared", Warning, "chmod +t"},
		{"spool on another file system", func(s *stage) { s.config.Spool = elsewhere(s) }, "spool-copies", Note, "--spool-dir"},
		{"spool off", func(s *stage) { s.config.SpoolOff = true }, "spool-off", Warning, "--spool-dir"},
		{"disk full", func(s *stage) { onMount(s, func(m *mount) { m.free = few }) }, "disk-full", Error, "room"},
		{"disk below the budget", func(s *stage) {
			s.config.Budget = 20 << 30
			onMount(s, func(m *mount) { m.free = 10 << 30 })
		}, "disk-below-budget", Warning, "--spool-budget to 8192MiB"},
		{"spool short", func(s *stage) { s.config.Budget = few }, "spool-short", Warning, "--spool-budget"},
		{"inodes used up", func(s *stage) { onMount(s, func(m *mount) { m.inodes, m.inodesInAll = 12, 1000 }) }, "inodes-low", Warning, "inodes"},
	}
}

// mortal skips the test where everything is permitted.
func mortal(s *stage) {
	if os.Geteuid() == 0 {
		s.t.Skip("root may read everything")
	}
}

// elsewhere returns a folder on another file system than the directory, or skips the test.
func elsewhere(s *stage) string {
	folder, err := os.MkdirTemp("/dev/shm", "hlsship-check-test-")
	if err != nil {
		s.t.Skipf("no second file system: %v", err)
	}
	s.t.Cleanup(func() { _ = os.RemoveAll(folder) })
	here, err := os.Stat(s.config.Dir)
	must(s.t, err)
	there, err := os.Stat(folder)
	must(s.t, err)
	if openfile.VersionOf(here).Device == openfile.VersionOf(there).Device {
		s.t.Skip("no second file system: the temporary files are in memory")
	}
	return folder
}

func brokenPlaylists() []broken {
	return []broken{
		{"no playlist", func(s *stage) {
			must(s.t, os.Remove(filepath.Join(s.config.Dir, "main.m3u8")))
			must(s.t, os.Remove(filepath.Join(s.config.Dir, "hi", "live.m3u8")))
		}, "playlist-none", Note, "Start the packager"},
		{"stream has ended", func(s *stage) {
			s.playlist("hi/live.m3u8", "#EXTINF:4.0,\nseg_0.ts\n#EXT-X-ENDLIST\n")
		}, "playlist-none-live", Note, "live"},
		{"text that is no playlist", func(s *stage) { s.file("notes.m3u8", "remember\n") }, "playlist-malformed", Warning, "#EXTM3U"},
		{"a path that no key has room for", func(s *stage) {
			folder := strings.Repeat("n", 200)
			s.file(strings.Repeat(folder+"/", 5)+strings.Repeat("é", 10)+".ts", "long")
		}, "name-too-long", Error, "shorter names"},
		{"a name that leaves no room for a pin", func(s *stage) { s.file(strings.Repeat("n", 240)+".ts", "long") }, "name-unpinnable", Warning, "200 bytes"},
		{"segments above the directory", func(s *stage) {
			s.playlist("up.m3u8", "#EXTINF:4.0,\n../seg_0.ts\n")
		}, "playlist-outside", Error, "below DIR"},
		{"names from the root of the origin", func(s *stage) {
			s.playlist("root.m3u8", "#EXTINF:4.0,\n/hls/hi/seg_0.ts\n")
		}, "playlist-url", Error, "--public-url"},
		{"names from another root", func(s *stage) {
			s.playlist("root.m3u8", "#EXTINF:4.0,\n/backup/seg_0.ts\n")
		}, "playlist-elsewhere", Note, "relative"},
		{"names from the root of the origin, below the prefix", func(s *stage) {
			s.playlist("root.m3u8", "#EXTINF:4.0,\n/"+s.config.Prefix+"hi/seg_9.ts\n")
		}, "playlist-names-missing", Warning, "under that name"},
		{"URLs below the public one", func(s *stage) {
			s.config.Site, _ = hls.NewSite("https://cdn.example/live", "")
			s.playlist("root.m3u8", "#EXTINF:4.0,\nHTTPS://cdn.example:443/live/hi/seg_9.ts\n")
		}, "playlist-names-missing", Warning, "under that name"},
		{"empty part in a name", func(s *stage) {
			s.playlist("double.m3u8", "#EXTINF:4.0,\nhi//seg_0.ts\n")
		}, "playlist-outside", Error, "relative"},
		{"playlist stays open", func(s *stage) {
			s.sys.writes = func(file *os.File) bool { return filepath.Base(file.Name()) == "live.m3u8" }
		}, "playlist-open", Warning, "rename it"},
		{"URLs of a second origin", func(s *stage) {
			s.playlist("hi/two.m3u8", "#EXTINF:4.0,\nseg_0.ts\n#EXTINF:4.0,\nhttps://backup.example/hi/seg_0.ts\n")
		}, "playlist-elsewhere", Note, "--public-url"},
		{"URLs of the files", func(s *stage) {
			s.playlist("cdn.m3u8", "#EXTINF:4.0,\nhttps://cdn.example/live/hi/seg_0.ts\n")
		}, "playlist-url", Error, "--public-url https://cdn.example/live/,"},
		{"time in a name", func(s *stage) {
			s.file("hi/cam-2026-01-31T15:49:14.ts", "x")
			s.playlist("hi/cam.m3u8", "#EXTINF:4.0,\ncam-2026-01-31T15:49:14.ts\n")
		}, "playlist-scheme", Error, "without colons"},
		{"paths of another machine", func(s *stage) {
			s.playlist("win.m3u8", "#EXTINF:4.0,\nC:\\hls\\hi\\seg_0.ts\n#EXTINF:4.0,\nfile:///hls/hi/seg_0.ts\n")
		}, "playlist-machine", Error, "relative names"},
		{"backslashes", func(s *stage) {
			s.playlist("win.m3u8", "#EXTINF:4.0,\nhi\\seg_0.ts\n")
		}, "playlist-backslash", Warning, "slashes"},
		{"empty init section", func(s *stage) {
			s.file("hi/init.mp4", "")
			s.playlist("hi/cmaf.m3u8", "#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:4.0,\nseg_0.ts\n")
		}, "playlist-names-empty", Error, "write them again"},
		{"empty segment", func(s *stage) {
			s.file("hi/seg_3.ts", "")
			s.playlist("hi/more.m3u8", "#EXTINF:4.0,\nseg_3.ts\n")
		}, "playlist-names-empty", Error, "write them again"},
		{"name in other letters", func(s *stage) {
			s.playlist("hi/case.m3u8", "#EXTINF:4.0,\nSeg_0.TS\n")
		}, "playlist-names-missing", Warning, "upper and lower case"},
		{"name without its folder", func(s *stage) {
			s.playlist("bare.m3u8", "#EXTINF:4.0,\nseg_0.ts\n")
		}, "playlist-names-missing", Warning, "-hls_base_url FOLDER/"},
		{"number sign in a name", func(s *stage) {
			s.file("hi/ep #9.ts", "x")
			s.playlist("hi/ep.m3u8", "#EXTINF:4.0,\nep #9.ts\n")
		}, "playlist-names-missing", Warning, "%23"},
		{"variable of another playlist", func(s *stage) {
			s.playlist("vars.m3u8", "#EXT-X-DEFINE:IMPORT=\"dir\"\n#EXTINF:4.0,\n{$dir}/seg_0.ts\n")
		}, "playlist-unresolvable", Error, "EXT-X-DEFINE"},
		{"absolute URLs", func(s *stage) {
			s.playlist("cdn.m3u8", "#EXTINF:4.0,\nhttps://cdn.example/seg_0.ts\n")
		}, "playlist-elsewhere", Note, "relative"},
		{"segment is a symbolic link", func(s *stage) {
			must(s.t, os.Symlink("seg_0.ts", filepath.Join(s.config.Dir, "hi", "link.ts")))
			s.playlist("hi/links.m3u8", "#EXTINF:4.0,\nlink.ts\n")
		}, "playlist-link", Error, "write files"},
		{"segments excluded", func(s *stage) {
			s.config.Exclude = func(path string) bool { return strings.HasSuffix(path, ".ts") }
		}, "playlist-excluded", Error, "--exclude"},
		{"segments under another name", func(s *stage) {
			s.playlist("hi/wrong.m3u8", "#EXTINF:4.0,\nsegments/seg_0.ts\n")
		}, "playlist-names-missing", Warning, "under that name"},
		{"playlist on a segment's line", func(s *stage) {
			s.playlist("hi/nested.m3u8", "#EXTINF:4.0,\nseg_0.ts\n#EXTINF:4.0,\nmore.m3u8\n")
		}, "playlist-names-missing", Warning, "under that name"},
		{"manifest on a segment's line", func(s *stage) {
			s.playlist("hi/nested.m3u8", "#EXTINF:4.0,\nmore.mpd\n")
		}, "playlist-names-missing", Warning, "under that name"},
		{"variant among segments", func(s *stage) {
			s.playlist("hi/both.m3u8", "#EXTINF:4.0,\nseg_0.ts\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n")
		}, "playlist-names-missing", Warning, "under that name"},
		{"playlist that a manifest names", func(s *stage) {
			s.file("all.mpd", "<MPD><Period><AdaptationSet><Representation><BaseURL>hi/more.m3u8</BaseURL></Representation></AdaptationSet></Period></MPD>")
		}, "playlist-names-missing", Warning, "under that name"},
		{"blocking reload", func(s *stage) {
			s.playlist("hi/ll.m3u8", "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1\n#EXT-X-PART-INF:PART-TARGET=0.33\n#EXTINF:4.0,\nseg_0.ts\n")
		}, "ll-hls-blocking", Warning, "CAN-BLOCK-RELOAD"},
		{"parts", func(s *stage) {
			s.playlist("hi/ll.m3u8", "#EXT-X-PART-INF:PART-TARGET=0.33\n#EXTINF:4.0,\nseg_0.ts\n")
		}, "ll-hls-parts", Note, "latency"},
		{"a packager that may begin again at 0", func(s *stage) {
			s.playlist("hi/index.m3u8", "#EXT-X-MEDIA-SEQUENCE:41\n#EXTINF:4.0,\nseg_0.ts\n")
		}, "playlist-restart", Note, "continuous"},
	}
}

func brokenConnections() []broken {
	here := []net.IP{net.ParseIP("127.0.0.1")}
	return []broken{
		{"settings without a region", func(s *stage) { s.config.Store.Endpoint, s.config.Store.Region = "", "" }, "store-settings", Error, "settings"},
		{"no such host", func(s *stage) { s.config.Store.Endpoint = "http://store.invalid:9000" }, "dns", Error, "."},
		{"nobody listens", func(s *stage) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			must(s.t, err)
			must(s.t, l.Close())
			s.config.Store.Endpoint = "http://" + l.Addr().String()
		}, "connect-refused", Error, "port"},
		{"nobody answers", func(s *stage) { s.config.Store.Endpoint = silent(s.t) }, "endpoint-silent", Error, "firewall"},
		{"certificate expired", func(s *stage) {
			s.secure(&x509.Certificate{IPAddresses: here, NotAfter: time.Now().Add(-time.Hour)})
		}, "tls-expired", Error, "Renew"},
		{"certificate of another name", func(s *stage) {
			s.secure(&x509.Certificate{DNSNames: []string{"elsewhere.test"}})
		}, "tls-wrong-name", Error, "name of the certificate"},
		{"certificate of a stranger", func(s *stage) { s.secure(&x509.Certificate{IPAddresses: here}) }, "tls-unknown-authority", Error, "SSL_CERT_FILE"},
		{"TLS to a plain port", func(s *stage) {
			s.config.Store.Endpoint = strings.Replace(s.config.Store.Endpoint, "http:", "https:", 1)
		}, "tls-not-spoken", Error, "http://"},
		{"plain to a TLS port", func(s *stage) {
			s.secure(&x509.Certificate{IPAddresses: here})
			s.config.Store.Endpoint = strings.Replace(s.config.Store.Endpoint, "https:", "http:", 1)
		}, "tls-expected", Error, "https://"},
		{"clock two minutes off", func(s *stage) { s.front(altered(dated(-2 * time.Minute))) }, "clock-skew", Warning, "NTP"},
		{"clock an hour off", func(s *stage) { s.front(altered(dated(time.Hour))) }, "clock-skew", Error, "NTP"},
	}
}

// dated moves the Date of answers.
func dated(by time.Duration) func(http.Header) {
	return func(h http.Header) { h.Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat)) }
}

// profiles writes a shared file.
func profiles(s *stage, lines ...string) string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "shared")
	lines = append(lines, "[fails]", "credential_process = false")
	must(s.t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600))
	return file
}

func brokenStores() []broken {
	return []broken{
		{"no credentials", func(s *stage) {
			s.config.Store.Credentials = s3.Credentials{File: filepath.Join(s.config.Dir, "none")}
		}, "credentials-missing", Error, "AWS_ACCESS_KEY_ID"},
		{"profile that nobody wrote", func(s *stage) {
			s.config.Store.Credentials = s3.Credentials{File: profiles(s), Profile: "partner"}
		}, "credentials-missing", Error, "AWS_ACCESS_KEY_ID"},
		{"source that fails", func(s *stage) {
			s.config.Store.Credentials = s3.Credentials{File: profiles(s), Profile: "fails"}
		}, "credentials-missing", Error, "Run that program by hand"},
		{"source that works", func(s *stage) {
			keys := s.config.Store.Credentials
			s.config.Store.Credentials = s3.Credentials{File: profiles(s, "[works]", "aws_access_key_id = "+keys.AccessKey, "aws_secret_access_key = "+string(keys.SecretKey)), Profile: "works"}
		}, "credentials", OK, ""},
		{"wrong secret", func(s *stage) { s.config.Store.Credentials.SecretKey = "wrong" }, "credentials-wrong", Error, "secret key"},
		{"unknown access key", func(s *stage) { s.config.Store.Credentials.AccessKey = "nobody" }, "credentials-wrong", Error, "access key"},
		{"expired token", func(s *stage) { s.front(refuse(400, "ExpiredToken", "PUT", "GET", "HEAD")) }, "credentials-expired", Error, "renew"},
		{"bucket missing", func(s *stage) { s.config.Store.Bucket = "nowhere" }, "bucket-missing", Error, "Create"},
		{"another region", func(s *stage) { s.config.Store.Region = "eu-north-1" }, "region-wrong", Error, "region"},
		{"no permission to write", func(s *stage) { s.front(refuse(403, "AccessDenied", "PUT")) }, "put-denied", Error, "s3:PutObject"},
		{"no permission to read", func(s *stage) {
			s.front(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if r.Method == http.MethodGet && !listing(r) && r.URL.Path != "/" {
					refusal(w, 403, "AccessDenied")
					return
				}
				next.ServeHTTP(w, r)
			})
		}, "get-denied", Error, "s3:GetObject"},
		{"no permission to list", func(s *stage) {
			s.front(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if listing(r) {
					refusal(w, 403, "AccessDenied")
					return
				}
				next.ServeHTTP(w, r)
			})
		}, "list-denied", Error, "s3:ListBucket"},
		{"recordings where listings may have no delimiter", func(s *stage) {
			s.config.Record = true
			s.front(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if listing(r) && r.URL.Query().Get("delimiter") != "" {
					refusal(w, 403, "AccessDenied")
					return
				}
				next.ServeHTTP(w, r)
			})
		}, "recordings-unlisted", Warning, "with and without a delimiter"},
		{"recordings without conditional writes", func(s *stage) { s.config.Record, s.config.Conditional = true, false }, "recordings-unconditional", Note, "recover"},
		{"403 for a missing key", func(s *stage) {
			s.front(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if r.Method == http.MethodHead || strings.HasSuffix(r.URL.Path+r.URL.Query().Get("prefix"), "-missing") {
					refusal(w, http.StatusForbidden, "AccessDenied")
					return
				}
				next.ServeHTTP(w, r)
			})
		}, "missing-key-403", Error, "s3:ListBucket"},
		{"region that the store does not know", func(s *stage) { s.front(refuse(400, "InvalidRegionName", "PUT")) }, "region-wrong", Error, "region"},
		{"path style forbidden", func(s *stage) { s.front(refuse(403, "SecondLevelDomainForbidden", "PUT")) }, "addressing-wrong", Error, "--addressing virtual"},
		{"encryption key disabled", func(s *stage) { s.front(refuse(400, "KMS.DisabledException", "PUT")) }, "kms-refused", Error, "KMS"},
		{"retention", func(s *stage) { s.front(refuse(403, "ObjectLocked", "PUT")) }, "object-locked", Error, "Object Lock"},
		{"method not known", func(s *stage) { s.front(refuse(405, "MethodNotAllowed", "PUT")) }, "request-refused", Error, "CDN"},
		{"sent to TLS", func(s *stage) {
			s.front(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
				http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusPermanentRedirect)
			})
		}, "tls-expected", Error, "https://"},
		{"no permission to delete", func(s *stage) { s.front(refuse(403, "AccessDenied", "DELETE")) }, "probe-left", Note, "lifecycle"},
		{"quota used up", func(s *stage) { s.front(refuse(507, "QuotaExceeded", "PUT")) }, "store-full", Error, "quota"},
		{"store broken", func(s *stage) { s.front(refuse(500, "InternalError", "PUT")) }, "store-unwell", Error, "broken"},
		{"login page", func(s *stage) {
			s.front(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
				w.Header().Set("Content-Type", "text/html")
				_, _ = w.Write([]byte("<html>please log in</html>"))
			})
		}, "store-foreign", Error, "login page"},
		{"another web server", func(s *stage) {
			s.front(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(http.StatusNotFound) })
		}, "store-foreign", Error, "web server"},
		{"cache in between", func(s *stage) { s.front(caching()) }, "overwrite-stale", Error, "CDN"},
		{"Cache-Control dropped", func(s *stage) { s.front(altered(func(h http.Header) { h.Del("Cache-Control") })) }, "header-changed", Warning, "Cache-Control"},
		{"Content-Type changed", func(s *stage) {
			s.front(altered(func(h http.Header) { h.Set("Content-Type", "binary/octet-stream") }))
		}, "header-changed", Warning, "Content-Type"},
		{"no CORS", func(*stage) {}, "cors-missing", Note, "CORS rules"},
		{"not public", func(*stage) {}, "public-read-refused", Note, "policy"},
		{"conditions ignored", func(s *stage) { s.front(careless) }, "conditional-ignored", Warning, "--conditional off"},
		{"conditions unknown", func(s *stage) {
			s.front(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if r.Header.Get("If-Match")+r.Header.Get("If-None-Match") != "" {
					refusal(w, 501, "NotImplemented")
					return
				}
				next.ServeHTTP(w, r)
			})
		}, "conditional-unknown", Note, "without"},
		{"conditions off", func(s *stage) { s.config.Conditional = false }, "conditional-off", Note, "--conditional auto"},
		{"ETags of another kind", func(s *stage) {
			s.config.Conditional = false
			s.front(altered(func(h http.Header) {
				if h.Get("ETag") != "" {
					h.Set("ETag", `"v1-opaque"`)
				}
			}))
		}, "etag-not-md5", Note, "size"},
		{"one write a second", func(s *stage) { s.front(throttled()) }, "writes-throttled", Warning, "--min-interval"},
		{"one write a second, and told so", func(s *stage) {
			s.config.MinInterval = time.Second
			s.front(throttled())
		}, "writes-throttled", OK, ""},
		{"far away", func(s *stage) {
			s.playlist("hi/live.m3u8", "#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\nseg_0.ts\n")
			s.front(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if r.Method == http.MethodPut {
					wait(r, 600*time.Millisecond)
				}
				next.ServeHTTP(w, r)
			})
		}, "latency-high", Warning, "nearer"},
		{"slow line", func(s *stage) {
			must(s.t, os.Truncate(filepath.Join(s.config.Dir, "hi", "seg_0.ts"), 100<<20))
			s.config.Budget = 40 << 30
			onMount(s, func(m *mount) { m.free = 50 << 30 })
			s.front(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if r.ContentLength > 100_000 {
					wait(r, time.Second)
				}
				next.ServeHTTP(w, r)
			})
		}, "bandwidth-low", Error, "bitrate"},
		{"limit below the stream", func(s *stage) { s.config.UplinkLimit = 1000 }, "uplink-limit-low", Error, "--uplink-limit"},
		{"files that grow cannot be lengthened", func(s *stage) {
			s.playlist("hi/live.m3u8", "#EXTINF:4.0,\n#EXT-X-BYTERANGE:1000@0\nseg_0.ts\n#EXTINF:4.0,\n#EXT-X-BYTERANGE:1000@1000\nseg_0.ts\n")
			s.front(refuse(501, "NotImplemented", "POST"))
		}, "append-unsupported", Note, "UploadPartCopy"},
	}
}

// caching answers every GET of an object as it answered the first.
func caching() func(http.ResponseWriter, *http.Request, http.Handler) {
	var mu sync.Mutex
	kept := map[string][]byte{}
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPut {
			text := body(r)
			if kept[r.URL.Path] == nil {
				kept[r.URL.Path] = text
			}
			sum := md5.Sum(text)
			w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
			return
		}
		if text, ok := kept[r.URL.Path]; ok && r.Method == http.MethodGet {
			w.Header().Set("ETag", `"cached"`)
			w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
			_, _ = w.Write(text)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// careless accepts every conditional PUT.
func careless(w http.ResponseWriter, r *http.Request, next http.Handler) {
	if r.Method == http.MethodPut && r.Header.Get("If-Match")+r.Header.Get("If-None-Match") != "" {
		sum := md5.Sum(body(r))
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
		return
	}
	next.ServeHTTP(w, r)
}

// throttled refuses to store a key again.
func throttled() func(http.ResponseWriter, *http.Request, http.Handler) {
	var mu sync.Mutex
	stored := map[string]bool{}
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		mu.Lock()
		again := r.Method == http.MethodPut && stored[r.URL.Path] && r.ContentLength < 100 && r.Header.Get("If-None-Match")+r.Header.Get("If-Match") == ""
		if r.Method == http.MethodPut {
			stored[r.URL.Path] = true
		}
		mu.Unlock()
		if again {
			refusal(w, http.StatusTooManyRequests, "SlowDown")
			return
		}
		next.ServeHTTP(w, r)
	}
}
