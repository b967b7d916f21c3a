package uploader_test

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// silent is a Store that says nothing to the first PUT for a key, which is broken off and arrives five seconds later.
type silent struct {
	store.Store
	key  string
	seen atomic.Bool
}

func (s *silent) Put(ctx context.Context, o store.Object) (string, error) {
	if o.Key != s.key || s.seen.Swap(true) {
		return s.Store.Put(ctx, o)
	}
	content := make([]byte, o.Size)
	if _, err := o.Body.ReadAt(content, 0); err != nil {
		return "", &store.Error{Op: "put", Key: o.Key, Err: err}
	}
	o.Body = bytes.NewReader(content)
	<-ctx.Done()
	time.AfterFunc(5*time.Second, func() { _, _ = s.Store.Put(context.WithoutCancel(ctx), o) })
	return "", &store.Error{Op: "put", Key: o.Key, Err: ctx.Err()}
}

// TestOldBytesOfAFileThatChanged: a PUT is broken off whose file was written over meanwhile. Its bytes may arrive all the same, and the new
// ones wait for them.
func TestOldBytesOfAFileThatChanged(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"a segment": "a.ts", "an init section": "init.mp4", "a key": "k.key"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				play(t, m, impatient{&silent{Store: m, key: "live/" + file}}, 0, func(d *disk, v *storetest.Viewer) func() {
					write := func(name, content string) {
						v.Finished(name, []byte(content))
						d.write(name, []byte(content), true)
					}
					return func() {
						for _, name := range []string{"a.ts", "init.mp4", "k.key"} {
							write(name, "first of "+name)
						}
						for n := range 3 {
							text := fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-KEY:METHOD=AES-128,URI=\"k.key\"\n"+
								"#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:2,\na.ts\n", n)
							v.Listed("x.m3u8", []byte(text))
							d.write("x.m3u8", []byte(text), false)
							time.Sleep(2 * time.Second)
							write(file, fmt.Sprintf("%d, of %s", n, file))
						}
						time.Sleep(20 * time.Second)
					}
				})
			})
		})
	}
}
