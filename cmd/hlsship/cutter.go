package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/recording"
	"github.com/hlsship/hlsship/uploader/store"
)

// errNoSession is about a folder with neither session.json nor an index.
var errNoSession = errors.New("the session has neither " + recording.SessionSummary + " nor an index: it was not recorded, or its name or the prefix is wrong")

// cutter reads of a session what a clip needs, and stores the clip. Of a session that is closed that is session.json and each of its playlists; of one that
// goes on the parts of its index.
type cutter struct {
	*recovery
	session string
	clip    recording.Clip
	extent  string // when the session was, as far as that is known

	chunks map[string][]time.Time // when those of the index were stored, by list and number; zero for what nobody dates
	sizes  map[string]int64       // of what the clip would name, below 0 for what is not stored, or not yet
}

// folder is what the keys of the session begin with.
func (c *cutter) folder() string { return c.prefix + c.session + "/" }

// run makes the clip.
func (c *cutter) run(ctx context.Context) (*recording.Made, error) {
	c.clip.Lists, c.clip.Masters = make(map[string]*recording.Recording), make(map[string][]byte)
	text, _, err := c.read(ctx, c.folder()+recording.SessionSummary, hls.MaxPlaylistSize)
	switch {
	case err == nil:
		err = c.closed(ctx, text)
	case store.KindOf(err) == store.NotFound:
		err = c.open(ctx)
	}
	if err != nil {
		return nil, err
	}
	made, err := c.clip.Make()
	if errors.Is(err, recording.ErrEmpty) && c.extent != "" {
		err = fmt.Errorf("%w; %s", err, c.extent)
	}
	if err != nil {
		return nil, err
	}
	for _, f := range made.Files {
		err := c.put(ctx, c.folder()+f.Path, f.Text, "")
		if errors.Is(err, errStoredMeanwhile) {
			err = fmt.Errorf("%w; choose another --name", err)
		}
		if err != nil {
			return nil, err
		}
	}
	return made, nil
}

// closed reads the playlists of a session that is closed.
func (c *cutter) closed(ctx context.Context, summary []byte) error {
	var s recording.Summary
	if err := json.Unmarshal(summary, &s); err != nil {
		return fmt.Errorf("read %s: %w", recording.SessionSummary, err)
	}
	if lasts := time.Duration(s.Duration * float64(time.Second)).Round(time.Second); !s.Begins.IsZero() {
		c.extent = fmt.Sprintf("the session begins at %s and lasts %v", s.Begins.UTC().Format(time.RFC3339), lasts)
	}
	var paths []string
	for _, l := range s.Lists {
		if l.Refused == "" {
			paths = append(paths, l.Path)
		}
	}
	masters := len(paths)
	for _, m := range s.Multivariants {
		if m.Refused == "" {
			paths = append(paths, m.Path)
		}
	}
	return c.each(ctx, len(paths), func(ctx context.Context, i int, lock *sync.Mutex) error {
		text, _, err := c.read(ctx, c.folder()+paths[i], hls.MaxPlaylistSize)
		if err != nil {
			return err
		}
		if i >= masters {
			lock.Lock()
			defer lock.Unlock()
			c.clip.Masters[paths[i]] = text
			return nil
		}
		r, err := recording.ReadClosed(text, paths[i])
		lock.Lock()
		defer lock.Unlock()
		c.clip.Lists[paths[i]] = r
		return err
	})
}

