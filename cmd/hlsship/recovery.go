package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/salvage"
	"github.com/hlsship/hlsship/uploader/recording"
	"github.com/hlsship/hlsship/uploader/store"
)

// The states in which recover finds or puts sessions.
const (
	stateClosed    = "closed"
	stateUnchanged = "unchanged"
	stateLive      = "live"
	stateUnknown   = "unknown"
	stateFailed    = "failed"
)

// shelf is the store in which recordings stand. An s3.Store is one.
type shelf interface {
	List(ctx context.Context, prefix string) iter.Seq2[store.Info, error]
	Folder(ctx context.Context, prefix string) iter.Seq2[store.Info, error]
	Fetch(ctx context.Context, key string, limit int64) ([]byte, store.Info, http.Header, error)
	Stat(ctx context.Context, key string) (store.Info, error)
	Put(ctx context.Context, o store.Object) (etag string, err error)
}

// salvagedResult is what became of one session, as it stands in the JSON document.
type salvagedResult struct {
	Session string `json:"session"`
	State   string `json:"state"`
	Why     string `json:"why,omitempty"`
	// Files are those that close it, in the order in which they are stored.
	Files []actedFile `json:"files,omitempty"`
	// Joined and Filled are how many segments the published lists alone named, and nobody saw listed. Unlisted is how many files no list names.
	Joined   int                `json:"joined"`
	Filled   int                `json:"filled"`
	Unlisted int                `json:"unlisted"`
	Unread   []salvage.Unread   `json:"unread,omitempty"`
	Summary  *recording.Summary `json:"summary,omitempty"`
}

// actedFile is a file with what became of it.
type actedFile struct {
	Path string      `json:"path"`
	Act  salvage.Act `json:"act"`
}

// recovery feeds salvage.Sessions, and does what they say.
type recovery struct {
	sealer
	prefix  string
	workers int
	// silence is for how long nothing was stored of what is over, and dry says that nothing is to be stored.
	silence time.Duration
	dry     bool

	heard []*salvage.Published
	found int // how many sessions there are
}

// run closes the session of that name, if there is one, or with "" all that need it.
func (r *recovery) run(ctx context.Context, name string) (all []salvagedResult, err error) {
	names, lists, err := r.walk(ctx)
	if err != nil {
		return nil, err
	}
	if r.found = len(names); name != "" {
		names = slices.DeleteFunc(names, func(one string) bool { return one != name })
	}
	if err := r.hear(ctx, lists); err != nil {
		return nil, err
	}
	all = []salvagedResult{}
	for _, one := range names {
		if name == "" {
			_, found, err := r.find(ctx, r.prefix+one+"/"+recording.SessionSummary)
			if err != nil {
				return all, err
			}
			if found {
				continue
			}
		}
		result, err := r.session(ctx, one)
		if ctx.Err() != nil {
			return all, ctx.Err()
		}
		if err != nil {
			result.State, result.Why = stateFailed, err.Error()
		}
		if result.State != "" {
			all = append(all, result)
		}
	}
	return all, nil
}

// maxFolders bounds how many folders are looked into for published playlists.
const maxFolders = 10_000

