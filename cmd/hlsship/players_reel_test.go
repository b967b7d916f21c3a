//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The pictures are so many pixels wide and high. A code of 16 bits stands in blocks of codeBlock pixels from left to right,
// white for 1, in the upper two thirds: four bits for the run and twelve for the frame.
const (
	pictureWidth, pictureHeight = 160, 96
	pictureBytes                = pictureWidth * pictureHeight * 3 / 2
	codeBlock                   = 10
)

// cutTime is how long each segment of a reel is.
const cutTime = 2 * time.Second

// reel is a run of a packager that was made beforehand: its multivariant playlist, and the parts of each rendition.
type reel struct {
	multivariant []byte
	renditions   []rendition
}

// rendition is the part of a reel with a playlist of its own: its folder, and its segments.
type rendition struct {
	folder, extension string
	init              []byte // nil without one
	cuts              []cut
}

// cut is a segment, and its duration as the playlist has it.
type cut struct {
	duration string
	bytes    []byte
}

// drawPicture draws a frame, which is gray.
func drawPicture(picture []byte, run, frame int) {
	code := run<<12 | frame&0xfff
	for y := range pictureHeight {
		for x := range pictureWidth {
			shade := byte(60 + frame*3%100) // something moves
			if y < pictureHeight*2/3 {
				shade = 16
				if code>>(15-x/codeBlock)&1 == 1 {
					shade = 235
				}
			}
			picture[y*pictureWidth+x] = shade
		}
	}
	for i := pictureWidth * pictureHeight; i < len(picture); i++ {
		picture[i] = 128
	}
}

// readPicture reads run and frame from the luma of a picture.
func readPicture(picture []byte) (run, frame int) {
	code := 0
	for bit := range 16 {
		code *= 2
		if picture[pictureHeight/3*pictureWidth+bit*codeBlock+codeBlock/2] > 128 {
			code++
		}
	}
	return code >> 12, code & 0xfff
}

// TestPicture reads what was drawn.
func TestPicture(t *testing.T) {
	t.Parallel()
	picture := make([]byte, pictureBytes)
	for _, want := range [][2]int{{0, 0}, {1, 1}, {2, 1599}, {15, 4095}, {1, 2730}} {
		drawPicture(picture, want[0], want[1])
		if run, frame := readPicture(picture); run != want[0] || frame != want[1] {
			t.Errorf("run %d, frame %d, want %d", run, frame, want)
		}
	}
}

// packing is how a reel is packed.
type packing struct {
	extension string   // of its segments
	streams   string   // ffmpeg's -var_stream_map
	folders   []string // of its renditions
	options   []string
}

// transport is MPEG-TS with sound in a rendition of its own, together the same in one rendition, and fragmented the first as fMP4.
func transport() packing {
	return packing{extension: ".ts", streams: "v:0,agroup:sound,name:video a:0,agroup:sound,default:yes,name:audio", folders: []string{"video", "audio"}}
}

func together() packing {
	return packing{extension: ".ts", streams: "v:0,a:0,name:video", folders: []string{"video"}}
}

func fragmented() packing {
	p := transport()
	p.extension, p.options = ".m4s", []string{"-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init.mp4"}
	return p
}

// newReel has ffmpeg encode so many segments of a run.
func newReel(t *testing.T, ffmpeg string, run, cuts int, p packing) reel {
	t.Helper()
	folder := t.TempDir()
	args := []string{
		"-v", "error", "-nostdin", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", fmt.Sprintf("%dx%d", pictureWidth, pictureHeight), "-r", fmt.Sprint(framesASecond), "-i", "-",
		"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=%d:sample_rate=48000", 330+110*run), "-t", fmt.Sprint(float64(cuts) * cutTime.Seconds()), "-map", "0:v", "-map", "1:a",
		"-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", "-g", "20", "-keyint_min", "20", "-sc_threshold", "0", "-b:v", "100k", "-c:a", "aac", "-b:a", "32k",
		"-f", "hls", "-hls_time", fmt.Sprint(cutTime.Seconds()), "-hls_list_size", "0", "-master_pl_name", "master.m3u8",
		"-var_stream_map", p.streams,
	}
	args = append(append(args, p.options...), "-hls_segment_filename", "%v/seg%d"+p.extension, "%v/index.m3u8")
	cmd := exec.CommandContext(t.Context(), ffmpeg, args...)
	pictures, input := io.Pipe()
	var complaint bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stderr = folder, pictures, &complaint
	go func() {
		picture := make([]byte, pictureBytes)
		for frame := range cuts * int(cutTime.Seconds()) * framesASecond {
			drawPicture(picture, run, frame)
			if _, err := input.Write(picture); err != nil {
				return // ffmpeg ended, and says why
			}
		}
		_ = input.Close() // of a pipe: it never fails
	}()
	err := cmd.Run()
	_ = pictures.Close() // ends the drawing if ffmpeg did not
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, complaint.String())
	}
	return readReel(t, folder, p, cuts)
}

