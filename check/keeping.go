package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hlsship/hlsship/openfile"
	"github.com/hlsship/hlsship/uploader/spool"
	"github.com/hlsship/hlsship/watcher"
)

// keeping tries how finished files are recognised and kept, in a folder of its own within the spool folder.
func (d *directoryCheck) keeping(ctx context.Context) {
	if d.config.SpoolOff {
		d.found.warn("spool-off", "Leave --spool-dir at its default: hard links cost nothing.",
			"files that wait for the store are held open only, which neither a kill nor a restart survives")
		d.finishing(ctx, "")
		return
	}
	d.sharing()
	if err := spool.Inspect(d.config.Dir, d.config.Spool); d.foreign(err) {
		d.finishing(ctx, "")
		return
	}
	scratch, remove, err := d.scratch()
	if err != nil {
		d.found.warn("spool-unwritable", cureOfFolder(err),
			"the spool folder cannot be used (%v): files that wait for the store are held open only, which neither a kill nor a restart survives", err)
		d.finishing(ctx, "")
		return
	}
	defer remove()
	d.finishing(ctx, scratch)
	d.pinning(scratch)
}

// sharing says if somebody else can put another folder in the place of the spool.
func (d *directoryCheck) sharing() {
	fi, err := os.Stat(d.config.Dir)
	if err != nil || !d.inside(d.spool) {
		return
	}
	owner, user := ownerOf(fi), d.sys.user()
	const cure = "Put --spool-dir where only hlsship writes, on the same file system and mount."
	switch mode := fi.Mode(); {
	case owner < 0 || user < 0:
	case owner != user && owner != 0:
		d.found.warn("spool-shared", cure,
			"%s, in which the spool lies, belongs to user %d, who may take the spool folder away from user %d; if that happens, files are held open only, which neither a kill nor a restart survives", d.config.Dir, owner, user)
	case mode.Perm()&0o022 != 0 && mode&fs.ModeSticky == 0:
		d.found.warn("spool-shared", "Set the sticky bit of the directory (chmod +t), so that everybody removes only what is theirs. Or put --spool-dir where only hlsship writes, on the same file system and mount.",
			"others may write to %s, in which the spool lies, and take the spool folder away (mode %#o); if they do, files are held open only, which neither a kill nor a restart survives", d.config.Dir, mode.Perm())
	}
}

// inside reports whether a path lies below the directory.
func (d *directoryCheck) inside(path string) bool {
	dir, err := filepath.Abs(d.config.Dir)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel) && rel != "."
}

// foreign says if err is about a spool folder that hlsship would leave alone.
func (d *directoryCheck) foreign(err error) bool {
	e, ok := errors.AsType[*spool.ForeignError](err)
	if ok {
		d.found.fail("spool-foreign", sentence(e.Cure()),
			"the spool folder is left alone (%v): files that wait for the store are held open only, which neither a kill nor a restart survives", e)
	}
	return ok
}

// scratch makes a folder within the spool folder. remove takes it away, and the spool folder too if that was not there
// before: another user may have to make it.
func (d *directoryCheck) scratch() (folder string, remove func(), err error) {
	base := d.spool
	made := false
	switch _, err := os.Lstat(base); {
	case errors.Is(err, fs.ErrNotExist):
		create := os.Mkdir
		if d.config.Spool != "" {
			create = os.MkdirAll
		}
		if err := create(base, 0o700); err != nil {
			return "", nil, err
		}
		made = true
	}
	folder, err = os.MkdirTemp(base, "check-")
	remove = func() {
		if folder != "" {
			_ = os.RemoveAll(folder)
		}
		if made {
			_ = os.Remove(base) // fails if somebody uses it meanwhile
		}
	}
	if err != nil {
		remove()
		return "", nil, err
	}
	return folder, remove, nil
}

// finishing says how files will be known to be finished. scratch is where to try it; "" for among the temporary files.
func (d *directoryCheck) finishing(ctx context.Context, scratch string) {
	if err := watcher.Announces(ctx, scratch); err != nil {
		d.found.warn("finish-quiet", "Run hlsship on Linux, on the machine and the local file system that the packager writes to.",
			"closed files are not announced (%v): each file counts as finished once it was quiet for --settle (%s)", err, human(d.config.Settle))
		return
	}
	if d.mount.remote {
		return // others are not announced, which was said
	}
	sample := d.newest()
	if sample == "" {
		d.found.ok("finish", "closed files are announced, so that they are known to be finished at once")
		return
	}
	file, err := d.openFile(sample)
	if err != nil {
		return // gone, or among the files that may not be read
	}
	defer file.Close()
	if watcher.Leases(file) {
		d.found.ok("finish", "closed files are announced, and the kernel tells who still writes, so that they are known to be finished at once")
		return
	}
	whose := ""
	if owner, user := ownerOf(d.files[sample]), d.sys.user(); owner >= 0 && owner != user {
		whose = fmt.Sprintf(": they belong to user %d, this is user %d", owner, user)
	}
	d.found.note("finish-no-lease", "Run hlsship as the packager's user, or grant it CAP_LEASE (systemd: AmbientCapabilities=CAP_LEASE).",
		"closed files are announced; those met at a start or moved in from elsewhere count as finished after --settle (%s), since the kernel does not tell who writes to them%s", human(d.config.Settle), whose)
}

