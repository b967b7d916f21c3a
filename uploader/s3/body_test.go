package s3

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/hlsship/hlsship/uploader/store"
)

func TestBodyEndsWithItsAttempt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	reads := 0
	b := newBody(ctx, store.Object{Size: 100, Body: readerAt(func(p []byte, _ int64) (int, error) {
		reads++
		return len(p), nil
	})})
	if n, err := b.Read(make([]byte, 10)); n != 10 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	cancel()
	if n, err := b.Read(make([]byte, 10)); n != 0 || !errors.Is(err, context.Canceled) || reads != 1 {
		t.Errorf("got %d, %v after %d reads; want none after the end", n, err, reads)
	}
}

// TestBodyWithoutDigest is what the network meets when no first pass found the mistake.
func TestBodyWithoutDigest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		src  io.ReaderAt
		want string
		err  error
	}{
		{"exact", strings.NewReader("0123456789"), "0123456789", nil},
		{"grown", strings.NewReader("0123456789 and more"), "0123456789", nil},
		{"short", strings.NewReader("01234"), "01234", io.ErrUnexpectedEOF},
		{"end said with the last byte", readerAt(func(p []byte, _ int64) (int, error) { return copy(p, "0123456789"), io.EOF }), "0123456789", nil},
		{"broken", readerAt(func([]byte, int64) (int, error) { return 0, syscall.EIO }), "", syscall.EIO},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBody(t.Context(), store.Object{Body: tt.src, Size: 10})
			got, err := io.ReadAll(b)
			if string(got) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %q, %v; want %q, %v", got, err, tt.want, tt.err)
			}
			if (b.failure() != nil) != (tt.err != nil) {
				t.Errorf("the body's own failure is %v", b.failure())
			}
			sum, err := digestOf(t.Context(), store.Object{Body: tt.src, Size: 10}, ChecksumMD5, false)
			if (sum.md5 == "") != (tt.err != nil) || !errors.Is(err, tt.err) {
				t.Errorf("digest: got %+v, %v", sum, err)
			}
		})
	}
}
