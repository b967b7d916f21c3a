package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// Path returns the absolute path of the spool folder of the watched directory dir: "" is DefaultFolder in it, and a
// relative one lies below it. The error says that the working directory cannot be found.
func Path(dir, spool string) (string, error) {
	if spool == "" {
		spool = DefaultFolder
	}
	if !filepath.IsAbs(spool) {
		spool = filepath.Join(dir, spool)
	}
	folder, err := filepath.Abs(spool)
	if err != nil {
		return "", fmt.Errorf("spool: find %s: %w", spool, err)
	}
	return folder, nil
}

// Inspect says whether the spool folder that Config.Dir and Config.Spool mean can be used, so far as it is there: the
// error is a *ForeignError if not, and something else if nobody can tell. Nothing is made, changed or locked.
func Inspect(dir, spool string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("spool: find %s: %w", dir, err)
	}
	folder, err := Path(dir, spool)
	if err != nil {
		return err
	}
	b, err := enterBase(dir, folder, kernel().user(), false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	defer b.root.Close() //nolint:errcheck // nothing was written
	if err = b.inspect(); err == nil {
		for _, name := range []string{began, stored} {
			if _, wrong := b.own(name); err == nil && !errors.Is(wrong, fs.ErrNotExist) {
				err = wrong
			}
		}
	}
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

// below returns the path of folder below the directory dir, and whether it lies there.
func below(dir, folder string) (string, bool) {
	rel, err := filepath.Rel(dir, folder)
	up := ".." + string(filepath.Separator)
	return rel, err == nil && rel != "." && rel != ".." && !strings.HasPrefix(rel, up)
}