// readReel reads what ffmpeg wrote.
func readReel(t *testing.T, folder string, p packing, cuts int) reel {
	t.Helper()
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	r := reel{multivariant: read("master.m3u8")}
	for _, name := range p.folders {
		one := rendition{folder: name, extension: p.extension}
		if len(p.options) > 0 {
			init := regexp.MustCompile(`#EXT-X-MAP:URI="([^"]+)"`).FindSubmatch(read(name + "/index.m3u8"))
			if init == nil {
				t.Fatalf("no init section in\n%s", read(name+"/index.m3u8"))
			}
			one.init = read(name + "/" + string(init[1]))
		}
		for line := range strings.Lines(string(read(name + "/index.m3u8"))) {
			if duration, found := strings.CutPrefix(strings.TrimSpace(line), "#EXTINF:"); found && len(one.cuts) < cuts {
				one.cuts = append(one.cuts, cut{duration, read(fmt.Sprintf("%s/seg%d%s", name, len(one.cuts), p.extension))})
			}
		}
		if len(one.cuts) < cuts {
			t.Fatalf("%s has %d segments, want %d", name, len(one.cuts), cuts)
		}
		r.renditions = append(r.renditions, one)
	}
	return r
}

// turn is a run of the packager, as it is played from a reel.
type turn struct {
	after        time.Duration // since the run before ended
	first, count int           // of the segments of the reel: what was before the first was before the players began
	lost         int           // the segment of the picture that is listed and never comes; 0 is none
	ends         bool          // with EXT-X-ENDLIST, as ffmpeg does on SIGTERM
}

// playlistLength is how many segments the packager lists.
const playlistLength = 6

// play writes the segments of a turn at their pace, as a packager does: a segment when it is whole, then the playlist that
// names it. It returns when it has written the last one.
func (r reel) play(t *testing.T, dir string, turn turn) {
	t.Helper()
	write := func(name string, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Error(err)
		}
	}
	replace := func(name string, text []byte) {
		write(name+".tmp", text)
		if err := os.Rename(filepath.Join(dir, name+".tmp"), filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	for _, one := range r.renditions {
		if err := os.MkdirAll(filepath.Join(dir, one.folder), 0o755); err != nil {
			t.Error(err)
		}
		if one.init != nil {
			write(one.folder+"/init.mp4", one.init)
		}
	}
	replace("master.m3u8", r.multivariant)
	pace := time.NewTicker(cutTime)
	defer pace.Stop()
	for n := turn.first; n < turn.first+turn.count; n++ {
		select {
		case <-pace.C:
		case <-t.Context().Done():
			return
		}
		for _, one := range r.renditions {
			if lost := turn.lost > 0 && n == turn.lost && one.folder == "video"; !lost {
				write(fmt.Sprintf("%s/seg%d%s", one.folder, n, one.extension), one.cuts[n].bytes)
			}
			replace(one.folder+"/index.m3u8", one.playlist(turn, n))
		}
	}
	if turn.ends {
		for _, one := range r.renditions {
			replace(one.folder+"/index.m3u8", append(one.playlist(turn, turn.first+turn.count-1), "#EXT-X-ENDLIST\n"...))
		}
	}
}

// playlist is what lists the segments up to a last one.
func (r rendition) playlist(turn turn, last int) []byte {
	first := max(turn.first, last-playlistLength+1)
	text := fmt.Appendf(nil, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", first)
	if r.init != nil {
		text = append(text, "#EXT-X-MAP:URI=\"init.mp4\"\n"...)
	}
	for n := first; n <= last; n++ {
		text = fmt.Appendf(text, "#EXTINF:%s\nseg%d%s\n", r.cuts[n].duration, n, r.extension)
	}
	return text
}
