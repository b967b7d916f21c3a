//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// nameAttacks are names that hurt who shows, splits or opens them.
func nameAttacks() []hostile {
	return []hostile{
		{"no files", 4, 1200 * time.Millisecond, func(w *intruder, n int) error {
			name := fmt.Sprintf("odd%d%s", n%100, []string{".ts", ".m3u8", ".mpd"}[n%3])
			at := w.path(name)
			if err := fine(os.Remove(at), fs.ErrNotExist); err != nil {
				return err
			}
			switch n % 7 {
			case 0:
				return unix.Mkfifo(at, 0o666)
			case 1:
				return os.Symlink(filepath.Join(w.Outside, "secret.ts"), at)
			case 2:
				return os.Symlink(filepath.Base(at), at)
			case 3:
				return fine(unix.Mknod(at, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))), syscall.EPERM) // endless zeros
			case 4:
				return os.Mkdir(at, 0o777)
			case 5:
				return w.socket(at)
			}
			return w.put(fmt.Sprintf("odd%d.m3u8", n%100+1), media(w.name(name)))
		}},
		{"names that talk to a terminal", 4, 1600 * time.Millisecond, func(w *intruder, n int) error {
			names := []string{
				"\x1b]0;owned\a\x1b[2J%d.ts", "new\nlevel=ERROR msg=forged%d.m3u8", "\u202egnp.%d.ts", "\u2028%d.m3u8", "\x85%d.ts", "\xff\xfe%d.m3u8",
				"a\"b'c%d.ts", "%%2e%%2e%%2f%d.ts", "..%d.m3u8", " %d.ts", "-rf%d.ts", "?a#b%d.m3u8", "\t%d.mpd", strings.Repeat("l", 200) + "%d.ts",
			}
			name := fmt.Sprintf(names[n%len(names)], n)
			if err := w.write(name, media(strings.ReplaceAll(w.name(name), "\n", "%0A"))); err != nil {
				return err
			}
			return w.put("talk.m3u8", media(w.name(name)))
		}},
		{"links that are exchanged", 4, 1600 * time.Millisecond, swap},
		{"folders without a bottom", 1, 2800 * time.Millisecond, func(w *intruder, n int) error { return bottomless(w, n, 2_000) }},
		{"folders that come and go", 4, 2 * time.Second, func(w *intruder, n int) error {
			const folders = 25
			for i := range folders {
				at := w.path(fmt.Sprintf("f%d", i))
				if err := errors.Join(os.Mkdir(at, 0o777), os.WriteFile(filepath.Join(at, "a.m3u8"), []byte(media("b.ts")), 0o666)); err != nil {
					return err
				}
			}
			for i := range folders {
				if err := os.RemoveAll(w.path(fmt.Sprintf("f%d", i))); err != nil {
					return err
				}
			}
			return nil
		}},
		{"folders that look like a spool", 4, 2800 * time.Millisecond, func(w *intruder, n int) error {
			at := filepath.Join(w.dir, w.name(fmt.Sprint("spool", n%20)), ".hlsship")
			if err := os.MkdirAll(filepath.Join(at, "named"), 0o777); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(at, "named", "a.ts@5-1"), []byte("bytes"), 0o666)
		}},
	}
}

// socket makes a socket at a path, which may be longer than the address of one.
func (w *intruder) socket(at string) error {
	short := filepath.Join(os.TempDir(), fmt.Sprintf("hlsship-%d-%d", os.Getpid(), time.Now().UnixNano()))
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	if err := errors.Join(l.Close(), os.Link(short, at)); err != nil {
		return errors.Join(err, os.Remove(short))
	}
	return os.Remove(short)
}

