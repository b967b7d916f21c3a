package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/hlsship/hlsship/hls"
)

// listPin is the pin of a playlist that an earlier process left.
type listPin struct {
	*entry
	version hls.Version // what its name says
}

// listFile is a file that playlists are pinned by: it is read once, however many they are.
type listFile struct {
	hls.Version
	manifest bool
}

// listText is what such a file says, or why it says nothing.
type listText struct {
	content  []byte
	playlist *hls.Playlist
	err      error
}

// errNoMemory says that a playlist takes more memory than there is for it.
var errNoMemory = errors.New("no memory for the playlist")

// playlists reads the playlists that were met. Of each only the newest that can be read is of use: what it supersedes will
// not be published. The newest of all come first, should there be no memory for every one.
func (r *recovery) playlists() {
	slices.SortStableFunc(r.lists, func(a, b listPin) int { return cmp.Compare(b.version.ModTime, a.version.ModTime) })
	taken, stays := map[string]bool{}, map[string]bool{}
	texts := map[listFile]*listText{}
	for _, p := range r.lists {
		switch {
		case taken[p.path]:
			r.remove(p.entry)
			r.superseded++
			continue
		case stays[p.path]: // older versions stay with the newer
			r.stay(hls.DroppedLater, p.path)
			continue
		}
		f, err := r.read(p, texts)
		switch {
		case err == nil:
			taken[p.path] = true
			r.add(p.entry, f)
		case unreadable(err):
			r.drop(p.where(), "path", p.path, "err", err)
		default:
			stays[p.path] = true
			r.stay(hls.DroppedLater, p.path)
		}
	}
	r.lists = nil
}

// unreadable reports whether a playlist cannot be read by the next process either.
func unreadable(err error) bool {
	return errors.Is(err, hls.ErrNotPlaylist) || errors.Is(err, hls.ErrTooLarge) || errors.Is(err, hls.ErrMalformed)
}

// read returns what a playlist's fact says, with its share of the memory.
func (r *recovery) read(p listPin, texts map[listFile]*listText) (f hls.File, err error) {
	size, memory := p.own.Size, r.spool.config.Memory
	if size > hls.MaxPlaylistSize {
		return f, fmt.Errorf("%w: %d bytes", hls.ErrTooLarge, size)
	}
	cost := hls.Cost(size, 0)
	if !memory.Fits(cost) {
		return f, errNoMemory
	}
	share, ok := memory.Take(cost)
	if !ok {
		return f, errNoMemory
	}
	file := listFile{p.own, hls.Classify(p.path) == hls.Manifest}
	t := texts[file]
	met := t != nil
	if !met {
		t = p.text(memory)
	}
	if err = t.err; err == nil && !share.Grow(hls.Cost(size, len(t.playlist.References))) {
		err = errNoMemory
	}
	switch {
	case err == nil:
		texts[file] = t
	case !met:
		texts[file] = &listText{err: err} // without the text, which nobody counts any more
	}
	if err != nil {
		share.Release()
		return f, err
	}
	return hls.File{Version: p.version, Content: t.content, Playlist: t.playlist, Share: share}, nil
}

// text reads the file of a pin, with as many references as there may be memory for.
func (p listPin) text(memory *hls.Account) *listText {
	file, err := p.open()
	if err != nil {
		return &listText{err: err}
	}
	defer file.Close() //nolint:errcheck // it was only read
	content := make([]byte, p.own.Size)
	if _, err := file.ReadAt(content, 0); err != nil && !errors.Is(err, io.EOF) {
		return &listText{err: err}
	}
	playlist, err := hls.ParseFile(p.path, content, hls.ParseOptions{Memory: memory})
	if errors.Is(err, hls.ErrTooLarge) {
		err = errNoMemory
	}
	if err != nil {
		return &listText{err: err}
	}
	return &listText{content: content, playlist: playlist}
}
