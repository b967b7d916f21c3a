package uploader_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// upgrade is an EVENT stream that one process ships after another.
type upgrade struct {
	*testing.T
	disk   *disk
	notes  *notes
	memory *storetest.Memory
	store  *opaque // what a process sees if hidden
	hidden bool
	names  []string
	text   strings.Builder
	puts   map[string]int // since the process began
}

func newUpgrade(t *testing.T, segments int, hidden bool) *upgrade {
	u := &upgrade{T: t, disk: newDisk(), memory: storetest.NewMemory(), hidden: hidden}
	u.notes = &notes{disk: u.disk}
	u.store = newOpaque(u.memory)
	u.memory.Latency = func(string, string, int64) time.Duration { return 30 * time.Millisecond }
	u.memory.OnChange = func(key string, content []byte) {
		if content != nil {
			u.puts[strings.TrimPrefix(key, "live/")]++
		}
	}
	u.text.WriteString("#EXTM3U\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-TARGETDURATION:2\n")
	for i := range segments {
		u.segment(fmt.Sprintf("s%d.ts", i))
	}
	u.list()
	return u
}

func (u *upgrade) segment(name string) {
	u.disk.write(name, []byte("segment "+name), false)
	u.names = append(u.names, name)
	u.text.WriteString("#EXTINF:2,\n" + name + "\n")
	time.Sleep(time.Millisecond)
}

func (u *upgrade) list() { u.disk.write("x.m3u8", []byte(u.text.String()), false) }

// ship lets a process find what is there, and the packager finish one more segment at once. It returns how long that took
// until it was listed, and how many bytes were read before that, and in all.
func (u *upgrade) ship(next string, notes bool) (listed time.Duration, early, read int64) {
	u.Helper()
	u.puts = map[string]int{}
	u.disk.read.Store(0)
	var store store.Store = u.memory
	if u.hidden {
		store = u.store
	}
	logged, err := run(u.T, u.Context(), store, func(c *uploader.Config) {
		if notes {
			u.notes.mu.Lock()
			defer u.notes.mu.Unlock()
			c.Notes = u.notes.process(u.Context(), 0)
		}
	}, func(facts chan<- hls.File) {
		for _, name := range append(u.names, "x.m3u8") {
			f, _ := u.disk.fact(u.Context(), name, true)
			facts <- f
		}
		u.segment(next)
		u.list()
		began := time.Now()
		for _, name := range []string{next, "x.m3u8"} {
			f, _ := u.disk.fact(u.Context(), name, false)
			facts <- f
		}
		for !strings.Contains(string(u.memory.Contents()["live/x.m3u8"]), next) && time.Since(began) < time.Minute {
			time.Sleep(time.Millisecond)
		}
		listed, early = time.Since(began), u.disk.read.Load()
		time.Sleep(20 * time.Second)
	})
	if err != nil {
		u.Errorf("run: %v: %s", err, logged)
	}
	return listed, early, u.disk.read.Load()
}

// TestRunReadsWhatIsNotNoted restarts in the middle of an EVENT stream. What is noted is not read, and in doubt it is.
func TestRunReadsWhatIsNotNoted(t *testing.T) {
	t.Parallel()
	put := func(u *upgrade, name, text string) {
		_, err := u.memory.Put(u.Context(), store.Object{Key: "live/" + name, Body: strings.NewReader(text), Size: int64(len(text))})
		if err != nil {
			u.Fatal(err)
		}
	}
	tests := map[string]struct {
		meanwhile func(u *upgrade) // while nothing runs
		without   bool             // the process has no notes
		stored    []string         // beside the next segment and its list; nil for all
		waits     bool             // the next segment may be listed late
		reads     bool
	}{
		"nothing happened":                 {stored: []string{}},
		"no notes":                         {without: true, stored: []string{}, reads: true, waits: true},
		"notes lost":                       {meanwhile: func(u *upgrade) { u.notes.mu.Lock(); defer u.notes.mu.Unlock(); clear(u.notes.all) }, stored: []string{}, reads: true, waits: true},
		"a segment was rewritten":          {meanwhile: func(u *upgrade) { u.disk.write("s7.ts", []byte("SEGMENT s7.ts"), false) }, stored: []string{"s7.ts"}, waits: true},
		"a segment was rewritten in place": {meanwhile: func(u *upgrade) { u.disk.write("s7.ts", []byte("SEGMENT s7.ts"), true) }, stored: []string{"s7.ts"}, waits: true},
		"an object was deleted":            {meanwhile: func(u *upgrade) { u.memory.Remove("live/s7.ts") }, stored: []string{"s7.ts"}},
		"objects were deleted":             {meanwhile: func(u *upgrade) { u.memory.Remove("live/s7.ts"); u.memory.Remove("live/s9.ts") }, stored: []string{"s7.ts", "s9.ts"}},
		"an object was replaced":           {meanwhile: func(u *upgrade) { put(u, "s7.ts", "SEGMENT s7.ts") }, stored: []string{"s7.ts"}},
		"an object was cut":                {meanwhile: func(u *upgrade) { put(u, "s7.ts", "SEG") }, stored: []string{"s7.ts"}},
		"the list was deleted":             {meanwhile: func(u *upgrade) { u.memory.Remove("live/x.m3u8") }, stored: []string{}, waits: true},
		"the bucket was made anew":         {meanwhile: func(u *upgrade) { u.memory.Clear() }, waits: true},
	}
	for name, tt := range tests {
		for _, hidden := range []bool{false, true} {
			for _, segments := range []int{20, 300} {
				t.Run(fmt.Sprintf("%s, opaque %v, %d segments", name, hidden, segments), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						u := newUpgrade(t, segments, hidden)
						u.disk.unseen = func(string) {}
						u.ship("first.ts", true)
						time.Sleep(time.Second)
						if tt.meanwhile != nil {
							tt.meanwhile(u)
						}
						listed, early, read := u.ship("next.ts", !tt.without)
						for _, name := range u.names {
							want := name == "next.ts" || tt.stored == nil
							for _, one := range tt.stored {
								want = want || name == one
							}
							if got := u.puts[name]; got > 1 || (got == 1) != want {
								t.Errorf("%s was stored %d times, want %v", name, got, want)
							}
							if n := u.disk.inode(name); n != nil && string(u.memory.Contents()["live/"+name]) != string(n.content) {
								t.Errorf("%s is not what is stored", name)
							}
						}
						whole := int64(len(u.names)) * int64(len("segment s7.ts"))
						if !tt.waits && (listed > 200*time.Millisecond || early > 20) {
							t.Errorf("the next segment was listed after %v and %d bytes read", listed, early)
						}
						if tt.stored != nil && !tt.reads && read > 100 {
							t.Errorf("%d of %d bytes were read", read, whole)
						}
						if tt.reads && !hidden && read < whole {
							t.Errorf("%d of %d bytes were read: nothing is measured", read, whole)
						}
					})
				})
			}
		}
	}
}