// swap has a folder and a file take the place of links to what lies outside, and the other way, while playlists name both.
func swap(w *intruder, n int) error {
	folder, link, file, secret := w.path("in"), w.path("to"), w.path("real.ts"), w.path("secret.ts")
	if n == 0 {
		if err := errors.Join(
			os.Mkdir(folder, 0o777), os.WriteFile(filepath.Join(folder, "secret.ts"), []byte("harmless"), 0o666), os.Symlink(w.Outside, link),
			os.WriteFile(file, []byte("harmless"), 0o666), os.Symlink(filepath.Join(w.Outside, "secret.ts"), secret),
		); err != nil {
			return err
		}
	}
	names := []string{w.name("in/secret.ts"), w.name("to/secret.ts"), w.name("real.ts"), w.name("secret.ts")}
	if err := w.put("swap.m3u8", media(names[n%4:]...)); err != nil {
		return err
	}
	for range 200 {
		if err := errors.Join(
			unix.Renameat2(unix.AT_FDCWD, folder, unix.AT_FDCWD, link, unix.RENAME_EXCHANGE),
			unix.Renameat2(unix.AT_FDCWD, file, unix.AT_FDCWD, secret, unix.RENAME_EXCHANGE),
		); err != nil {
			return err
		}
	}
	return nil
}

