package watcher

// Why this file reaches into fsnotify: its inotify backend knows IN_CLOSE_WRITE, the only exact sign
// that a writer is done, but exports neither the operation nor the option that asks for it before all
// systems have one, and by default it asks for IN_MODIFY, which floods the queue while segments are written. So the
// option is made here, by the type of an exported one. What is relied on is checked: the field's name
// and type and the operation's name before the first use, and the kernel's answers by a self-test. If a
// check fails, the quiet rule takes over.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"time"
	"unsafe"

	"github.com/fsnotify/fsnotify"
)

// closeWrite is the operation that fsnotify reports for IN_CLOSE_WRITE and does not export.
const closeWrite = fsnotify.Op(1 << 7)

// selfTestTime is how long the self-test waits for each event. They take microseconds.
const selfTestTime = 5 * time.Second

// closeWriteArming returns the exact way of watching if it works here, else the default way.
func closeWriteArming(ctx context.Context) arming { return closeWriteArmingIn(ctx, "") }

// closeWriteArmingIn is closeWriteArming with the folder in which the self-test works.
func closeWriteArmingIn(ctx context.Context, parent string) arming {
	option, err := withOps(fsnotify.WithBufferSize(65536),
		fsnotify.Create|fsnotify.Rename|fsnotify.Remove|fsnotify.Chmod|closeWrite)
	if err != nil {
		return arming{add: (*fsnotify.Watcher).Add, why: err}
	}
	add := func(w *fsnotify.Watcher, path string) error { return w.AddWith(path, option) }
	if err := selfTest(ctx, parent, add); err != nil {
		return arming{add: (*fsnotify.Watcher).Add, why: err}
	}
	return arming{add: add, exact: true}
}

// withOps returns an option like base that also chooses the operations. O and W are inferred: they are
// types that fsnotify does not export.
func withOps[O ~func(*W), W any](base O, op fsnotify.Op) (O, error) {
	field, ok := reflect.TypeFor[W]().FieldByName("op")
	if !ok || field.Type != reflect.TypeFor[fsnotify.Op]() {
		return nil, errors.New("fsnotify's options have no field op of type Op")
	}
	if source, ok := reflect.TypeFor[fsnotify.Event]().FieldByName("renamedFrom"); !ok || source.Type.Kind() != reflect.String {
		return nil, errors.New("fsnotify's events have no field renamedFrom of type string")
	}
	if closeWrite.String() != "CLOSE_WRITE" {
		return nil, fmt.Errorf("fsnotify calls operation %#x %s", uint32(closeWrite), closeWrite)
	}
	return func(w *W) {
		base(w)
		*(*fsnotify.Op)(unsafe.Add(unsafe.Pointer(w), field.Offset)) = op
	}, nil
}

// selfTest writes, closes and renames a file in a folder of its own, in parent or, if that is empty, among the
// temporary files, and checks that exactly the events that the watcher relies on come. Where no such folder can be
// made, as in a container with a read-only root, the checks of withOps have to do.
func selfTest(ctx context.Context, parent string, add func(*fsnotify.Watcher, string) error) error {
	dir, err := os.MkdirTemp(parent, "hlsship-selftest-")
	if err != nil {
		return nil
	}
	defer func() { _ = os.RemoveAll(dir) }()
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil // the watcher proper will meet the same error and name its cure
	}
	defer func() { _ = w.Close() }()
	if err := add(w, dir); err != nil {
		return nil
	}
	from, to := filepath.Join(dir, "a \"←\" b.tmp"), filepath.Join(dir, "a")
	if err := os.WriteFile(from, []byte("a"), 0o600); err != nil {
		return nil
	}
	if err := os.Rename(from, to); err != nil {
		return nil
	}
	for _, want := range []struct {
		op           fsnotify.Op
		name, source string
	}{
		{fsnotify.Create, from, ""},
		{closeWrite, from, ""},
		{fsnotify.Rename, from, ""},
		{fsnotify.Create, to, from},
	} {
		ev, err := nextEvent(ctx, w)
		if err != nil {
			return err
		}
		if ev.Op != want.op || ev.Name != want.name || renamedFrom(ev) != want.source {
			return fmt.Errorf("fsnotify reported %s where %s %q was due", ev, want.op, want.name)
		}
	}
	return nil
}

// nextEvent returns the next event of w, or an error if none comes in time.
func nextEvent(ctx context.Context, w *fsnotify.Watcher) (fsnotify.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, selfTestTime)
	defer cancel()
	select {
	case ev := <-w.Events:
		return ev, nil
	case err := <-w.Errors:
		return fsnotify.Event{}, err
	case <-ctx.Done():
		return fsnotify.Event{}, fmt.Errorf("fsnotify reported nothing: %w", ctx.Err())
	}
}
