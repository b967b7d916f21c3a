package uploader_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/recording"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// encode sends what a packager of two renditions writes, of which a segment takes two seconds.
func encode(facts chan<- hls.File, from, to int, ended bool) {
	facts <- fact("master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv0/x.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nv1/x.m3u8\n")
	for i := from; i <= to; i++ {
		for _, v := range []string{"v0", "v1"} {
			facts <- fact(fmt.Sprintf("%s/s%d.ts", v, i), fmt.Sprintf("media %s %d of %d", v, i, time.Now().Unix()))
			text := fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", max(0, i-3))
			for k := max(0, i-3); k <= i; k++ {
				text += fmt.Sprintf("#EXTINF:2,\ns%d.ts\n", k)
			}
			if ended && i == to {
				text += "#EXT-X-ENDLIST\n"
			}
			facts <- fact(v+"/x.m3u8", text)
		}
		time.Sleep(2 * time.Second)
	}
}

// recordings returns the closing lists that are stored, as the numbers of their segments, by their paths without the name of their session.
func recordings(t *testing.T, m *storetest.Memory) map[string]string {
	t.Helper()
	all, objects := make(map[string]string), m.Contents()
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		folder, rest := hls.SessionOf(strings.TrimPrefix(key, "live/"))
		if folder == "" || path.Ext(key) != ".m3u8" || path.Base(key) == "master.m3u8" {
			continue
		}
		list, err := hls.Parse(objects[key])
		if err != nil || !list.Ended {
			t.Errorf("%s: %v", key, err)
			continue
		}
		var names []string
		for _, ref := range list.References {
			if _, ok := objects[path.Join(path.Dir(key), ref.URI)]; !ok {
				t.Errorf("%s names %s, which is not stored", key, ref.URI)
			}
			names = append(names, strings.Trim(ref.URI, "s.t"))
		}
		all[rest] += "/" + strings.Join(names, " ")
	}
	return all
}

func upTo(from, to int) string {
	var all []string
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprint(i))
	}
	return strings.Join(all, " ")
}

// TestRunRecords: each run leaves a folder that plays, whatever the store is able to do.
func TestRunRecords(t *testing.T) {
	t.Parallel()
	for name, conditional := range map[string]bool{"with conditions": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				log, err := run(t, t.Context(), m, func(c *uploader.Config) {
					c.Continuous, c.Record, c.Conditional = &uploader.Continuous{}, &uploader.Record{}, conditional
				}, func(facts chan<- hls.File) {
					encode(facts, 0, 80, false)
					encode(facts, 0, 5, true)
					time.Sleep(5 * time.Second)
					wantHeaders(t, m, "public, max-age=10")
					time.Sleep(70 * time.Second)
					wantHeaders(t, m, "public, max-age=31536000, immutable")
					encode(facts, 0, 3, false) // ends by the drain
				})
				if err != nil {
					t.Fatal(err)
				}
				want := "/" + upTo(0, 80) + "/" + upTo(0, 5) + "/" + upTo(0, 3)
				for _, list := range []string{"v0/x.m3u8", "v1/x.m3u8"} {
					if got := recordings(t, m)[list]; got != want {
						t.Errorf("%s: got %s\nwant %s", list, got, want)
					}
				}
				if n := strings.Count(log, `msg="recording closed"`); n != 3 || !strings.Contains(log, "segments=162 holes=0") {
					t.Errorf("told %d times in\n%s", n, log)
				}
				for key, text := range m.Contents() {
					if folder, rest := hls.SessionOf(strings.TrimPrefix(key, "live/")); folder != "" {
						if _, n, ok := recording.ParseChunkName(rest); ok && n > 0 && !strings.HasPrefix(string(text), fmt.Sprintf("## hlsship chunks 1 0 %d\n", n)) {
							t.Errorf("%s has no chunk before it:\n%.99s", key, text)
						}
					}
					var s recording.Summary
					if path.Base(key) == recording.SessionSummary {
						if err := json.Unmarshal(text, &s); err != nil || s.Bytes == 0 || s.Segments == 0 {
							t.Errorf("%s: %v\n%s", key, err, text)
						}
					}
				}
			})
		})
	}
}

// wantHeaders checks Cache-Control of the newest closing list.
func wantHeaders(t *testing.T, m *storetest.Memory, want string) {
	t.Helper()
	newest := ""
	for key := range m.Contents() {
		if folder, rest := hls.SessionOf(strings.TrimPrefix(key, "live/")); folder != "" && rest == "v0/x.m3u8" {
			newest = max(newest, key)
		}
	}
	if _, got, err := m.Headers(t.Context(), newest); err != nil || got != want {
		t.Errorf("%s has %q, want %q", newest, got, want)
	}
}

// TestRunRecordsBesideAnother: an index that another process wrote meanwhile, and a list that it closed, stay.
func TestRunRecordsBesideAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		foreign := ""
		_, err := run(t, t.Context(), m, func(c *uploader.Config) {
			c.Continuous, c.Record = &uploader.Continuous{}, &uploader.Record{}
		}, func(facts chan<- hls.File) {
			encode(facts, 0, 5, false)
			for key := range m.Contents() {
				if folder, rest := hls.SessionOf(strings.TrimPrefix(key, "live/")); rest == "v0/s0.ts" {
					foreign = "live/" + folder + recording.ChunkName("v0/x.m3u8", 1)
				}
			}
			text := "#EXTM3U\n## hlsship index 1\n"
			if _, err := m.Put(t.Context(), store.Object{Key: foreign, Size: int64(len(text)), Body: strings.NewReader(text)}); err != nil {
				t.Error(err)
			}
			encode(facts, 6, 80, true)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := recordings(t, m)["v0/x.m3u8"]; got != "/"+upTo(0, 80) {
			t.Errorf("got %s", got)
		}
		if text := m.Contents()[foreign]; !strings.HasSuffix(string(text), "index 1\n") {
			t.Errorf("%s was replaced by\n%s", foreign, text)
		}
	})
}

// unlisted is a store that may not be listed.
type unlisted struct{ store.Store }

func (unlisted) List(_ context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		yield(store.Info{}, &store.Error{Op: "list", Key: prefix, Kind: store.Alarm, Alive: true, Err: errors.New("403 AccessDenied"), Cure: "allow s3:ListBucket"})
	}
}

// TestRunRecordsWithoutListing: who may not list the bucket records all the same, and nobody takes the store for one that refuses.
func TestRunRecordsWithoutListing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		for n := range 2 {
			log, err := run(t, t.Context(), unlisted{m}, func(c *uploader.Config) {
				c.Continuous, c.Record = &uploader.Continuous{}, &uploader.Record{End: 10 * time.Second}
			}, func(facts chan<- hls.File) {
				encode(facts, 0, 20+n, true)
				time.Sleep(time.Minute)
			})
			if err != nil || strings.Contains(log, "store does not answer") {
				t.Errorf("%v in\n%s", err, log)
			}
		}
		if got, want := recordings(t, m)["v1/x.m3u8"], "/"+upTo(0, 20)+"/"+upTo(0, 21); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	})
}
