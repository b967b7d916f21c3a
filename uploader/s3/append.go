package s3

import (
	"context"
	"crypto/fips140"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/hlsship/hlsship/uploader/store"
)

const (
	// copyPiece is the largest range of one UploadPartCopy: it takes the store a second or so, and the request
	// shows no progress meanwhile.
	copyPiece = 256 << 20
	// abandonTimeout bounds the end of an upload that failed.
	abandonTimeout = 5 * time.Second
)

// The second contract that this package fulfils.
var _ store.Appender = (*Store)(nil)

// Append makes the object again as a multipart upload: the store copies its own bytes and is sent the rest (S3
// UploadPartCopy). The upload of a call that failed is ended; if that fails too, the next Append for the key does it
// first, since a completion that comes late would take back what came after it.
func (s *Store) Append(ctx context.Context, o store.Object, from int64) (string, error) {
	r := request{op: "put", key: o.Key, conditional: true, ifMatch: true, appends: true}
	if from <= 0 || from >= o.Size || o.IfMatch == "" {
		return "", s.classified(r, &requestError{fmt.Sprintf("append behind %d of %d bytes", from, o.Size), ""})
	}
	if err := s.retryAbandoned(ctx, o.Key); err != nil {
		return "", s.failed(ctx, r, err)
	}
	a := newAttempt(ctx, s.bound(o.Key))
	defer a.end()
	a.headers = o.Headers // those of the object, which the completed upload takes over
	opts := minio.PutObjectOptions{ContentType: o.ContentType, CacheControl: o.CacheControl}
	if text := finishedText(o); text != "" {
		opts.UserMetadata = map[string]string{finishedKey: text}
	}
	id, err := s.core.NewMultipartUpload(a.ctx, s.bucket, o.Key, opts)
	if err := a.failure(err); err != nil {
		return "", s.putFailed(ctx, r, err)
	}
	etag, err := s.fill(ctx, o, from, id)
	if err != nil {
		s.abandon(ctx, o.Key, id)
		return "", s.putFailed(ctx, r, err)
	}
	s.succeeded(o.Key)
	return etag, nil
}

// fill puts the parts of an upload together.
func (s *Store) fill(ctx context.Context, o store.Object, from int64, id string) (etag string, err error) {
	var parts []minio.CompletePart
	for off := int64(0); off < from; {
		n := min(from-off, copyPiece)
		if rest := from - off - n; rest > 0 && rest < 5<<20 {
			n -= 5 << 20 // no part but the last may be smaller
		}
		part, err := s.copyPart(ctx, o, id, len(parts)+1, off, n)
		if err != nil {
			return "", err
		}
		parts = append(parts, part)
		off += n
	}
	part, err := s.sendPart(ctx, o, id, len(parts)+1, from)
	if err != nil {
		return "", err
	}
	a := newAttempt(ctx, s.bound(o.Key))
	defer a.end()
	info, err := s.core.CompleteMultipartUpload(a.ctx, s.bucket, o.Key, id, append(parts, part), minio.PutObjectOptions{})
	if err := a.failure(err); err != nil {
		return "", err
	}
	if info.ETag != "" {
		return info.ETag, nil
	}
	// Ceph 16 does not tell.
	stored, err := s.Stat(ctx, o.Key)
	if err == nil && stored.Size != o.Size {
		err = errors.New("the store completed the upload, and holds something else")
	}
	return stored.ETag, err
}

// copyPart has the store copy length bytes of the object, if it is the one that is meant.
func (s *Store) copyPart(ctx context.Context, o store.Object, id string, number int, off, length int64) (minio.CompletePart, error) {
	a := newAttempt(ctx, s.bound(o.Key))
	defer a.end()
	meant := map[string]string{"x-amz-copy-source-if-match": o.IfMatch}
	part, err := s.core.CopyObjectPart(a.ctx, s.bucket, o.Key, s.bucket, o.Key, id, number, off, length, meant)
	return part, a.failure(err)
}

// sendPart sends what is behind from. Content-MD5 guards it whatever the checksum of whole objects is, as a part's own must
// have been announced for the whole upload; where MD5 cannot be had, the signature covers the part.
func (s *Store) sendPart(ctx context.Context, o store.Object, id string, number int, from int64) (minio.CompletePart, error) {
	tail := store.Object{Key: o.Key, Body: offset{o, from}, Size: o.Size - from, Pace: o.Pace}
	checksum, signed := ChecksumMD5, s.payload
	switch {
	case s.sums.now() == ChecksumNone:
		checksum = ChecksumNone
	case s.transport.session != nil || fips140.Enforced():
		checksum, signed = ChecksumNone, true
	}
	sum, err := digestOf(ctx, tail, checksum, signed)
	if err != nil {
		return minio.CompletePart{}, err
	}
	if err := turn(ctx, tail); err != nil {
		return minio.CompletePart{}, err
	}
	a := newAttempt(ctx, s.bound(o.Key))
	a.payload = sum.sha256
	a.body = newBody(a.ctx, tail)
	defer a.end()
	part, err := s.core.PutObjectPart(a.ctx, s.bucket, o.Key, id, number, a.body, tail.Size,
		minio.PutObjectPartOptions{Md5Base64: sum.md5, DisableContentSha256: true})
	if err := a.failure(err); err != nil {
		return minio.CompletePart{}, err
	}
	return minio.CompletePart{PartNumber: number, ETag: part.ETag}, nil
}

// offset is the body of o from a byte on.
type offset struct {
	o    store.Object
	from int64
}

func (b offset) ReadAt(p []byte, off int64) (int, error) { return b.o.Body.ReadAt(p, b.from+off) }

// abandon ends an upload that failed, or leaves that for later.
func (s *Store) abandon(ctx context.Context, key, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonTimeout)
	defer cancel()
	if s.abort(ctx, key, id) != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.abandoned[key] = append(s.abandoned[key], id)
	}
}

// retryAbandoned ends the uploads of key that could not be ended before.
func (s *Store) retryAbandoned(ctx context.Context, key string) error {
	s.mu.Lock()
	ids := slices.Clone(s.abandoned[key])
	s.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	for _, id := range ids {
		if err := s.abort(ctx, key, id); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.abandoned, key)
	return nil
}

// abort ends an upload (S3 AbortMultipartUpload). One that the store does not know is ended.
func (s *Store) abort(ctx context.Context, key, id string) error {
	a := newAttempt(ctx, s.stall)
	defer a.end()
	err := a.failure(s.core.AbortMultipartUpload(a.ctx, s.bucket, key, id))
	if ans, ok := errors.AsType[*answer](err); ok && ans.code == "NoSuchUpload" {
		return nil
	}
	return err
}
