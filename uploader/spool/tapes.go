package spool

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	// taped is the file in the spool folder that keeps recordings.
	taped = "taped"
	// maxTaped bounds it, in bytes: days of several renditions. What is behind that is not kept.
	maxTaped = 256 << 20
	// maxTape bounds one Tape, in bytes, and maxUntaped what waits to be written, should the disk stand still.
	maxTape, maxUntaped = 1 << 20, 16 << 20
	// over is the Sort that ends a session.
	over = 'o'
)

// Tape is a part of a recording. Its fields are those of uploader.Part.
type Tape struct {
	// Session, List, Sort, Text and Number are.
	Session, List string
	Sort          byte
	Text          []byte
	Number        int
}

// Tapes keep over a restart what was recorded and is not closed yet: an append-only file in the spool folder, each Tape with a sum of its own. They are a
// cache: what is torn, and all behind it, is forgotten, as is what was recorded for another destination. They are safe for concurrent use; nothing of
// them waits for the disk but Spool.Tapes, Kept, Run and Close.
type Tapes struct {
	spool  *Spool
	header string

	mu      sync.Mutex
	waiting []Tape // to be written, the oldest first
	bytes   int    // of their texts

	writing   sync.Mutex // held by whoever uses the file; what is below belongs to him
	base      *base      // in which it is written; nil before the first
	file      *os.File   // nil if it cannot be written to
	size      int64      // of the file
	compacted int64      // its size when it was last written again
	retry     time.Time  // before it nothing is written
	warned    bool       // that it cannot be
}

// Tapes returns what is kept of recordings at a destination, of which the text is compared with what the process before said. Call it once, before
// Run.
func (s *Spool) Tapes(destination string) *Tapes {
	t := &Tapes{spool: s, header: fmt.Sprintf("hlsship taped 1 %q\n", destination)}
	s.mu.Lock()
	s.tapes = t
	s.mu.Unlock()
	return t
}

// Keep keeps tapes behind those before, within a second or two. Those for which there is no room are forgotten.
func (t *Tapes) Keep(tapes []Tape) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, one := range tapes {
		if len(one.Text) <= maxTape && t.bytes+len(one.Text) <= maxUntaped && goodPath(one.Session) && (one.Sort == over || goodPath(one.List)) {
			t.bytes += len(one.Text)
			t.waiting = append(t.waiting, one)
		}
	}
}

// Kept returns what is kept of a session, all if that is empty.
func (t *Tapes) Kept(session string) (all []Tape) {
	t.write()
	t.writing.Lock()
	defer t.writing.Unlock()
	t.spool.mu.Lock()
	b := t.spool.base
	t.spool.mu.Unlock()
	if b == nil {
		return nil
	}
	kept, err := t.read(b)
	t.warn(err)
	for _, one := range kept {
		if session == "" || one.Session == session {
			all = append(all, one)
		}
	}
	return all
}

// read returns what the file has, up to what is torn, without what later tapes took the place of.
func (t *Tapes) read(b *base) ([]Tape, error) {
	file, err := b.file(taped, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	r := bufio.NewReader(io.LimitReader(file, maxTaped))
	if head, err := r.ReadString('\n'); err != nil || head != t.header {
		return nil, nil // another destination's, or torn
	}
	var all []Tape
	for {
		one, ok := readTape(r)
		if !ok {
			return condense(all), nil
		}
		all = append(all, one)
	}
}

// readTape reads the next one; ok is false if there is none that is whole.
func readTape(r *bufio.Reader) (one Tape, ok bool) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return one, false
	}
	var sum uint32
	var size int
	if n, err := fmt.Sscanf(string(line), "%08x %c %d %d %q %q\n", &sum, &one.Sort, &one.Number, &size, &one.Session, &one.List); err != nil || n != 6 || size < 0 || size > maxTape {
		return one, false
	}
	head := bytes.Clone(line[len("01234567 "):])
	text := make([]byte, size+1)
	if _, err := io.ReadFull(r, text); err != nil || text[size] != '\n' {
		return one, false
	}
	if one.Text = text[:size:size]; size == 0 {
		one.Text = nil
	}
	return one, crc32.Update(crc32.Checksum(head, castagnoli()), castagnoli(), text) == sum
}

