package plan

import (
	"flag"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/recorder"
	"github.com/hlsship/hlsship/uploader/plan/session"
	"github.com/hlsship/hlsship/uploader/recording"
)

// day is a store for a Plan that nobody audits, as that would take hours.
type day struct {
	*testing.T
	plan         *Plan
	now          time.Time
	inode        uint64
	chunks       map[string][][]byte // by their lists
	bundles      map[string][]byte   // what stands under their paths
	read         int                 // how many of these were read to store others
	texts        map[string][]byte   // what closed the session
	puts         int                 // of media and playlists
	indexed      int                 // those of recordings
	bytes, index int64               // what these carried
	sealed       time.Duration       // how long the making of the files took
}

// segmentBytes is what a segment of two seconds has, of a rendition with so many kilobits a second.
func segmentBytes(kilobits int) int64 { return int64(kilobits) * 1000 / 8 * 2 }

func (d *day) fact(name string, size int64) hls.File {
	d.inode++
	return hls.File{Path: name, State: hls.Settled, Kind: hls.Classify(name), Version: hls.Version{Device: 1, Inode: d.inode, Size: size, ModTime: d.now.UnixNano()}, Seen: d.now, Source: paper{}}
}

func (d *day) list(name, text string) {
	pl, err := hls.Parse([]byte(text))
	if err != nil {
		d.Fatal(err)
	}
	f := d.fact(name, int64(len(text)))
	f.Kind, f.Playlist, f.Content, f.Source = pl.Kind, pl, []byte(text), nil
	d.plan.Observe(f)
}

// step does all that is allowed.
func (d *day) step() {
	for e := d.plan.Advance(d.now, Requests); len(e.Jobs) > 0; e = d.plan.Advance(d.now, Requests) {
		for _, j := range append([]Job(nil), e.Jobs...) {
			out := Outcome{Result: Done, At: d.now, ETag: fmt.Sprint(j.ID)}
			switch j.Op {
			case Fetch:
				out = Outcome{Result: Absent, At: d.now}
			case PutMedia:
				d.puts++
				d.bytes += j.File.Version.Size
			case PutPlaylist:
				d.puts++
				d.bytes += int64(len(j.File.Content))
			case PutRecord:
				d.indexed++
				if j.Record.Op == recorder.PutChunk {
					d.chunks[j.Record.List] = append(d.chunks[j.Record.List], j.Record.Text)
					d.index += int64(len(d.bundled(j.Record)))
				} else {
					d.index += int64(len(j.Record.Text))
					d.texts[j.Path] = j.Record.Text
				}
			case ReadRecord:
				began := time.Now()
				out.Record = j.Record.Order.Seal(recorder.Found{Chunks: d.found()})
				d.sealed += time.Since(began)
			case Compare:
				d.Errorf("%s is compared", j.Path)
			}
			d.plan.Report(j.ID, out)
		}
	}
}

// found returns the index as it is read from the store: the chunks of each list, packed.
func (d *day) found() map[string]iter.Seq2[int, []byte] {
	all := make(map[string]iter.Seq2[int, []byte])
	for list, chunks := range d.chunks {
		all[list] = recording.Packed(chunks)
	}
	return all
}

// bundled returns what is stored under the path of a chunk.
func (d *day) bundled(t *recorder.Task) []byte {
	if t.Master {
		return t.Text
	}
	path := strings.TrimPrefix(t.Path, t.Session+"/")
	list, number, _ := recording.ParseChunkName(path)
	b := recording.NewBundling(number, t.Text)
	for n, ok := b.Want(); ok; n, ok = b.Want() {
		d.read++
		b.Took(d.bundles[recording.ChunkName(list, n)])
	}
	d.bundles[path] = b.Bytes()
	return d.bundles[path]
}

var recordHours = flag.Float64("record.hours", 1, "for how many hours TestRecordingOfADay records three renditions")

// TestRecordingOfADay holds the price of a recording of three renditions with 5, 2.5 and 1 Mbit/s, of segments of 2 s: PUTs and bytes beside
// those of the stream, memory while it runs, and how long it takes to close. What that takes is what recording.TestMemoryOfADay holds.
func TestRecordingOfADay(t *testing.T) {
	t.Parallel()
	d := &day{T: t, now: time.Unix(1_800_000_000, 0), chunks: make(map[string][][]byte), bundles: make(map[string][]byte), texts: make(map[string][]byte)}
	d.plan = New(Config{Continuous: &session.Config{}, Record: &recorder.Config{}})
	d.plan.EndSurvey(false)
	renditions := map[string]int64{"v0": segmentBytes(5000), "v1": segmentBytes(2500), "v2": segmentBytes(1000)}
	d.list("master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv0/index.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nv1/index.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=3\nv2/index.m3u8\n")
	segments := int(*recordHours * 1800)
	for i := range segments {
		var text strings.Builder
		first := max(0, i-5)
		fmt.Fprintf(&text, "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", first)
		for k := first; k <= i; k++ {
			fmt.Fprintf(&text, "#EXTINF:2.000000,\nsegment_%06d.ts\n", k)
		}
		for _, v := range []string{"v0", "v1", "v2"} {
			d.plan.Observe(d.fact(fmt.Sprintf("%s/segment_%06d.ts", v, i), renditions[v]))
			d.list(v+"/index.m3u8", text.String())
			if i > 6 {
				d.plan.Observe(hls.File{Path: fmt.Sprintf("%s/segment_%06d.ts", v, i-6), State: hls.Gone, Seen: d.now})
			}
		}
		d.step()
		d.now = d.now.Add(2 * time.Second)
	}
	taken := d.plan.recordings.recorder.Cost()
	began := time.Now()
	d.plan.Drain()
	d.step()
	took := time.Since(began)
	for v := range renditions {
		found := false
		for path, text := range d.texts {
			if strings.HasSuffix(path, v+"/index.m3u8") {
				list, err := hls.Parse(text)
				if found = err == nil && list.Ended && list.Segments == segments; !found {
					t.Errorf("%s: %v, %d segments of %d", path, err, list.Segments, segments)
				}
			}
		}
		if !found {
			t.Errorf("%s has no closing list", v)
		}
	}
	more, bytes := 100*float64(d.indexed)/float64(d.puts), 100*float64(d.index)/float64(d.bytes)
	t.Logf("%d segments: %d PUTs of the stream, %d of the recording (%.2f %%) and %d GETs; %d bytes, %d (%.4f %%); memory %d KiB; closed in %v, of which %v is making the files",
		3*segments, d.puts, d.indexed, more, d.read, d.bytes, d.index, bytes, taken>>10, took, d.sealed)
	if more > 3 || bytes > 0.1 || taken > 20<<20 || took > 5*time.Second {
		t.Error("a recording costs 3 % of the PUTs, 0.1 % of the bytes, 20 MiB and 5 s at most")
	}
}
