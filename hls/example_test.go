package hls_test

import (
	"fmt"

	"github.com/hlsship/hlsship/hls"
)

func ExampleParse() {
	playlist, err := hls.Parse([]byte(`#EXTM3U
#EXT-X-TARGETDURATION:6
#EXT-X-MEDIA-SEQUENCE:41
#EXT-X-MAP:URI="init.mp4"
#EXTINF:6,
seg_41.m4s
#EXT-X-BYTERANGE:1000@500
#EXTINF:6,
all.mp4
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	last, _ := playlist.LastSequence()
	fmt.Println(playlist.Kind, playlist.TargetDuration, last)
	for _, r := range playlist.References {
		fmt.Println(r.Kind, r.URI, r.Offset, r.Length)
	}
	// Output:
	// playlist 6s 42
	// init init.mp4 0 0
	// segment seg_41.m4s 0 0
	// segment all.mp4 500 1000
}

func ExampleSite_Resolve() {
	for _, uri := range []string{
		"seg%201.ts?token=x",
		"../init.mp4",
		"https://cdn.example.com/seg.ts",
		"../../seg.ts",
	} {
		path, target := hls.Site{}.Resolve("hi/index.m3u8", uri)
		fmt.Printf("%s: %q\n", target, path)
	}
	// Output:
	// local: "hi/seg 1.ts"
	// local: "init.mp4"
	// elsewhere: ""
	// outside: ""
}

func ExampleClassify() {
	fmt.Println(hls.Classify("hi/init_0.mp4"))
	fmt.Println(hls.Classify("seg_00001.ts"))
	fmt.Println(hls.Classify("index.m3u8.tmp"))
	// Output:
	// init
	// segment
	// temporary
}

func ExampleNaturalLess() {
	fmt.Println(hls.NaturalLess("index9.ts", "index10.ts"))
	// Output: true
}
