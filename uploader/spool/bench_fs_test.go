package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// BenchmarkPin pins one small file and releases it; keep includes Keep, open the open that comes before.
func BenchmarkPin(b *testing.B) {
	for _, way := range []string{hls.PinnedByLink, "link and keep", hls.PinnedByCopy} {
		b.Run(way, func(b *testing.B) {
			dir := b.TempDir()
			c, sys := Config{Dir: dir}, kernel()
			if way == hls.PinnedByCopy {
				copying(&c, &sys)
			}
			s, err := open(c, sys)
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			name := "hi/seg_1.ts"
			full := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(full, make([]byte, 1<<20), 0o644); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				f, err := os.Open(full)
				if err != nil {
					b.Fatal(err)
				}
				v, err := openfile.Version(f)
				if err != nil {
					b.Fatal(err)
				}
				src, ok := s.Pin(name, f, v)
				if !ok {
					b.Fatal(fmt.Sprint("not pinned by ", way))
				}
				if way == "link and keep" {
					src.(hls.Keeper).Keep("")
				}
				src.Release()
			}
		})
	}
}
