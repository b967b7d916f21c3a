//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// diskFault is what can happen to the file system of the watched directory; empty is nothing.
type diskFault string

const (
	diskFull  diskFault = "full"
	noInodes  diskFault = "no inodes"
	readOnly  diskFault = "read-only"
	unmounted diskFault = "unmounted"
)

// hurts reports whether the packager cannot write either.
func (f diskFault) hurts() bool { return f == diskFull || f == noInodes }

// disk is a small file system in memory: the packager writes to one folder of it, and the program sees that folder
// where it is mounted a second time.
type disk struct {
	packager, watched string
	filler            string // the folder of what fills it
}

// openDisk mounts one; the error says that this may not be done here.
func openDisk(t *testing.T) (*disk, error) {
	t.Helper()
	top := t.TempDir()
	if err := syscall.Mount("tmpfs", top, "tmpfs", 0, "size=16m,nr_inodes=2000"); err != nil {
		return nil, err
	}
	d := &disk{packager: filepath.Join(top, "packager"), watched: filepath.Join(top, "watched"), filler: filepath.Join(top, "filler")}
	t.Cleanup(func() {
		_ = syscall.Unmount(d.watched, syscall.MNT_DETACH)
		if err := syscall.Unmount(top, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	for _, folder := range []string{d.packager, d.watched, d.filler} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return d, d.mount()
}

func (d *disk) mount() error { return syscall.Mount(d.packager, d.watched, "", syscall.MS_BIND, "") }

// begin lets a fault begin.
func (d *disk) begin(f diskFault) error {
	switch f {
	case diskFull:
		return d.fill()
	case noInodes:
		return d.litter()
	case readOnly:
		return d.remount(syscall.MS_RDONLY)
	case unmounted:
		return syscall.Unmount(d.watched, syscall.MNT_DETACH)
	}
	return nil
}

// lift ends it.
func (d *disk) lift(f diskFault) error {
	switch f {
	case diskFull, noInodes:
		return errors.Join(os.RemoveAll(d.filler), os.Mkdir(d.filler, 0o755))
	case readOnly:
		return d.remount(0)
	case unmounted:
		return d.mount()
	}
	return nil
}

// remount changes what the program may do, but not the packager.
func (d *disk) remount(flags uintptr) error {
	return syscall.Mount("", d.watched, "", syscall.MS_REMOUNT|syscall.MS_BIND|flags, "")
}

// fill writes until nothing more fits.
func (d *disk) fill() error {
	file, err := os.Create(filepath.Join(d.filler, "bytes"))
	if err != nil {
		return err
	}
	piece := make([]byte, 4096)
	for err == nil {
		_, err = file.Write(piece)
	}
	return errors.Join(file.Close(), unlessFull(err))
}

// litter makes files until there can be no more.
func (d *disk) litter() error {
	for n := 0; ; n++ {
		err := os.WriteFile(filepath.Join(d.filler, fmt.Sprint(n)), nil, 0o644)
		if err != nil {
			return unlessFull(err)
		}
	}
}

func unlessFull(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return nil
	}
	return err
}

// openElsewhere returns a spool folder on another file system than dir; the error says that there is none.
func openElsewhere(t *testing.T, dir string) (string, error) {
	t.Helper()
	top, err := os.MkdirTemp("/dev/shm", "hlsship-")
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { _ = os.RemoveAll(top) })
	var devices [2]uint64
	for i, name := range []string{top, dir} {
		var st syscall.Stat_t
		if err := syscall.Stat(name, &st); err != nil {
			return "", err
		}
		devices[i] = uint64(st.Dev)
	}
	if devices[0] == devices[1] {
		return "", fmt.Errorf("%s and %s are on the same one", top, dir)
	}
	return filepath.Join(top, "spool"), nil
}