// walk finds the sessions and the playlists that are published, folder by folder, so that what is in the sessions is not listed.
func (r *recovery) walk(ctx context.Context) (sessions, lists []string, err error) {
	folders := []string{""}
	for n := 0; n < len(folders); n++ {
		if n == maxFolders {
			return nil, nil, fmt.Errorf("below %q there are more than %d folders: name the prefix that hlsship ships to", r.prefix, maxFolders)
		}
		var below, found []string
		err := patient(ctx, func() error {
			below, found = nil, nil
			for o, err := range r.store.Folder(ctx, r.prefix+folders[n]) {
				if err != nil {
					return err
				}
				at := strings.TrimPrefix(o.Key, r.prefix)
				switch folder := strings.HasSuffix(at, "/"); {
				case folder && isSession(path.Base(at)):
					if n == 0 { // others are below another prefix
						sessions = append(sessions, path.Base(at))
					}
				case folder && path.Base(at)[0] != '.' && at != folders[n]:
					below = append(below, at)
				case !folder && hls.Classify(at) == hls.MediaPlaylist:
					found = append(found, at)
				}
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
		folders, lists = append(folders, below...), append(lists, found...)
	}
	slices.Sort(sessions)
	return slices.Compact(sessions), lists, nil
}

// hear reads the playlists that are published, and keeps what the multivariant ones say, and which sessions the others name.
func (r *recovery) hear(ctx context.Context, lists []string) error {
	return r.each(ctx, len(lists), func(ctx context.Context, i int, lock *sync.Mutex) error {
		p, err := r.published(ctx, lists[i])
		lock.Lock()
		defer lock.Unlock()
		if p != nil {
			if !p.Multivariant() {
				p.Text = nil // which may be megabytes
			}
			r.heard = append(r.heard, p)
		}
		return err
	})
}

// published reads a playlist that is published; nil for what is none.
func (r *recovery) published(ctx context.Context, list string) (*salvage.Published, error) {
	text, info, err := r.read(ctx, r.prefix+list, hls.MaxPlaylistSize)
	if err != nil {
		if kind := store.KindOf(err); kind == store.NotFound || kind == store.Permanent { // the latter is larger than any playlist
			return nil, nil
		}
		return nil, err
	}
	p, err := salvage.ReadPublished(list, text, info.Modified)
	if err != nil {
		return nil, nil //nolint:nilerr // it says nothing
	}
	return p, nil
}

// recall tells a session what is published of it now.
func (r *recovery) recall(ctx context.Context, s *salvage.Session, name string) error {
	for _, p := range r.heard {
		if p.Names(name) {
			var err error
			if p, err = r.published(ctx, p.Path); err != nil {
				return err
			}
		}
		if p != nil {
			s.Heard(p)
		}
	}
	return nil
}

// each calls act with every number below n, several at once, until one fails.
func (r *recovery) each(ctx context.Context, n int, act func(ctx context.Context, i int, lock *sync.Mutex) error) error {
	var lock sync.Mutex
	g, working := errgroup.WithContext(ctx)
	g.SetLimit(max(r.workers, 1))
	for i := range n {
		g.Go(func() error { return act(working, i, &lock) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// session closes one.
func (r *recovery) session(ctx context.Context, name string) (salvagedResult, error) {
	out := salvagedResult{Session: name}
	var s *salvage.Session
	err := patient(ctx, func() error {
		s = salvage.New(name)
		for o, err := range r.store.List(ctx, r.prefix+name+"/") {
			if err == nil {
				err = s.Listed(strings.TrimPrefix(o.Key, r.prefix+name+"/"), o)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || s.Empty() {
		return out, err
	}
	if err := r.recall(ctx, s, name); err != nil {
		return out, err
	}
	if out.Why = s.Live(time.Now(), r.silence); out.Why != "" {
		out.State = stateLive
		out.Why += fmt.Sprintf("; it is over once that was %v ago (--record-end), or with EXT-X-ENDLIST", r.silence)
		return out, nil
	}
	if err := r.index(ctx, s, r.prefix+name+"/"); err != nil {
		return out, err
	}
	c, err := s.Close(time.Now())
	switch {
	case errors.Is(err, salvage.ErrUnlisted), errors.Is(err, recording.ErrEmpty):
		out.State, out.Why = stateUnknown, unlistedWhy(s, err)
		return out, nil
	case err != nil:
		return out, err
	}
	out.Joined, out.Filled, out.Unlisted, out.Unread, out.Summary = c.Joined, c.Filled, c.Unlisted, c.Unread, &c.Summary
	return out, r.seal(ctx, r.prefix+name+"/", c, &out)
}

// index reads the index.
func (r *recovery) index(ctx context.Context, s *salvage.Session, folder string) error {
	for paths := s.Chunks(); len(paths) > 0; paths = s.Chunks() {
		texts, wrong := make([][]byte, len(paths)), make([]error, len(paths))
		err := r.each(ctx, len(paths), func(ctx context.Context, i int, _ *sync.Mutex) error {
			var err error
			texts[i], _, err = r.read(ctx, folder+paths[i], hls.MaxPlaylistSize)
			if kind := store.KindOf(err); err != nil && (kind == store.NotFound || kind == store.Permanent) {
				wrong[i], err = err, nil
			}
			return err
		})
		if err != nil {
			return err
		}
		for i, at := range paths {
			if wrong[i] != nil {
				s.Lost(at, wrong[i])
				continue
			}
			if err := s.Read(at, texts[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// seal stores what closes a session. Nothing is stored if anything is refused.
func (r *recovery) seal(ctx context.Context, folder string, c *salvage.Closing, out *salvagedResult) error {
	var judge salvage.Judge
	etags := make([]string, len(c.Files))
	for i, f := range c.Files {
		var is []byte
		if etag, ok := c.Stored(f.Path); ok {
			text, _, err := r.read(ctx, folder+f.Path, hls.MaxPlaylistSize)
			if err != nil && store.KindOf(err) != store.NotFound {
				return err
			}
			if is, etags[i] = text, etag; err == nil && is == nil {
				is = []byte{}
			}
		}
		act := judge.Act(f, is)
		out.Files = append(out.Files, actedFile{f.Path, act})
		if act == salvage.Refuse {
			return fmt.Errorf("%s is there already, and is not a part of what is known now, nor the other way round: it stays, and nothing was stored", f.Path)
		}
	}
	if out.State = stateUnchanged; judge.Changed() {
		out.State = stateClosed
	}
	if r.dry {
		return nil
	}
	for i, f := range c.Files {
		if out.Files[i].Act == salvage.Keep {
			continue
		}
		err := r.put(ctx, folder+f.Path, f.Text, etags[i])
		if errors.Is(err, errStoredMeanwhile) {
			err = r.settled(ctx, folder+f.Path, f, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// settled is nil if what somebody else stored meanwhile, who closed the session too, says no less; else the error.
func (r *recovery) settled(ctx context.Context, key string, f recording.File, err error) error {
	is, _, wrong := r.read(ctx, key, hls.MaxPlaylistSize)
	if wrong != nil {
		return wrong
	}
	if (&salvage.Judge{}).Act(f, is) == salvage.Keep {
		return nil
	}
	return err
}
