package edition

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// BenchmarkNext continues a list of 9,999 segments by one that has one more, which was cut into its lines before.
func BenchmarkNext(b *testing.B) {
	for _, what := range []string{"read", "next"} {
		b.Run(what, func(b *testing.B) {
			var text strings.Builder
			text.WriteString("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:EVENT\n")
			write := func(i int) {
				fmt.Fprintf(&text, "#EXTINF:2.002000,\nlive%05d.ts\n", i)
			}
			for i := range 9999 {
				write(i)
			}
			c := Choices{Folder: func(int) string { return "../20261130T010203Z/v0/" }}
			before := publish(b, nil, text.String(), c)
			write(9999)
			after := []byte(text.String())
			list, err := hls.Parse(after)
			if err != nil {
				b.Fatal(err)
			}
			v, _ := read(b, string(after))
			work := map[string]func() error{
				"read": func() error { _, err := Read(after, list); return err },
				"next": func() error { _, err := before.Next(v, c); return err },
			}[what]
			b.ReportAllocs()
			var from, to syscall.Rusage
			syscall.Getrusage(syscall.RUSAGE_SELF, &from)
			for b.Loop() {
				if err := work(); err != nil {
					b.Fatal(err)
				}
			}
			syscall.Getrusage(syscall.RUSAGE_SELF, &to)
			b.ReportMetric(float64(to.Utime.Nano()+to.Stime.Nano()-from.Utime.Nano()-from.Stime.Nano())/float64(b.N), "cpu-ns/op")
		})
	}
}
