package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7"

	"github.com/hlsship/hlsship/uploader/store"
)

// Reply is what a server answered to a call that failed.
type Reply struct {
	// Status is the HTTP status; Code is S3's error code ("List of error codes"), empty if the answer had none.
	Status int
	Code   string
	// Region is the bucket's, where the answer names it.
	Region string
	// Foreign is true for an answer that no S3 store gives, such as a login page's.
	Foreign bool
}

// ReplyTo returns what the server answered to the call of a Store that returned err; ok is false if there was
// no answer.
func ReplyTo(err error) (r Reply, ok bool) {
	a, ok := errors.AsType[*answer](err)
	if !ok {
		return Reply{}, false
	}
	return Reply{Status: a.status, Code: a.code, Region: a.region, Foreign: a.foreign}, true
}

// URL returns the host that the bucket's requests go to, without a path. Its errors are those of Open about Endpoint, Region and
// Addressing.
func (c Config) URL() (*url.URL, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	at, err := c.address()
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: at.scheme, Host: at.host, Path: "/"}, nil
}

// Region returns what requests are signed for.
func (s *Store) Region() string { return s.region }

// Address returns the object's URL as a player without credentials would ask for it.
func (s *Store) Address(key string) *url.URL { return s.transport.at.url("/" + key) }

// Inspect returns the headers with which the store answers to GetObject, asked from a page of that origin (CORS,
// Fetch standard §3.2). The body is read and dropped.
func (s *Store) Inspect(ctx context.Context, key, origin string) (http.Header, error) {
	r := request{op: "get", key: key}
	a := newAttempt(ctx, s.bound(key))
	defer a.end()
	var opts minio.GetObjectOptions
	opts.Set("Origin", origin)
	body, _, header, err := s.core.GetObject(a.ctx, s.bucket, key, opts)
	if err := a.failure(err); err != nil {
		return nil, s.failed(ctx, r, err)
	}
	defer body.Close()
	_, err = io.Copy(io.Discard, body)
	if err := a.failure(err); err != nil {
		return nil, s.failed(ctx, r, err)
	}
	return header, nil
}

// Fetch is Get with the headers that the object is served with.
func (s *Store) Fetch(ctx context.Context, key string, limit int64) ([]byte, store.Info, http.Header, error) {
	r := request{op: "get", key: key}
	a := newAttempt(ctx, s.bound(key))
	defer a.end()
	body, info, header, err := s.core.GetObject(a.ctx, s.bucket, key, minio.GetObjectOptions{})
	if err := a.failure(err); err != nil {
		return nil, store.Info{}, nil, s.failed(ctx, r, err)
	}
	defer body.Close()
	if info.Size > limit {
		return nil, store.Info{}, nil, s.classified(r, tooLarge(limit))
	}
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err := a.failure(err); err != nil {
		return nil, store.Info{}, nil, s.failed(ctx, r, err)
	}
	if int64(len(data)) > limit {
		return nil, store.Info{}, nil, s.classified(r, tooLarge(limit))
	}
	s.succeeded(key)
	s.exists.Store(true)
	return data, a.info(key, int64(len(data)), info), header, nil
}

// Look is Stat with the headers that the object is served with, among them the checksum that the store keeps, if it does (S3
// HeadObject, x-amz-checksum-mode). It asks with HEAD alone.
func (s *Store) Look(ctx context.Context, key string) (store.Info, http.Header, error) {
	a := newAttempt(ctx, s.bound(key))
	defer a.end()
	o, err := s.core.StatObject(a.ctx, s.bucket, key, minio.StatObjectOptions{Checksum: true})
	if err := a.failure(err); err != nil {
		return store.Info{}, nil, s.failed(ctx, request{op: "stat", key: key}, err)
	}
	s.succeeded(key)
	s.exists.Store(true)
	return a.info(key, o.Size, o), a.answered(), nil
}

// Remove deletes an object (S3 DeleteObject). It is there for who checks a store and tidies up what he wrote:
// nothing that was shipped is ever deleted.
func (s *Store) Remove(ctx context.Context, key string) error {
	r := request{op: "delete", key: key}
	a := newAttempt(ctx, s.stall)
	defer a.end()
	if err := a.failure(s.core.RemoveObject(a.ctx, s.bucket, key, minio.RemoveObjectOptions{})); err != nil {
		return s.failed(ctx, r, err)
	}
	return nil
}