// bottomless makes folders in one another, by descriptor as no path is that long, and gives the topmost another name from
// then on.
func bottomless(w *intruder, n, depth int) error {
	top := w.path("deep0")
	if n > 0 {
		return os.Rename(w.path(fmt.Sprint("deep", n-1)), w.path(fmt.Sprint("deep", n)))
	}
	if err := os.Mkdir(top, 0o777); err != nil {
		return err
	}
	at, err := unix.Open(top, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	for range depth {
		if err != nil {
			return err
		}
		err = unix.Mkdirat(at, "d", 0o777)
		next := -1
		if err == nil {
			next, err = unix.Openat(at, "d", unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		}
		err = errors.Join(err, unix.Close(at))
		at = next
	}
	return errors.Join(err, unix.Close(at))
}

// fileAttacks are files whose bytes are not what they seem, and folders in which the program keeps its state.
func fileAttacks() []hostile {
	return []hostile{
		{"sparse files", 4, 2800 * time.Millisecond, func(w *intruder, n int) error {
			for name, size := range map[string]int64{fmt.Sprintf("tera%d.ts", n%5): 1 << 40, fmt.Sprintf("giga%d.m3u8", n%5): 200 << 30} {
				f, err := os.Create(w.path(name))
				if err != nil {
					return err
				}
				// Where the file system has no such files, one as large as it has.
				for err = f.Truncate(size); errors.Is(err, syscall.EFBIG) && size > 1<<30; err = f.Truncate(size) {
					size /= 2
				}
				if err := errors.Join(err, f.Close()); err != nil {
					return err
				}
			}
			return w.put("sparse.m3u8", media(series(w.name("tera"), 0, 5)...))
		}},
		{"empty segments", 4, 1600 * time.Millisecond, func(w *intruder, n int) error {
			name := fmt.Sprintf("empty%d.ts", n%50)
			if err := w.write(name, ""); err != nil {
				return err
			}
			return w.put("empty.m3u8", media(w.name(name)))
		}},
		{"rights that come and go", 4, 1600 * time.Millisecond, func(w *intruder, n int) error {
			for _, name := range []string{"r.ts", "r.m3u8"} {
				if err := fine(os.Chmod(w.path(name), 0o666), fs.ErrNotExist); err != nil {
					return err
				}
				if err := w.put(name, media(w.name("r.ts"))); err != nil {
					return err
				}
				if err := os.Chmod(w.path(name), fs.FileMode(n%2)*0o600); err != nil {
					return err
				}
			}
			return nil
		}},
		{"files that become folders", 4, 1600 * time.Millisecond, func(w *intruder, n int) error {
			for _, name := range []string{"x.ts", "x.m3u8"} {
				if err := os.RemoveAll(w.path(name)); err != nil {
					return err
				}
				var err error
				if n%2 == 0 {
					err = os.Mkdir(w.path(name), 0o777)
				} else {
					err = w.write(name, media(w.name("x.ts")))
				}
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{"attacks on the spool", 2, 2400 * time.Millisecond, besiege},
	}
}

// besiege puts something of its own in the place of a spool folder that the program uses.
func besiege(w *intruder, n int) error {
	at := filepath.Join(w.Second, ".hlsship")
	aside := filepath.Join(w.Second, fmt.Sprintf("aside%d-%s", n, filepath.Base(w.dir)))
	// There are two of them, who take turns.
	may := []error{fs.ErrNotExist, fs.ErrExist, syscall.ENOTEMPTY}
	if err := fine(os.Rename(at, aside), may...); err != nil {
		return err
	}
	switch n % 6 {
	case 0:
		return fine(unix.Mkfifo(at, 0o666), may...)
	case 1:
		return fine(os.Symlink(w.Outside, at), may...)
	case 2:
		return fine(os.WriteFile(at, []byte("1\n\x1b[31mlevel=ERROR"), 0o666), may...)
	case 3:
		for _, part := range []string{"settled", "named", "part"} {
			if err := fine(os.MkdirAll(filepath.Join(at, part), 0o777), syscall.ENOTDIR, fs.ErrExist); err != nil {
				return err
			}
		}
		return fine(unix.Mkfifo(filepath.Join(at, "began"), 0o666), slices.Concat(may, []error{syscall.ENOTDIR})...)
	}
	return nil // it is to be made anew
}

// forgeries are spool folders as others made them before the program started, by the names of their channels.
func forgeries() map[string]func(dir, outside string) error {
	forged := func(dir string, act func(spool string) error) error {
		spool := filepath.Join(dir, ".hlsship")
		for _, part := range []string{"settled", "named", "part"} {
			if err := os.MkdirAll(filepath.Join(spool, part), 0o777); err != nil {
				return err
			}
		}
		return act(spool)
	}
	return map[string]func(dir, outside string) error{
		"file": func(dir, _ string) error { return os.WriteFile(filepath.Join(dir, ".hlsship"), nil, 0o666) },
		"link": func(dir, outside string) error { return os.Symlink(outside, filepath.Join(dir, ".hlsship")) },
		"fifo": func(dir, _ string) error {
			return forged(dir, func(spool string) error {
				return errors.Join(unix.Mkfifo(filepath.Join(spool, "began"), 0o666), unix.Mkfifo(filepath.Join(spool, "lock"), 0o666),
					unix.Mkfifo(filepath.Join(spool, "settled", "honest"), 0o666))
			})
		},
		"date": func(dir, _ string) error {
			return forged(dir, func(spool string) error {
				return os.WriteFile(filepath.Join(spool, "began"), []byte("2020-01-01T00:00:00Z\n"), 0o666)
			})
		},
		"files": func(dir, outside string) error {
			return forged(dir, func(spool string) error {
				var err error
				for n := range 200 {
					list := filepath.Join(spool, "named", fmt.Sprintf("forged%d.m3u8@%d-1", n, 31<<20))
					err = errors.Join(err, os.WriteFile(list, []byte("#EXTM3U\n"), 0o666), os.Truncate(list, 31<<20),
						os.WriteFile(filepath.Join(spool, "named", fmt.Sprintf("private%d.html@5-1", n)), []byte("bytes"), 0o666),
						os.Symlink(filepath.Join(outside, "secret.ts"), filepath.Join(spool, "named", fmt.Sprintf("s%d.ts@%d-1", n, len(outsideMark)))))
				}
				return err
			})
		},
	}
}

// dial connects to the program's HTTP server.
func (w *intruder) dial() (net.Conn, error) { return net.DialTimeout("tcp", w.HTTP, 5*time.Second) }

// told returns the bytes of all that lies outside.
func told() []byte { return bytes.Repeat([]byte(outsideMark+"\n"), 100) }
