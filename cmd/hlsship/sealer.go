package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/headers"
	"github.com/hlsship/hlsship/uploader/store"
)

// errStoredMeanwhile is about a file that somebody else stored.
var errStoredMeanwhile = errors.New("something else is stored there, and stays")

// sealer stores the files that close sessions and make clips, and never overwrites what it does not know.
type sealer struct {
	store  shelf
	policy *headers.Policy
	// conditional says that the store knows conditional writes.
	conditional bool
}

// read reads an object.
func (s sealer) read(ctx context.Context, key string, limit int64) (text []byte, info store.Info, err error) {
	err = patient(ctx, func() (err error) {
		text, info, _, err = s.store.Fetch(ctx, key, limit)
		return err
	})
	return text, info, err
}

// find says whether there is an object.
func (s sealer) find(ctx context.Context, key string) (info store.Info, found bool, err error) {
	err = patient(ctx, func() (err error) {
		info, err = s.store.Stat(ctx, key)
		return err
	})
	if err != nil && store.KindOf(err) == store.NotFound {
		return store.Info{}, false, nil
	}
	return info, err == nil, err
}

// put stores a text where there is nothing, or, with an ETag, where there is that. If somebody else stored the same text meanwhile that is as well.
func (s sealer) put(ctx context.Context, key string, text []byte, etag string) error {
	o := store.Object{Key: key, Body: bytes.NewReader(text), Size: int64(len(text)), IfMatch: etag, IfAbsent: etag == "", Priority: store.First}
	set := headers.Set{ContentType: "application/json", CacheControl: "no-cache"}
	if list, err := hls.Parse(text); err == nil {
		set = s.policy.Playlist(hls.File{Path: key, Kind: list.Kind, Playlist: list})
	}
	o.ContentType, o.CacheControl, o.Headers = set.ContentType, set.CacheControl, set.Further
	err := error(&store.Error{Op: "put", Key: key, Kind: store.Unsupported})
	if s.conditional {
		err = patient(ctx, func() error {
			_, err := s.store.Put(ctx, o)
			return err
		})
	}
	if err != nil && store.KindOf(err) == store.Unsupported {
		return s.putUnconditionally(ctx, o)
	}
	if err != nil && store.KindOf(err) == store.Precondition {
		return s.same(ctx, key, text)
	}
	return err
}

// same is nil if that text is stored there.
func (s sealer) same(ctx context.Context, key string, text []byte) error {
	is, _, err := s.read(ctx, key, hls.MaxPlaylistSize)
	if err == nil && !bytes.Equal(is, text) {
		err = fmt.Errorf("%s: %w", key, errStoredMeanwhile)
	}
	return err
}

// putUnconditionally asks before it stores.
func (s sealer) putUnconditionally(ctx context.Context, o store.Object) error {
	info, found, err := s.find(ctx, o.Key)
	if err != nil {
		return err
	}
	if found != (o.IfMatch != "") || info.ETag != o.IfMatch {
		text := make([]byte, o.Size)
		if _, err := o.Body.ReadAt(text, 0); err != nil {
			return err
		}
		return s.same(ctx, o.Key, text)
	}
	o.IfMatch, o.IfAbsent = "", false
	return patient(ctx, func() error {
		_, err := s.store.Put(ctx, o)
		return err
	})
}
