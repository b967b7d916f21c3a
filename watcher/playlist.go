package watcher

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"

	"github.com/hlsship/hlsship/hls"
)

// readPlaylist reads a playlist of the given size once. complete is false when the file turned out to
// be shorter. One that is too large is not read.
func readPlaylist(file *os.File, size int64) (content []byte, complete bool, err error) {
	if size > hls.MaxPlaylistSize {
		return nil, true, nil
	}
	content = make([]byte, size)
	if _, err := file.ReadAt(content, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	} else if err != nil {
		return nil, false, nil
	}
	return content, true, nil
}

// predecessor returns a file that a playlist names, that was closed before it and whose own fact is still to come, as a
// probe is repeated. One that grows has told what is finished of it. Who learnt of the playlist first would take it to mean the bytes that the name had before. nil if there is none.
func (r *run) predecessor(fact hls.File) *file {
	if r.retrying == 0 {
		return nil
	}
	for i := range fact.Playlist.References {
		at, target := hls.Resolve(fact.Path, fact.Playlist.References[i].URI)
		if target != hls.Local {
			continue
		}
		if in, name := r.locate(at); in != nil {
			if f := in.files[name]; f != nil && f.retrying && f.growth.told == 0 && f.path() != fact.Path {
				return f
			}
		}
	}
	return nil
}

// parse puts the content of a settled playlist into fact. It returns false when there is nothing to
// report: the bytes are those reported last, or they are no playlist.
func (r *run) parse(f *file, v view, fact *hls.File) bool {
	if v.version.Size == 0 {
		return false // it is between truncation and writing, or its writer was killed there
	}
	if v.version.Size > hls.MaxPlaylistSize {
		r.refuse(f, refusedSize, v.version, errors.New("the playlist is too large"))
		return false
	}
	if f.kind != hls.Manifest && !bytes.HasPrefix(v.content, []byte("#EXTM3U")) {
		r.refuse(f, refusedPlaylist, v.version, errors.New("a playlist begins with #EXTM3U"))
		return false
	}
	sum := sha256.Sum256(v.content)
	if sum == f.sum && f.reported != (hls.Version{}) && !f.forced {
		f.reported, f.touched, f.refused = v.version, 0, ""
		return false
	}
	playlist, err := hls.ParseFile(f.name, v.content)
	if err != nil {
		r.refuse(f, refusedPlaylist, v.version, err)
		return false
	}
	f.sum = sum
	fact.Kind, fact.Content, fact.Playlist = playlist.Kind, v.content, playlist
	return true
}
