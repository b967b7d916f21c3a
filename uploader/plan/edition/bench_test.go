package edition

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// BenchmarkNext continues a list of 10,000 segments by one that has one more.
func BenchmarkNext(b *testing.B) {
	for _, dated := range []bool{false, true} {
		b.Run(fmt.Sprintf("dates=%v", dated), func(b *testing.B) {
			var text strings.Builder
			text.WriteString("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:EVENT\n")
			write := func(i int) {
				if dated {
					fmt.Fprintf(&text, "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:03.%03dZ\n", i%1000)
				}
				fmt.Fprintf(&text, "#EXTINF:2.002000,\nlive%05d.ts\n", i)
			}
			for i := range 9999 {
				write(i)
			}
			c := in("../20261130T010203Z/v0")
			before := publish(b, nil, text.String(), c)
			write(9999)
			after := []byte(text.String())
			list, err := hls.Parse(after)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				v, err := Read(after, list)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := before.Next(v, c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