// pinning has the spool pin a finished file of the packager's, or one of our own if there is none, and let go of it.
func (d *directoryCheck) pinning(scratch string) {
	var seen pinned
	sample := d.newest()
	path := filepath.Join(d.config.Dir, filepath.FromSlash(sample))
	from, dir := "", d.config.Dir
	if sample == "" {
		from, dir, sample = ", tried with a file of this user", scratch, "probe"
		path = filepath.Join(scratch, sample)
		if err := os.WriteFile(path, make([]byte, 1024), 0o600); err != nil {
			d.found.warn("spool-unwritable", cureOfFolder(err), "the spool folder cannot be written to: %v", err)
			return
		}
	}
	sp, err := spool.Open(spool.Config{Dir: dir, Spool: filepath.Join(scratch, "spool"), Logger: slog.New(&seen), Observer: &seen})
	if err != nil {
		d.found.warn("spool-unwritable", cureOfFolder(err), "the spool cannot be opened: %v", err)
		return
	}
	defer sp.Close()
	file, err := os.OpenFile(path, openfile.Flags, 0)
	if err != nil {
		return // gone: its packager is faster
	}
	fi, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return
	}
	src, ok := sp.Pin(sample, file, openfile.VersionOf(fi))
	sp.Close() // which makes the copy where there is no better way
	if ok {
		src.Release()
	} else {
		_ = file.Close()
	}
	switch way, err, cure := seen.outcome(); {
	case d.foreign(err): // as on a file system without owners
	case ok && way == "link":
		d.found.ok("spool", "finished files are kept by hard links, which cost nothing%s", from)
	case ok && way == "copy" && err != nil:
		d.found.note("spool-copies", sentence(cure),
			"finished files that wait for the store for more than a second are copied, as nothing cheaper can be had: %s", oneLine(err))
	case ok && way != "held":
		d.found.ok("spool", "finished files are kept by way of %s%s", way, from)
	case err != nil:
		d.found.warn("spool-held", sentence(cure),
			"finished files can be held open only, which neither a kill nor a restart survives: %s", oneLine(err))
	}
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// cureOfFolder says what to do about a spool folder that cannot be made or written to.
func cureOfFolder(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return "Let this user write to it, or name a folder with --spool-dir on the same file system and mount where it may."
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "Free space or inodes on its file system."
	case errors.Is(err, fs.ErrNotExist):
		return "Correct --spool-dir, or create the folder in which it lies."
	}
	return "Remove what stands in its place, or move it with --spool-dir."
}

// outlook compares the space with what the streams need.
func (d *directoryCheck) outlook(s streams) {
	if d.config.SpoolOff {
		return
	}
	folder := d.config.Dir
	if d.config.Spool != "" {
		if _, err := os.Stat(d.config.Spool); err == nil {
			folder = d.config.Spool
		} else {
			folder = filepath.Dir(d.config.Spool)
		}
	}
	m, err := d.sys.mount(folder)
	if err != nil || !m.known {
		return
	}
	room, what := d.config.Budget, "the budget of "+size(d.config.Budget)
	if m.free < room {
		room, what = m.free, size(m.free)+" of free disk"
	}
	lasts := time.Duration(0)
	if s.rate > 0 {
		lasts = time.Duration(min(float64(room)*8/s.rate, 1e9)) * time.Second
		if d.config.Age > 0 && d.config.Age < lasts {
			lasts, what = d.config.Age, "--spool-age"
		}
	}
	full := m.free < 64<<20
	switch {
	case full, lasts > 0 && lasts < time.Minute && room == m.free:
		d.found.fail("disk-full", "Make room: the packager needs it as well.", "%s of disk are free in %s", size(m.free), folder)
	case lasts > 0 && lasts < 10*time.Minute:
		d.found.warn("spool-short", "Make room, or raise --spool-budget and --spool-age.",
			"at %s the spool lasts %s (%s): a longer outage loses files", rate(s.rate), human(lasts), what)
	case m.free < d.config.Budget:
		d.found.warn("disk-below-budget", fmt.Sprintf("Make room, or set --spool-budget to %dMiB, so that files are given up before the packager's disk is full.", max(1, m.free/10*8>>20)),
			"%s of disk are free and --spool-budget allows %s%s", size(m.free), size(d.config.Budget), atRate(s, lasts))
	case lasts > 0:
		d.found.ok("disk", "at %s the spool lasts %s (%s); %s of disk are free", rate(s.rate), human(lasts), what, size(m.free))
	default:
		d.found.ok("disk", "%s of disk are free; the spool may take %s", size(m.free), size(d.config.Budget))
	}
	if m.inodesInAll > 0 && m.inodes < 10_000 {
		d.found.warn("inodes-low", "Delete files, or make the file system with more inodes: each segment and each pin needs one.", "%d inodes are free in %s", m.inodes, folder)
	}
}

func atRate(s streams, lasts time.Duration) string {
	if lasts == 0 {
		return ""
	}
	return fmt.Sprintf("; at %s that lasts %s", rate(s.rate), human(lasts))
}

// pinned hears what the spool says: as its observer the way that it took, as its logger why not.
type pinned struct {
	mu   sync.Mutex
	way  string
	err  error
	cure string
}

// Pinned implements spool.Observer.
func (p *pinned) Pinned(way string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.way = way
}

// Usage implements spool.Observer.
func (*pinned) Usage(int, int64) {}

// Dropped implements spool.Observer.
func (*pinned) Dropped(string) {}

// Enabled implements slog.Handler.
func (*pinned) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// Handle implements slog.Handler: it keeps the error and the cure that came last.
func (p *pinned) Handle(_ context.Context, record slog.Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	record.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "err":
			if err, ok := a.Value.Any().(error); ok {
				p.err = err
			}
		case "cure":
			p.cure = a.Value.String()
		}
		return true
	})
	return nil
}

// WithAttrs implements slog.Handler.
func (p *pinned) WithAttrs([]slog.Attr) slog.Handler { return p }

// WithGroup implements slog.Handler.
func (p *pinned) WithGroup(string) slog.Handler { return p }

func (p *pinned) outcome() (way string, err error, cure string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.way, p.err, p.cure
}
