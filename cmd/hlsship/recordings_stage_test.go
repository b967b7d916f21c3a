package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/hlsship/hlsship/hls"
	versions "github.com/hlsship/hlsship/uploader/plan/edition"
	"github.com/hlsship/hlsship/uploader/recording"
)

const (
	// recordedSession is the run of which most of these tests make a recording, before it there was another.
	recordedSession = "20261130T010203Z"
	// recordedLength is how long a packager's run is, recordedSegment how long its segments are.
	recordedLength, recordedSegment = 40, 2
)

// recordedRun is a bucket in which a run was recorded by a process that died without a word.
type recordedRun struct {
	*shippedStream
	// lists are the packager's media playlists, each with what its segments are.
	lists map[string][]block
	heads map[string]string
	// master is the multivariant playlist, empty for none.
	master string
}

// block is a segment of a playlist with its tags.
type block struct{ text, uri string }

// newRun has ffmpeg pack recordedLength seconds, in a moment.
func newRun(t *testing.T, arguments ...string) *recordedRun {
	t.Helper()
	ffmpeg, found := findFFmpeg()
	if !found {
		t.Skip("ffmpeg is not installed")
	}
	r := &recordedRun{shippedStream: bareBucket(t), lists: map[string][]block{}, heads: map[string]string{}}
	args := append([]string{"-hide_banner", "-loglevel", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=10", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100",
		"-t", strconv.Itoa(recordedLength)}, arguments...)
	cmd := exec.CommandContext(t.Context(), ffmpeg, args...)
	cmd.Dir = r.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if text, err := os.ReadFile(filepath.Join(r.dir, "master.m3u8")); err == nil {
		r.master = string(text)
	}
	err := fs.WalkDir(os.DirFS(r.dir), ".", func(at string, _ fs.DirEntry, err error) error {
		if err == nil && path.Ext(at) == ".m3u8" && at != "master.m3u8" {
			r.take(t, at)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// take takes a whole playlist apart.
func (r *recordedRun) take(t *testing.T, list string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, list))
	if err != nil {
		t.Fatal(err)
	}
	before := ""
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "#EXT-X-ENDLIST"), strings.HasPrefix(line, "#EXT-X-MEDIA-SEQUENCE"), strings.HasPrefix(line, "#EXT-X-PLAYLIST-TYPE"):
		case line[0] != '#':
			r.lists[list] = append(r.lists[list], block{before + line, strings.TrimSpace(line)})
			before = ""
		case before == "" && !strings.HasPrefix(line, "#EXTINF") && !strings.HasPrefix(line, "#EXT-X-PROGRAM-DATE-TIME") && !strings.HasPrefix(line, "#EXT-X-DISCONTINUITY"):
			r.heads[list] += line // of windows too: the version, and the map in force
		default:
			before += line
		}
	}
}

// encrypt encrypts the segments of a list, with another key for every five.
func (r *recordedRun) encrypt(t *testing.T, list string) {
	t.Helper()
	for i := range r.lists[list] {
		name := fmt.Sprintf("%d.key", i/5)
		key := []byte(fmt.Sprintf("0123456789abcd%02d", i/5))
		r.write(t, path.Join(path.Dir(list), name), string(key), 0)
		file := filepath.Join(r.dir, path.Dir(list), r.lists[list][i].uri)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pad := aes.BlockSize - len(text)%aes.BlockSize
		text = append(text, bytes.Repeat([]byte{byte(pad)}, pad)...)
		c, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		iv := make([]byte, aes.BlockSize)
		iv[aes.BlockSize-1] = byte(i) // the media sequence number
		cipher.NewCBCEncrypter(c, iv).CryptBlocks(text, text)
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		r.lists[list][i].text = "#EXT-X-KEY:METHOD=AES-128,URI=\"" + name + "\"\n" + r.lists[list][i].text
	}
}

// window returns the version of a playlist whose last segment is to-1, with something before each name.
func (r *recordedRun) window(list string, to int, before string) string {
	from := max(0, to-5)
	text := strings.Replace(r.heads[list], "#EXTM3U\n", fmt.Sprintf("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:%d\n", from), 1)
	for _, b := range r.lists[list][from:to] {
		text += b.text
	}
	if before == "" {
		return text
	}
	text = strings.ReplaceAll(text, `URI="`, `URI="`+before)
	return regexp.MustCompile(`(?m)^([^#\n])`).ReplaceAllString(text, strings.ReplaceAll(before, "$", "$$")+"$1")
}

// ship stores what a process that records has stored when it dies: all media but the last unsent segments, the index but its last
// chunk, and the published lists. All of it is an hour old.
func (r *recordedRun) ship(t *testing.T, unsent, unindexed int) {
	t.Helper()
	in := "live/" + recordedSession + "/"
	for list, blocks := range r.lists {
		folder := path.Dir(list)
		n := len(blocks) - unsent
		var track recording.Track
		for to := 1; to <= n; to++ {
			text := []byte(r.window(list, to, ""))
			parsed, err := hls.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			v, err := versions.Read(text, parsed)
			if err != nil {
				t.Fatal(err)
			}
			track.Observe(v, recording.Facts{Done: func(i int) time.Time {
				return time.Date(2026, 11, 30, 1, 2, 3, 0, time.UTC).Add(time.Duration(v.Number(i)+1) * recordedSegment * time.Second)
			}})
			if to == n-unindexed {
				track.End()
			}
			if to <= n-unindexed && (to%4 == 0 || to == n-unindexed) {
				for number, chunk := track.Chunk(); chunk != nil; number, chunk = track.Chunk() {
					r.put(t, in+recording.ChunkName(list, number), string(chunk), "", "")
				}
			}
			for _, ref := range parsed.References {
				name, err := os.ReadFile(filepath.Join(r.dir, folder, ref.URI))
				if err != nil {
					t.Fatal(err)
				}
				if to > 5 && ref.URI != blocks[to-1].uri && path.Ext(ref.URI) != ".key" {
					continue // it is stored already
				}
				r.put(t, in+path.Join(folder, ref.URI), string(name), "", "")
			}
		}
		up := strings.Repeat("../", strings.Count(list, "/"))
		below := strings.TrimPrefix(folder+"/", "./")
		r.put(t, "live/"+list, r.window(list, n, up+recordedSession+"/"+below), "application/vnd.apple.mpegurl", "")
	}
	if r.master != "" {
		r.put(t, "live/master.m3u8", r.master, "application/vnd.apple.mpegurl", "")
	}
	r.ages(t, time.Hour)
}

