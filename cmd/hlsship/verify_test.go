package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// shippedStream is a directory whose stream hlsship has shipped to a real server, and ended.
type shippedStream struct {
	gateway *storetest.GatewayServer
	client  *minio.Client
	dir     string
}

// bareBucket is an empty directory, and an empty bucket.
func bareBucket(t *testing.T) *shippedStream {
	t.Helper()
	s := &shippedStream{gateway: storetest.Gateway(t), dir: t.TempDir()}
	var err error
	s.client, err = minio.New(strings.TrimPrefix(s.gateway.Endpoint, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(s.gateway.AccessKey, s.gateway.SecretKey, ""), Region: s.gateway.Region,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shipStream ships one: a multivariant playlist, a live one with segments, and one with ranges of a file. All is an hour old.
func shipStream(t *testing.T) *shippedStream {
	t.Helper()
	s := bareBucket(t)
	for name, text := range map[string]string{
		"seg0.ts": strings.Repeat("zero", 1000), "seg1.ts": strings.Repeat("one!", 1000), "all.ts": strings.Repeat("r", 1000),
		"live.m3u8":   "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nseg0.ts\n#EXTINF:2,\nseg1.ts\n",
		"ranges.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n#EXT-X-BYTERANGE:600@0\nall.ts\n#EXTINF:2,\n#EXT-X-BYTERANGE:400\nall.ts\n#EXT-X-ENDLIST\n",
		"master.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlive.m3u8\n",
	} {
		s.write(t, name, text, time.Hour)
	}
	p := startIn(t, s.env(), "run", s.dir, "s3://"+s.gateway.Bucket+"/live", "--http-listen", "off")
	p.says(t, `segment stored.*|published.*`)
	p.signal(t, syscall.SIGTERM)
	p.exits(t, exitDone)
	return s
}

func (s *shippedStream) env() []string {
	return []string{"HLSSHIP_ENDPOINT=" + s.gateway.Endpoint, "AWS_ACCESS_KEY_ID=" + s.gateway.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s.gateway.SecretKey, "AWS_EC2_METADATA_DISABLED=true"}
}

// write writes a file of that age.
func (s *shippedStream) write(t *testing.T, name, text string, age time.Duration) {
	t.Helper()
	path, at := filepath.Join(s.dir, name), time.Now().Add(-age)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

// put stores something else, by the hand of somebody else.
func (s *shippedStream) put(t *testing.T, key, text, contentType, cache string) {
	t.Helper()
	opts := minio.PutObjectOptions{ContentType: contentType, CacheControl: cache}
	if _, err := s.client.PutObject(t.Context(), s.gateway.Bucket, key, strings.NewReader(text), int64(len(text)), opts); err != nil {
		t.Fatal(err)
	}
}

// verify runs the command in this process.
func (s *shippedStream) verify(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return s.runs(t, append([]string{"verify"}, args...)...)
}

// runs runs a command in this process.
func (s *shippedStream) runs(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	p := program{stdout: &out, stderr: &errs, environ: s.env()}
	for _, one := range s.env() {
		name, value, _ := strings.Cut(one, "=")
		if strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value) // which the library of the store reads
		}
	}
	code = p.runs(t.Context(), args...)
	return out.String(), errs.String(), code
}

// TestVerify damages what was shipped, one way after the other.
func TestVerify(t *testing.T) {
	s := shipStream(t)
	bucket := "s3://" + s.gateway.Bucket + "/live"
	segment := func(text string) func() {
		return func() { s.put(t, "live/seg0.ts", text, "video/mp2t", "public, max-age=60") }
	}
	whole := strings.Repeat("zero", 1000)
	for _, tt := range []struct {
		name         string
		damage, mend func()
		want         string
		args         []string
	}{
		{"healthy", func() {}, func() {}, "", []string{s.dir, bucket}},
		{"healthy, without the directory", func() {}, func() {}, "", []string{bucket}},
		{"missing segment", func() {
			if err := s.client.RemoveObject(t.Context(), s.gateway.Bucket, "live/seg0.ts", minio.RemoveObjectOptions{}); err != nil {
				t.Fatal(err)
			}
		}, segment(whole), "missing live/seg0.ts", []string{bucket}},
		{"wrong bytes", segment(strings.Repeat("ZERO", 1000)), segment(whole), "bytes live/seg0.ts", []string{s.dir, bucket}},
		{"truncated", segment("zero"), segment(whole), "truncated live/seg0.ts", []string{s.dir, bucket}},
		{"range beyond the end", func() { s.put(t, "live/all.ts", strings.Repeat("r", 999), "video/mp2t", "public, max-age=1") },
			func() { s.put(t, "live/all.ts", strings.Repeat("r", 1000), "video/mp2t", "public, max-age=1") }, "range live/all.ts", []string{bucket}},
		{"playlist older than the disk", func() {
			s.write(t, "live.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n#EXTINF:2,\nseg1.ts\n", time.Minute)
		}, func() {
			s.write(t, "live.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nseg0.ts\n#EXTINF:2,\nseg1.ts\n", time.Minute)
		}, "stale live/live.m3u8", []string{s.dir, bucket}},
		{"wrong type", func() { s.put(t, "live/seg0.ts", whole, "text/plain", "public, max-age=60") }, segment(whole), "header live/seg0.ts", []string{bucket}},
		{"wrong cache control", func() { s.put(t, "live/seg0.ts", whole, "video/mp2t", "no-store") }, segment(whole), "header live/seg0.ts", []string{bucket}},
		{"mended", func() {}, func() {}, "", []string{s.dir, bucket}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.damage()
			defer tt.mend()
			stdout, stderr, code := s.verify(t, append(tt.args, "--json")...)
			var got struct {
				Total    int
				Channels []struct {
					Playlists, Files int
					Faults           []struct{ ID, Key, Found, Cure string }
				}
			}
			if err := json.Unmarshal([]byte(stdout), &got); err != nil || len(got.Channels) != 1 {
				t.Fatalf("%v: %s %s", err, stdout, stderr)
			}
			var found []string
			for _, f := range got.Channels[0].Faults {
				found = append(found, f.ID+" "+f.Key)
			}
			want := exitDone
			if tt.want != "" {
				want = exitFailed
			}
			if strings.Join(found, ", ") != tt.want || code != want || stderr != "" || got.Channels[0].Playlists != 3 || got.Channels[0].Files != 3 {
				t.Errorf("exit code %d, faults %q, want %q: %s %s", code, found, tt.want, stdout, stderr)
			}
		})
	}
	segment("zero")()
	stdout, _, code := s.verify(t, s.dir, bucket)
	for _, words := range []string{"  truncated     live/seg0.ts: ", "4,000", "→ ", "3 playlists (1 ended) and 3 files named by them", "\n1 fault.\n"} {
		if !strings.Contains(stdout, words) || code != exitFailed {
			t.Errorf("exit code %d, no %q in\n%s", code, words, stdout)
		}
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{}, exitUsage, "destination is missing"},
		{[]string{"s3://b/{start}"}, exitUsage, "cannot be a bucket"},
		{[]string{bucket + "/{start}"}, exitUsage, "name the prefix of the run"},
		{[]string{"s3://nowhere"}, exitFailed, "NoSuchBucket"},
		{[]string{bucket, "--heads", "-1"}, exitUsage, "--heads"},
	} {
		if stdout, stderr, code := s.verify(t, tt.args...); code != tt.code || !strings.Contains(stderr, tt.want) {
			t.Errorf("%q: exit code %d, %q %q", tt.args, code, stdout, stderr)
		}
	}
}

