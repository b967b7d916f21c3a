package s3

import (
	"cmp"
	"io"
	"net/http"
	"strings"

	"github.com/hlsship/hlsship/uploader/store"
)

// putObject sends o with one PutObject request, straight through the transport, and returns the ETag of the answer. minio-go first
// makes each request fit for any cloud, region, redirect and retry, of which the transport needs nothing, and for a small object that
// would be a third of the work of its PUT.
func (s *Store) putObject(a *attempt, o store.Object, sum digest) (etag string, err error) {
	req := &http.Request{
		Method: http.MethodPut, URL: s.transport.at.url("/" + o.Key), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: objectHeader(o, sum), ContentLength: o.Size,
	}
	if o.Size > 0 { // a body that is not nil and has no bytes would be sent in chunks
		req.Body = io.NopCloser(a.body)
	}
	resp, err := s.transport.send(a.ctx, req, a)
	if err != nil {
		return "", err
	}
	_, _ = io.Copy(io.Discard, resp.Body) // else the connection is not used again; what the answer says is known
	_ = resp.Body.Close()
	return strings.Trim(resp.Header.Get("ETag"), `"`), nil
}

// objectHeader returns the headers of the request that stores o, but for those of the caller and of the signature.
func objectHeader(o store.Object, sum digest) http.Header {
	h := make(http.Header, 16) // the others as well
	set := func(name, value string) {
		if value != "" {
			h[name] = []string{value}
		}
	}
	set("Content-Type", cmp.Or(o.ContentType, "application/octet-stream"))
	set("Cache-Control", o.CacheControl)
	set("Content-Md5", sum.md5)
	set("X-Amz-Checksum-Crc32c", sum.crc32c)
	set("X-Amz-Meta-"+finishedKey, finishedText(o))
	if o.IfMatch != "" {
		set("If-Match", `"`+o.IfMatch+`"`)
	}
	if o.IfAbsent {
		set("If-None-Match", "*")
	}
	return h
}
