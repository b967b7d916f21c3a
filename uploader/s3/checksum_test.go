package s3

import (
	"crypto/md5" //nolint:gosec // S3 has made of it what an ETag is
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// sumsSeen keeps which sums the PUTs of a Server carried, in order.
type sumsSeen struct {
	mu   sync.Mutex
	seen []string
}

func (s *sumsSeen) play() storetest.Play {
	return func(w http.ResponseWriter, r *storetest.Request, next storetest.Next) {
		if r.Op == "put" {
			sums := ""
			for name, header := range map[string]string{"m": "Content-Md5", "c": "X-Amz-Checksum-Crc32c"} {
				if r.Header.Get(header) != "" {
					sums += name
				}
			}
			if len(sums) > 1 {
				sums = "both"
			}
			s.mu.Lock()
			s.seen = append(s.seen, sums)
			s.mu.Unlock()
		}
		next(w, r)
	}
}

// TestChecksumAuto: PUTs carry a CRC32C once the store was seen to verify one, and until then, and everywhere else, an MD5.
func TestChecksumAuto(t *testing.T) {
	t.Parallel()
	refuse := func(code, message string) storetest.Quirk {
		return storetest.Quirk{Play: func() storetest.Play {
			return func(w http.ResponseWriter, r *storetest.Request, next storetest.Next) {
				if r.Header.Get("X-Amz-Checksum-Crc32c") == "" {
					next(w, r)
					return
				}
				w.Header().Set("Content-Type", "application/xml")
				w.WriteHeader(http.StatusBadRequest)
				_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, message)
			}
		}}
	}
	for name, tt := range map[string]struct {
		quirk storetest.Quirk
		want  string // of a segment, three versions of a playlist, and a segment
		fails int    // of the PUTs of playlists
	}{
		"verified":                      {storetest.QuirkOf("a store like Amazon's"), "m both c c c c", 0},
		"not verified":                  {storetest.QuirkOf("CRC32C is not verified"), "m both m m m", 0},
		"refused, 501":                  {storetest.QuirkOf("CRC32C is refused, 501"), "m both m m m m", 0},
		"refused, 400":                  {refuse("InvalidRequest", "Value for x-amz-checksum-crc32c header is invalid"), "m both m m m m", 0},
		"refused, by another sum":       {refuse("BadDigest", "The Content-MD5 you specified did not match what we received."), "m both m m m m", 0},
		"refused, and nobody knows why": {refuse("BadDigest", "no"), "m both m m m m", 0},
		"down":                          {storetest.QuirkOf("503 of a proxy for two seconds"), "m both both both m", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sums sumsSeen
			server := storetest.Serve(t, storetest.Quirk{Play: sums.play}, tt.quirk)
			c := serverConfig(server.URL)
			c.Checksum = ChecksumAuto
			s := mustOpen(t, c)
			_, _ = s.Put(t.Context(), segment("a.ts", "a"))
			failed, etag := 0, ""
			for i := range 3 {
				text := strings.Repeat("x", i)
				o := segment("live.m3u8", text)
				o.Priority, o.IfMatch, o.IfAbsent = store.First, etag, etag == ""
				next, err := s.Put(t.Context(), o)
				if err != nil {
					failed++
					continue
				}
				if sum := md5.Sum([]byte(text)); next != hex.EncodeToString(sum[:]) { //nolint:gosec // see the import
					t.Errorf("version %d: ETag %s is not its MD5", i, next)
				}
				if got := server.Memory.Contents()["live.m3u8"]; string(got) != text {
					t.Errorf("version %d: %q is stored", i, got)
				}
				etag = next
			}
			_, _ = s.Put(t.Context(), segment("b.ts", "b"))
			if got := strings.Join(sums.seen, " "); got != tt.want || failed != tt.fails {
				t.Errorf("sent %q and %d failed, want %q and %d", got, failed, tt.want, tt.fails)
			}
		})
	}
}

// TestChecksumAutoOnServers: what stores say to a sum that is wrong is understood.
func TestChecksumAutoOnServers(t *testing.T) {
	t.Parallel()
	c := gatewayConfig(storetest.Gateway(t))
	c.Checksum = ChecksumAuto
	s := mustOpen(t, c)
	o := segment("live.m3u8", "#EXTM3U")
	o.Priority, o.IfAbsent = store.First, true
	if _, err := s.Put(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if got := s.sums.now(); got != ChecksumCRC32C {
		t.Errorf("versitygw verifies CRC32C, and is sent %s", got)
	}
}