// TestVerifyMany says nothing of a healthy bucket, within twenty seconds, also of one of 10,000 objects (-verify.objects).
func TestVerifyMany(t *testing.T) {
	s := &shippedStream{gateway: storetest.Gateway(t), dir: t.TempDir()}
	const segments = 499
	streams := flag.Lookup("verify.objects").Value.(flag.Getter).Get().(int) / (segments + 1)
	for i := range streams {
		folder := fmt.Sprintf("live%02d", i)
		if err := os.Mkdir(filepath.Join(s.dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		b.WriteString("#EXTM3U\n#EXT-X-TARGETDURATION:2\n")
		for j := range segments {
			name := fmt.Sprintf("seg%04d.ts", j)
			s.write(t, folder+"/"+name, strings.Repeat(name, 100), time.Hour)
			b.WriteString("#EXTINF:2,\n" + name + "\n")
		}
		s.write(t, folder+"/live.m3u8", b.String()+"#EXT-X-ENDLIST\n", time.Hour)
	}
	p := startIn(t, s.env(), "run", s.dir, "s3://"+s.gateway.Bucket+"/live", "--http-listen", "off", "--drain-timeout", "2m")
	for published := 0; published < streams; {
		if m := p.says(t, `msg="(playlist published|segment stored)"`); m[1] == "playlist published" {
			published++
		}
	}
	p.signal(t, syscall.SIGTERM)
	p.exits(t, exitDone)
	begin := time.Now()
	stdout, stderr, code := s.verify(t, s.dir, "s3://"+s.gateway.Bucket+"/live")
	took := time.Since(begin)
	t.Logf("%d objects took %v: %s", streams*(segments+1), took.Round(time.Millisecond), stdout)
	if code != exitDone || stderr != "" ||
		!strings.Contains(stdout, fmt.Sprintf("%d playlists (%d ended) and %s files named by them", streams, streams, humanize.Comma(int64(streams*segments)))) ||
		!strings.Contains(stdout, fmt.Sprintf("of %s objects every byte", humanize.Comma(int64(streams*(segments+1))))) {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	if took > 20*time.Second {
		t.Errorf("%v", took)
	}
}