// ages has all that is stored be so old.
func (r *recordedRun) ages(t *testing.T, age time.Duration) {
	t.Helper()
	at := time.Now().Add(-age)
	err := filepath.WalkDir(filepath.Join(r.gateway.Root, r.gateway.Bucket), func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			err = os.Chtimes(file, at, at)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// stored returns an object of the session.
func (r *recordedRun) stored(t *testing.T, at string) string {
	t.Helper()
	o, err := r.client.GetObject(t.Context(), r.gateway.Bucket, "live/"+recordedSession+"/"+at, minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close() //nolint:errcheck // nothing was written
	var b bytes.Buffer
	if _, err := b.ReadFrom(o); err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	return b.String()
}

// recovers runs recover, which is to exit with that code.
func (r *recordedRun) recovers(t *testing.T, code int, args ...string) recoverResult {
	t.Helper()
	stdout, stderr, is := r.runs(t, append([]string{"recover", "s3://" + r.gateway.Bucket + "/live", "--json"}, args...)...)
	var out recoverResult
	if err := json.Unmarshal([]byte(stdout), &out); err != nil || is != code || len(out.Channels) != 1 {
		t.Fatalf("exit code %d, want %d: %v: %s%s", is, code, err, stdout, stderr)
	}
	return out
}

// clips runs clip.
func (r *recordedRun) clips(t *testing.T, args ...string) clipResult {
	t.Helper()
	stdout, stderr, code := r.runs(t, append([]string{"clip", "s3://" + r.gateway.Bucket + "/live/" + recordedSession, "--json"}, args...)...)
	var out clipResult
	if err := json.Unmarshal([]byte(stdout), &out); err != nil || code != exitDone {
		t.Fatalf("exit code %d: %v: %s%s", code, err, stdout, stderr)
	}
	return out
}

// served is a server of the bucket, and of the page that plays it.
func (r *recordedRun) served(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/live/", http.FileServer(http.Dir(r.gateway.Root)))
	mux.Handle("/", http.FileServer(http.Dir("testdata/hlsjs")))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/"
}

// playsFor reads a playlist from end to end, and returns how long it is.
func playsFor(t *testing.T, url string) time.Duration {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-allowed_extensions", "ALL", "-i", url, "-map", "0:v:0", "-f", "framehash", "-").CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", url, err, out)
	}
	frames := 0
	for line := range strings.Lines(string(out)) {
		if line[0] == '#' || strings.TrimSpace(line) == "" {
			continue
		}
		if !regexp.MustCompile(`^0, `).MatchString(line) {
			t.Fatalf("%s: %s", url, line)
		}
		frames++
	}
	probe, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-allowed_extensions", "ALL", "-show_entries", "format=duration", "-of", "csv=p=0", url).CombinedOutput()
	seconds, wrong := strconv.ParseFloat(strings.TrimSpace(string(probe)), 64)
	decoded := time.Duration(frames) * 100 * time.Millisecond
	if told := time.Duration(seconds * float64(time.Second)); err != nil || wrong != nil || (told-decoded).Abs() > time.Second {
		t.Fatalf("%s: ffprobe says %s (%v), and %d frames were decoded", url, probe, err, frames)
	}
	return decoded
}

// packings are how ffmpeg packs what is recorded here.
func packings() map[string][]string {
	x264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-threads", "1", "-g", "20", "-sc_threshold", "0"}
	hls := []string{"-f", "hls", "-hls_time", strconv.Itoa(recordedSegment), "-hls_list_size", "0"}
	ts := slices.Concat([]string{"-map", "0:v", "-map", "1:a", "-c:a", "aac"}, x264, hls)
	return map[string][]string{
		"ts":      append(slices.Clone(ts), "-hls_segment_filename", "live%d.ts", "live.m3u8"),
		"aes-128": append(slices.Clone(ts), "-hls_segment_filename", "live%d.ts", "live.m3u8"),
		"dated":   append(slices.Clone(ts), "-hls_flags", "program_date_time", "-hls_segment_filename", "live%d.ts", "live.m3u8"),
		"fmp4 with an audio group": slices.Concat([]string{"-map", "0:v", "-map", "0:v", "-map", "1:a", "-c:a", "aac"}, x264, []string{"-b:v:0", "300k", "-b:v:1", "60k"}, hls,
			[]string{"-hls_segment_type", "fmp4", "-master_pl_name", "master.m3u8", "-var_stream_map", "v:0,agroup:a v:1,agroup:a a:0,agroup:a,default:yes", "-hls_segment_filename", "v%v/s%d.m4s", "v%v/index.m3u8"}),
	}
}
