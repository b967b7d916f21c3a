package openfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// made returns an open file with three bytes, and its name.
func made(t *testing.T) (file *os.File, name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "seg.ts")
	must(t, os.WriteFile(name, []byte("abc"), 0o600))
	file, err := os.OpenFile(name, Flags, 0)
	must(t, err)
	return file, name
}

func closed(file *os.File) bool {
	_, err := file.Stat()
	return errors.Is(err, os.ErrClosed)
}

// TestLastUserCloses, in whatever order they leave, and however often a reader is closed.
func TestLastUserCloses(t *testing.T) {
	t.Parallel()
	anything := func(hls.Version) bool { return true }
	for name, leave := range map[string]func(s *Shared, a, b *Reader) (last func()){
		"the owner last":    func(s *Shared, a, b *Reader) func() { _, _ = a.Close(), b.Close(); return s.Leave },
		"a reader last":     func(s *Shared, a, b *Reader) func() { s.Leave(); _ = b.Close(); return func() { _ = a.Close() } },
		"a reader is twice": func(s *Shared, a, b *Reader) func() { _, _, _ = a.Close(), a.Close(), b.Close(); return s.Leave },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, _ := made(t)
			s := Share(file)
			var readers [2]*Reader
			for i := range readers {
				used, err := Use(s, func() (*os.File, error) { return nil, errors.New("is held") })
				must(t, err)
				readers[i] = used.Read("seg.ts", hls.Version{}, anything)
			}
			last := leave(s, readers[0], readers[1])
			if closed(file) {
				t.Fatal("closed under a user")
			}
			if last(); !closed(file) {
				t.Error("open, and nobody has it")
			}
		})
	}
}

// TestUseOpensAgain what nobody holds.
func TestUseOpensAgain(t *testing.T) {
	t.Parallel()
	file, _ := made(t)
	s, err := Use(nil, func() (*os.File, error) { return file, nil })
	must(t, err)
	if s.Leave(); !closed(file) {
		t.Error("open, and nobody has it")
	}
	if _, err := Use(nil, func() (*os.File, error) { return nil, fs.ErrNotExist }); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestReaderTellsOtherBytes and takes what its owner knows to be the same for what the fact says.
func TestReaderTellsOtherBytes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(name string) error
		same   bool
	}{
		"untouched":     {func(string) error { return nil }, true},
		"another name":  {func(name string) error { return os.Rename(name, name+"x") }, true},
		"a second name": {func(name string) error { return os.Link(name, name+"x") }, true},
		"no name":       {os.Remove, true},
		"another inode": {func(name string) error {
			return errors.Join(os.Remove(name), os.WriteFile(name, []byte("xyzzy"), 0o600))
		}, true},
		"written anew": {func(name string) error { return os.WriteFile(name, []byte("xyzzy"), 0o600) }, false},
		"emptied":      {func(name string) error { return os.Truncate(name, 0) }, false},
		"another time": {func(name string) error { return os.Chtimes(name, time.Time{}, time.Unix(7, 0)) }, false},
		"same size, now": {func(name string) error {
			return errors.Join(os.WriteFile(name, []byte("xyz"), 0o600), os.Chtimes(name, time.Time{}, time.Unix(8, 5)))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, path := made(t)
			was, err := Version(file)
			must(t, err)
			fact := was
			fact.Inode++ // what the fact says is that of the original, and this may be a copy
			r := Share(file).Read("seg.ts", fact, func(now hls.Version) bool { return now == was })
			must(t, tt.change(path))
			v, err := r.Version()
			must(t, err)
			if (v == fact) != tt.same || v == was {
				t.Errorf("fact %v, then %v", fact, v)
			}
			must(t, r.Close())
			if _, err := r.Version(); err == nil {
				t.Error("a closed file has a fingerprint")
			}
		})
	}
}

// TestSame closes what is another file than the one that was meant.
func TestSame(t *testing.T) {
	t.Parallel()
	file, _ := made(t)
	kept, err := Same(file, func(now hls.Version) bool { return now.Size == 3 && now.Inode != 0 })
	if err != nil || kept != file || closed(file) {
		t.Fatalf("got %v, %v", kept, err)
	}
	if _, err := Same(file, func(hls.Version) bool { return false }); !errors.Is(err, fs.ErrNotExist) || !closed(file) {
		t.Errorf("got %v", err)
	}
	if _, err := Same(file, func(hls.Version) bool { return true }); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that cannot be asked: got %v", err)
	}
}
