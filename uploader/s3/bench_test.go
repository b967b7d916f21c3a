package s3

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hlsship/hlsship/uploader/store"
)

// BenchmarkPut stores segments of 1 MiB on a server of this process that only counts the bytes, so that
// the difference between the checksums is what they cost; and what is so small that the request is the cost.
func BenchmarkPut(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("ETag", `"not-an-md5"`)
	}))
	defer server.Close()
	for _, of := range []struct {
		name string
		sum  Checksum
		size int
	}{{"md5", ChecksumMD5, 1 << 20}, {"crc32c", ChecksumCRC32C, 1 << 20}, {"none", ChecksumNone, 1 << 20}, {"playlist", ChecksumCRC32C, 300}} {
		content := bytes.Repeat([]byte("s"), of.size)
		b.Run(of.name, func(b *testing.B) {
			c := serverConfig(server.URL)
			c.Checksum = of.sum
			s, err := Open(context.Background(), c)
			if err != nil {
				b.Fatal(err)
			}
			defer s.transport.base.CloseIdleConnections()
			b.SetBytes(int64(len(content)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Put(b.Context(), store.Object{Key: "a.ts", Body: bytes.NewReader(content), Size: int64(len(content))}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
