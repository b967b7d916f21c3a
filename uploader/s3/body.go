package s3

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/hlsship/hlsship/uploader/store"
)

// body hands an object's bytes to one request. It is neither seekable nor an io.ReaderAt, so that
// minio-go neither wraps nor replays it. net/http may read from its own goroutine even after the request
// has ended; ctx and wait keep the promise that the caller's Body is not read after Put returned.
type body struct {
	ctx   context.Context //nolint:containedctx // that of the attempt, which it lives no longer than
	watch *watch          // set by the transport before the first read
	// pace is Object.Pace.
	pace func(ctx context.Context, want int64) (int64, error)
	// moves is Object.Waits of an object in memory, of whose progress the caller would not know; else nil.
	moves func(waiting bool)
	// memory is not nil if net/http is given the bytes themselves, and this body is not read.
	memory *loaded

	lock     chan struct{} // buffer 1; held across reads of a disk, which a mutex is not meant for
	src      io.ReaderAt
	off, end int64
	err      error // the source's own failure, which is not the network's
}

// newBody returns the body of o, which is sent until ctx ends.
func newBody(ctx context.Context, o store.Object) *body {
	b := &body{ctx: ctx, pace: o.Pace, src: o.Body, end: o.Size, lock: make(chan struct{}, 1)}
	if l, ok := o.Body.(*loaded); ok {
		b.moves = o.Waits
		if o.Pace == nil && o.Size <= oneWrite {
			b.memory = l
		}
	}
	return b
}

// took notes that the network took bytes of what is in memory.
func (b *body) took() {
	b.lock <- struct{}{}
	defer func() { <-b.lock }()
	if b.ctx.Err() == nil {
		b.progress()
	}
}

// progress notes that bytes left. The caller holds lock.
func (b *body) progress() {
	b.watch.progress()
	if b.moves != nil {
		b.moves(false)
	}
}

// turn waits until o may begin to be sent: a connection is not to be kept open by one that has to wait. The error is that of ctx.
func turn(ctx context.Context, o store.Object) error {
	if o.Pace == nil {
		return nil
	}
	_, err := o.Pace(ctx, 0)
	return err
}

// Read reads on. Each call is progress: the bytes before were taken.
func (b *body) Read(p []byte) (int, error) {
	b.lock <- struct{}{}
	defer func() { <-b.lock }()
	// net/http notices the end of a context later than it reads on, and could still send the rest.
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	b.progress()
	want := min(int64(len(p)), b.end-b.off)
	if b.off == b.end {
		return 0, io.EOF
	}
	if b.pace != nil && want > 0 {
		b.watch.pause()
		granted, err := b.pace(b.ctx, want)
		b.watch.progress()
		if err != nil {
			return 0, err
		}
		want = granted
	}
	n, err := readAt(b.src, p[:want], b.off, b.end)
	b.off += int64(n)
	b.err = err
	return n, err
}

// rewind begins again, for a request of which nothing was sent.
func (b *body) rewind() {
	b.lock <- struct{}{}
	defer func() { <-b.lock }()
	b.off = 0
}

// wait returns once no read is under way. After ctx has ended, none follows.
func (b *body) wait() {
	b.lock <- struct{}{}
	defer func() { <-b.lock }()
}

// watched sets the watch that each read keeps going.
func (b *body) watched(w *watch) {
	b.lock <- struct{}{}
	defer func() { <-b.lock }()
	b.watch = w
}

// failure returns the source's own error.
func (b *body) failure() error {
	b.lock <- struct{}{}
	defer func() { <-b.lock }()
	return b.err
}

// bodyError marks a failure of the caller's Body, so that it is not taken for the network's.
type bodyError struct{ err error }

func (e *bodyError) Error() string { return "read body: " + e.err.Error() }
func (e *bodyError) Unwrap() error { return e.err }

// readAt fills p from off; a source that ends before end is io.ErrUnexpectedEOF.
func readAt(src io.ReaderAt, p []byte, off, end int64) (int, error) {
	n, err := src.ReadAt(p, off)
	switch {
	case n == len(p):
		return n, nil
	case err == nil || errors.Is(err, io.EOF):
		err = fmt.Errorf("it ends after %d of %d bytes: %w", off+int64(n), end, io.ErrUnexpectedEOF)
	}
	return n, &bodyError{err}
}

// digest is what a first pass over the body yields, in base64 for the header; md5 also in hexadecimal,
// to compare with an ETag. sha256 is in hexadecimal for the signature.
type digest struct{ md5, hexMD5, crc32c, sha256 string }

// digestOf reads the whole body once and sums it up as c says, and for a signature that covers it.
func digestOf(ctx context.Context, o store.Object, c Checksum, signed bool) (d digest, err error) {
	var sum, payload hash.Hash
	switch c {
	case ChecksumMD5:
		sum = md5.New()
	case ChecksumCRC32C:
		sum = crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case ChecksumNone:
	}
	if signed {
		payload = sha256.New()
	}
	var all []io.Writer
	for _, h := range []hash.Hash{sum, payload} {
		if h != nil {
			all = append(all, h)
		}
	}
	if len(all) == 0 {
		return digest{}, nil
	}
	if err := readThrough(ctx, o, io.MultiWriter(all...)); err != nil {
		return digest{}, err
	}
	if signed {
		d.sha256 = hex.EncodeToString(payload.Sum(nil))
	}
	switch c {
	case ChecksumMD5:
		d.md5, d.hexMD5 = base64.StdEncoding.EncodeToString(sum.Sum(nil)), hex.EncodeToString(sum.Sum(nil))
	case ChecksumCRC32C:
		d.crc32c = base64.StdEncoding.EncodeToString(sum.Sum(nil))
	case ChecksumNone:
	}
	return d, nil
}

// readThrough reads the whole body into w, whose writes do not fail.
func readThrough(ctx context.Context, o store.Object, w io.Writer) error {
	if l, ok := o.Body.(*loaded); ok {
		_, _ = w.Write(l.bytes)
		return ctx.Err()
	}
	buf := make([]byte, min(o.Size, 64<<10))
	for off := int64(0); off < o.Size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := readAt(o.Body, buf[:min(int64(len(buf)), o.Size-off)], off, o.Size)
		if err != nil {
			return err
		}
		_, _ = w.Write(buf[:n])
		off += int64(n)
	}
	return nil
}