// open reads what the clip needs of the index, and of the published lists what no chunk has yet.
func (c *cutter) open(ctx context.Context) error {
	c.chunks = make(map[string][]time.Time)
	err := patient(ctx, func() error {
		clear(c.chunks)
		for o, err := range c.store.List(ctx, c.folder()+".index/") {
			if err != nil {
				return err
			}
			if list, n, ok := recording.ParseChunkName(strings.TrimPrefix(o.Key, c.folder())); ok {
				for len(c.chunks[list]) <= n {
					c.chunks[list] = append(c.chunks[list], o.Modified)
				}
				c.chunks[list][n] = o.Modified
			}
		}
		return nil
	})
	if err == nil && len(c.chunks) == 0 {
		err = errNoSession
	}
	if err != nil {
		return err
	}
	lists := slices.Sorted(maps.Keys(c.chunks))
	err = c.each(ctx, len(lists), func(ctx context.Context, i int, lock *sync.Mutex) error {
		r, master, err := c.part(ctx, lists[i])
		lock.Lock()
		defer lock.Unlock()
		if master != nil {
			c.clip.Masters[lists[i]] = master
		} else {
			c.clip.Lists[lists[i]] = r
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.look(ctx)
}

// part reads of the index of one list what the clip needs. master is the text of a multivariant playlist, which is no list.
func (c *cutter) part(ctx context.Context, list string) (r *recording.Recording, master []byte, err error) {
	times, index := c.chunks[list], recording.NewIndex(len(c.chunks[list]))
	seek := recording.NewSeek(times, c.clip.From, c.clip.To)
	fetch := func(n int) (text []byte, err error) {
		for number, ok := index.WantOf(n); ok; number, ok = index.WantOf(n) {
			text, _, err := c.read(ctx, c.folder()+recording.ChunkName(list, number), hls.MaxPlaylistSize)
			if err != nil && store.KindOf(err) != store.NotFound {
				return nil, err
			}
			if err := index.Took(number, text); errors.Is(err, recording.ErrVersion) {
				return nil, fmt.Errorf("read %s: %w", recording.ChunkName(list, number), err)
			}
		}
		return index.Chunk(n), nil
	}
	for n, ok := seek.Next(); ok; n, ok = seek.Next() {
		text, err := fetch(n)
		if err != nil {
			return nil, nil, err
		}
		if p, err := hls.Parse(text); err == nil && p.Kind == hls.MultivariantPlaylist {
			last, err := fetch(len(times) - 1)
			return nil, last, err
		}
		one := recording.New(list)
		_ = one.Add(text) // what cannot be read says nothing
		seek.Saw(n, one)
	}
	r = recording.New(list)
	from, to := seek.Needed()
	for n := range to {
		if n > 0 && n < from { // the first one says when the session began
			continue
		}
		text, err := fetch(n)
		if err != nil {
			return nil, nil, err
		}
		if err := r.Add(text); errors.Is(err, recording.ErrVersion) {
			return nil, nil, fmt.Errorf("read %s: %w", recording.ChunkName(list, n), err)
		}
	}
	if to == len(times) { // what comes behind the last chunk is published
		text, _, err := c.read(ctx, c.prefix+list, hls.MaxPlaylistSize)
		if err == nil {
			_, err = r.Join(text, c.session)
			r.Fill(nil) // nothing is missing where one name follows the other
		}
		if err != nil && ctx.Err() != nil {
			return nil, nil, err
		}
	}
	return r, nil, nil
}

// maxLooks is how many files are asked for one by one; to look for more of them is to list the folder.
const maxLooks = 1000

// look asks which of the files are stored that the clip would name: of a session that goes on some may be on their way.
func (c *cutter) look(ctx context.Context) error {
	asked := make(map[string]bool)
	c.clip.Stored = func(path string, _ int64) bool { asked[path] = true; return true }
	made, err := c.clip.Make()
	if err != nil {
		return err
	}
	named := make(map[string]bool)
	for _, f := range made.Files[:len(made.Lists)] {
		list, err := hls.Parse(f.Text)
		if err != nil {
			return err
		}
		for _, r := range list.References {
			if path, target := (hls.Site{}).Resolve(f.Path, r.URI); target == hls.Local && asked[path] {
				named[path] = true
			}
		}
	}
	paths := slices.Sorted(maps.Keys(named))
	c.sizes = make(map[string]int64, len(paths))
	for _, path := range paths {
		c.sizes[path] = -1
	}
	c.clip.Stored = func(path string, end int64) bool { n, ok := c.sizes[path]; return !ok || n >= end }
	if len(paths) > maxLooks {
		return c.survey(ctx)
	}
	return c.each(ctx, len(paths), func(ctx context.Context, i int, lock *sync.Mutex) error {
		info, found, err := c.find(ctx, c.folder()+paths[i])
		lock.Lock()
		defer lock.Unlock()
		if found {
			c.sizes[paths[i]] = info.Size
		}
		return err
	})
}

// survey lists the folder of the session for what look asks for.
func (c *cutter) survey(ctx context.Context) error {
	return patient(ctx, func() error {
		for o, err := range c.store.List(ctx, c.folder()) {
			if err != nil {
				return err
			}
			if path := strings.TrimPrefix(o.Key, c.folder()); c.sizes[path] < 0 {
				c.sizes[path] = o.Size
			}
		}
		return nil
	})
}