// appendTape is the inverse of readTape: a sum of what follows it, sort, number, size, session and list, and then the text.
func appendTape(out []byte, one *Tape) []byte {
	head := []byte(string(rune(one.Sort)) + " " + strconv.Itoa(one.Number) + " " + strconv.Itoa(len(one.Text)) + " " + strconv.Quote(one.Session) + " " + strconv.Quote(one.List) + "\n")
	text := append(bytes.Clone(one.Text), '\n')
	sum := crc32.Update(crc32.Checksum(head, castagnoli()), castagnoli(), text)
	return append(append(fmt.Appendf(out, "%08x ", sum), head...), text...)
}

// condense leaves out what later tapes took the place of: sessions that are over, and what a chunk had no more ('r' and its 'm').
func condense(all []Tape) []Tape {
	type list struct{ session, list string }
	ends, rests := make(map[string]int), make(map[list]int)
	for i, one := range all {
		switch one.Sort {
		case over:
			ends[one.Session] = i + 1
		case 'r':
			rests[list{one.Session, one.List}] = i
		}
	}
	var kept []Tape
	for i, one := range all {
		stale := (one.Sort == 'r' || one.Sort == 'm') && i < rests[list{one.Session, one.List}]
		if i >= ends[one.Session] && !stale {
			kept = append(kept, one)
		}
	}
	return kept
}

// write writes down what waits.
func (t *Tapes) write() {
	t.writing.Lock()
	defer t.writing.Unlock()
	s := t.spool
	now := s.sys.now()
	s.mu.Lock()
	b := s.base
	s.mu.Unlock()
	if b == nil || now.Before(t.retry) {
		return
	}
	t.mu.Lock()
	waiting := t.waiting
	t.waiting, t.bytes = nil, 0
	t.mu.Unlock()
	if len(waiting) == 0 {
		return
	}
	if err := t.append(b, waiting); err != nil {
		t.retry = now.Add(pause)
		t.close()
		t.warn(err)
	}
}

// append appends tapes to the file of a spool folder.
func (t *Tapes) append(b *base, waiting []Tape) error {
	if t.base != b || t.file == nil {
		if err := t.rewrite(b); err != nil {
			return err
		}
	}
	var out []byte
	for i := range waiting {
		out = appendTape(out, &waiting[i])
	}
	if t.size+int64(len(out)) > min(2*t.compacted+notesSlack, maxTaped) {
		if err := t.rewrite(b); err != nil {
			return err
		}
	}
	if t.size+int64(len(out)) > maxTaped {
		return nil
	}
	written, err := t.file.Write(out)
	t.size += int64(written)
	return err
}

// rewrite writes the file again, without what later tapes took the place of.
func (t *Tapes) rewrite(b *base) error {
	t.close()
	kept, err := t.read(b)
	if err != nil {
		return err
	}
	out := []byte(t.header)
	for i := range kept {
		out = appendTape(out, &kept[i])
	}
	file, err := b.replace(taped, t.spool.sys.sync, func(w *bufio.Writer) error {
		_, err := w.Write(out)
		return err
	})
	if err != nil {
		return err
	}
	t.base, t.file, t.size, t.compacted = b, file, int64(len(out)), int64(len(out))
	return nil
}

// end writes down what waits, and closes the file.
func (t *Tapes) end() {
	t.write()
	t.writing.Lock()
	defer t.writing.Unlock()
	t.close()
}

// close closes the file.
func (t *Tapes) close() {
	if t.file != nil {
		_ = t.file.Close() // it is a cache
		t.file = nil
	}
}

// warn tells the log, once, that nothing is kept.
func (t *Tapes) warn(err error) {
	if err == nil || t.warned {
		return
	}
	t.warned = true
	t.spool.config.Logger.Warn("recordings cannot be kept over a restart; the next start reads them from the store", "spool", t.spool.folder,
		"err", err, "cure", cure(err))
}
