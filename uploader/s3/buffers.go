package s3

import (
	"bytes"
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/hlsship/hlsship/uploader/store"
)

const (
	// smallObject is the size, in bytes, up to which an object is read once, summed up and sent from memory. Larger ones are read
	// in pieces, once for their sum and once to be sent.
	smallObject = 256 << 10
	// mostBuffered bounds what small objects take of memory at once, in bytes. Beyond it they are read as large ones are.
	mostBuffered = 16 << 20
	// writeBuffer is how many bytes of a request, head and body, are written at once. An object that fits is given to net/http as
	// memory. One that does not is read by it, after the head, so that it shows progress on a slow line.
	writeBuffer = 64 << 10
	oneWrite    = writeBuffer - 8<<10
)

// bufferSizes are those of buffers, so that a playlist does not take that of a segment.
func bufferSizes() [3]int64 { return [3]int64{4 << 10, 64 << 10, smallObject} }

// buffers are the memory that small objects are sent from. It is safe for concurrent use; the zero value has none to give.
type buffers struct {
	most int64
	used atomic.Int64 // bytes of buffers in use
	idle [3]sync.Pool // of *[]byte, by size
}

// loaded is a small object in memory. Its bytes cannot change any more, whoever writes to their file.
type loaded struct {
	from  *buffers
	class int
	all   *[]byte
	bytes []byte

	handed, written atomic.Int64 // requests that were given the bytes, and those of them that do not read them any more
}

// load reads a small object into memory; nil if it is large or too much is in use. The error is that of reading it. The caller
// releases it.
func (b *buffers) load(ctx context.Context, o store.Object) (*loaded, error) {
	if o.Size == 0 || o.Size > smallObject {
		return nil, nil
	}
	l := &loaded{from: b}
	sizes := bufferSizes()
	for sizes[l.class] < o.Size {
		l.class++
	}
	if size := sizes[l.class]; b.used.Add(size) > b.most {
		b.used.Add(-size)
		return nil, nil
	}
	if all, ok := b.idle[l.class].Get().(*[]byte); ok {
		l.all = all
	} else {
		fresh := make([]byte, sizes[l.class])
		l.all = &fresh
	}
	l.bytes = (*l.all)[:o.Size]
	_, err := readAt(o.Body, l.bytes, 0, o.Size)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		l.release()
		return nil, err
	}
	return l, nil
}

// release gives the memory back. What net/http may be reading yet, as that of a request which failed, is not used again.
func (l *loaded) release() {
	l.from.used.Add(-int64(len(*l.all)))
	if l.handed.Load() == l.written.Load() {
		l.from.idle[l.class].Put(l.all)
	}
}

// ReadAt implements io.ReaderAt.
func (l *loaded) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(l.bytes).ReadAt(p, off)
}

// reader returns the bytes for one request, in a form that net/http knows to be memory: it sends them with the head.
func (l *loaded) reader() io.ReadCloser {
	l.handed.Add(1)
	return io.NopCloser(bytes.NewReader(l.bytes))
}
