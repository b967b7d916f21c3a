package main

import (
	"context"
	"crypto/md5" //nolint:gosec // S3 has made of it what an ETag is
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/verify"
)

// published is what a survey asks of a store: it changes nothing. An s3.Store is one.
type published interface {
	List(ctx context.Context, prefix string) iter.Seq2[store.Info, error]
	Fetch(ctx context.Context, key string, limit int64) ([]byte, store.Info, http.Header, error)
	Look(ctx context.Context, key string) (store.Info, http.Header, error)
}

// survey feeds a verify.Walk: it asks the store and reads the directory, and decides nothing.
type survey struct {
	store  published
	config verify.Config
	// dir is empty for none. exclude says what of it is not shipped, leave which folders are spools.
	dir     string
	exclude func(string) bool
	leave   []string
	// heads bounds how many objects are asked for their headers, workers how many requests are made at once.
	heads, workers int
}

// run looks at all that is published. What the packager wrote a moment ago may be on its way: then it waits and looks again.
func (s *survey) run(ctx context.Context) (verify.Report, error) {
	began := time.Now()
	playlists, err := s.playlists(ctx)
	if err != nil {
		return verify.Report{}, err
	}
	report, err := s.look(ctx, playlists)
	if err != nil || !report.Young() {
		return report, err
	}
	timer := time.NewTimer(time.Until(began.Add(verify.Patience)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return verify.Report{}, ctx.Err()
	}
	if report, err = s.look(ctx, playlists); err != nil {
		return verify.Report{}, err
	}
	return report.Settled(), nil
}

// playlists reads those of the directory.
func (s *survey) playlists(ctx context.Context) (map[string]verify.Disk, error) {
	all := map[string]verify.Disk{}
	if s.dir == "" {
		return all, nil
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, fmt.Errorf("read the directory: %w", err)
	}
	defer root.Close() //nolint:errcheck // nothing was written
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && path == ".":
			return err
		case err != nil: // gone, or not for this user
			return nil
		case d.IsDir():
			if slices.Contains(s.leave, filepath.Join(s.dir, filepath.FromSlash(path))) {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular() || !verify.IsPlaylist(path) || s.exclude != nil && s.exclude(path):
			return nil
		}
		if disk, err := s.read(root, path); err == nil {
			all[path] = disk
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the directory: %w", err)
	}
	return all, nil
}

// read reads a playlist.
func (s *survey) read(root *os.Root, path string) (verify.Disk, error) {
	file, disk, err := openRegular(root, path)
	if err != nil {
		return verify.Disk{}, err
	}
	defer file.Close() //nolint:errcheck // nothing was written
	disk.Text, err = io.ReadAll(io.LimitReader(file, hls.MaxPlaylistSize+1))
	return disk, err
}

// openRegular opens a regular file of the directory; a link is none.
func openRegular(root *os.Root, path string) (*os.File, verify.Disk, error) {
	name := filepath.FromSlash(path)
	fi, err := root.Lstat(name)
	if err == nil && !fi.Mode().IsRegular() {
		err = fs.ErrInvalid
	}
	if err != nil {
		return nil, verify.Disk{}, err
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, verify.Disk{}, err
	}
	return file, verify.Disk{Size: fi.Size(), Written: fi.ModTime()}, nil
}

// look makes one walk.
func (s *survey) look(ctx context.Context, playlists map[string]verify.Disk) (verify.Report, error) {
	w := verify.New(s.config)
	for path, disk := range playlists {
		w.Playlist(path, disk)
	}
	if err := s.list(ctx, w); err != nil {
		return verify.Report{}, err
	}
	for paths := w.Unread(); len(paths) > 0; paths = w.Unread() {
		if err := s.fetch(ctx, w, paths); err != nil {
			return verify.Report{}, err
		}
	}
	if err := s.list(ctx, w); err != nil { // once more, since the live edge has moved
		return verify.Report{}, err
	}
	if err := s.heed(ctx, w); err != nil {
		return verify.Report{}, err
	}
	now := time.Now()
	if err := s.compare(ctx, w); err != nil {
		return verify.Report{}, err
	}
	return w.Report(now), nil
}

// list feeds w with a listing. What it was told already it may be told again.
func (s *survey) list(ctx context.Context, w *verify.Walk) error {
	return patient(ctx, func() error {
		for o, err := range s.store.List(ctx, s.config.Prefix) {
			if err != nil {
				return err
			}
			w.Listed(o)
		}
		return nil
	})
}

// each calls act with every path, several at once, until one fails. What act does to w, it does while it holds the lock.
func (s *survey) each(ctx context.Context, paths []string, most int, act func(ctx context.Context, path string, w *sync.Mutex) error) error {
	var lock sync.Mutex
	g, working := errgroup.WithContext(ctx)
	g.SetLimit(most)
	for _, path := range paths {
		if working.Err() != nil {
			break
		}
		g.Go(func() error { return act(working, path, &lock) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// fetch reads playlists of the bucket.
func (s *survey) fetch(ctx context.Context, w *verify.Walk, paths []string) error {
	return s.each(ctx, paths, s.workers, func(ctx context.Context, path string, lock *sync.Mutex) error {
		var text []byte
		var info store.Info
		var header http.Header
		err := patient(ctx, func() (err error) {
			text, info, header, err = s.store.Fetch(ctx, w.Key(path), hls.MaxPlaylistSize+1)
			return err
		})
		lock.Lock()
		defer lock.Unlock()
		switch kind := store.KindOf(err); {
		case err == nil:
			w.Read(path, text, info, headOf(header))
		case kind == store.NotFound, kind == store.Permanent: // the latter is larger than any playlist
			w.Gone(path)
		default:
			return err
		}
		return nil
	})
}

// heed asks for objects: those that the listing did not have, those whose bytes only the store's own checksum can tell, and, for the
// headers of all others, as many of them as there may be, evenly.
func (s *survey) heed(ctx context.Context, w *verify.Walk) error {
	paths, wanted := w.Named(), map[string]bool{}
	for _, path := range w.Unlisted() {
		wanted[path] = true
	}
	rest := slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return wanted[path] })
	for i := range min(s.heads, len(rest)) {
		wanted[rest[i*len(rest)/min(s.heads, len(rest))]] = true
	}
	if s.dir != "" {
		for _, path := range paths {
			if w.WantsChecksum(path) {
				wanted[path] = true
			}
		}
	}
	paths = slices.DeleteFunc(paths, func(path string) bool { return !wanted[path] })
	return s.each(ctx, paths, s.workers, func(ctx context.Context, path string, lock *sync.Mutex) error {
		var info store.Info
		var header http.Header
		err := patient(ctx, func() (err error) {
			info, header, err = s.store.Look(ctx, w.Key(path))
			return err
		})
		if store.KindOf(err) == store.NotFound && err != nil {
			return nil
		}
		if err != nil {
			return err
		}
		lock.Lock()
		defer lock.Unlock()
		w.Headed(path, info, headOf(header))
		return nil
	})
}

// headOf reads the headers that a Walk judges. A sum of parts is not that of the whole object.
func headOf(h http.Header) verify.Head {
	head := verify.Head{ContentType: h.Get("Content-Type"), CacheControl: h.Get("Cache-Control")}
	if sum := h.Get("X-Amz-Checksum-Crc32c"); len(sum) == 8 && h.Get("X-Amz-Checksum-Type") != "COMPOSITE" {
		head.CRC32C = sum
	}
	return head
}

// compare reads the files of the directory that playlists name.
func (s *survey) compare(ctx context.Context, w *verify.Walk) error {
	if s.dir == "" {
		return nil
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return fmt.Errorf("read the directory: %w", err)
	}
	defer root.Close() //nolint:errcheck // nothing was written
	return s.each(ctx, w.Named(), runtime.GOMAXPROCS(0), func(ctx context.Context, path string, lock *sync.Mutex) error {
		file, disk, err := openRegular(root, path)
		if err != nil {
			return nil //nolint:nilerr // the directory no longer has it, so that there is nothing to compare
		}
		defer file.Close() //nolint:errcheck // nothing was written
		lock.Lock()
		withMD5, withCRC := w.WantsSums(path, disk.Size)
		lock.Unlock()
		if err := sums(ctx, file, &disk, withMD5, withCRC); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		lock.Lock()
		defer lock.Unlock()
		w.OnDisk(path, disk)
		return nil
	})
}

// sums makes the sums of a file that are wanted.
func sums(ctx context.Context, file *os.File, disk *verify.Disk, withMD5, withCRC bool) error {
	if !withMD5 && !withCRC {
		return nil
	}
	one, other := md5.New(), crc32.New(crc32.MakeTable(crc32.Castagnoli)) //nolint:gosec // see above
	var to []io.Writer
	for _, sum := range []struct {
		hash   hash.Hash
		wanted bool
	}{{one, withMD5}, {other, withCRC}} {
		if sum.wanted {
			to = append(to, sum.hash)
		}
	}
	for {
		_, err := io.CopyN(io.MultiWriter(to...), file, 1<<20)
		if errors.Is(err, io.EOF) {
			break
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
	if withMD5 {
		disk.MD5 = hex.EncodeToString(one.Sum(nil))
	}
	if withCRC {
		disk.CRC32C = base64.StdEncoding.EncodeToString(other.Sum(nil))
	}
	return nil
}

// patient calls act again while the store says that later may be better, a few times.
func patient(ctx context.Context, act func() error) error {
	const tries = 5
	pause := 250 * time.Millisecond
	for n := 1; ; n++ {
		err := act()
		if err == nil || n == tries || ctx.Err() != nil || store.KindOf(err) != store.Transient {
			return err
		}
		wait := pause
		if e, ok := errors.AsType[*store.Error](err); ok {
			wait = max(wait, min(e.RetryAfter, 10*time.Second))
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
		pause *= 2
	}
}
