package s3

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
)

// expectation is what shows that the success of a request is a store's. Any well-formed page of a portal would decode as a
// listing of nothing, which reads as an empty bucket.
type expectation struct {
	statuses []int  // the first is the one that minio-go knows
	root     string // the XML element that the answer begins with
	etag     bool   // the answer has an ETag
}

// expected returns what S3 answers to req. It depends on the request alone: one call of the Store may make several.
func expected(req *http.Request) expectation {
	q := req.URL.Query()
	document := func(root string) expectation { return expectation{statuses: []int{http.StatusOK}, root: root} }
	switch req.Method {
	case http.MethodDelete:
		return expectation{statuses: []int{http.StatusNoContent, http.StatusOK, http.StatusAccepted}}
	case http.MethodPost:
		if q.Has("uploads") {
			return document("InitiateMultipartUploadResult")
		}
		return document("CompleteMultipartUploadResult")
	case http.MethodPut:
		if req.Header.Get("X-Amz-Copy-Source") != "" {
			return document("CopyPartResult")
		}
		return expectation{statuses: []int{http.StatusOK, http.StatusCreated, http.StatusNoContent}, etag: true}
	case http.MethodGet:
		switch {
		case q.Has("list-type"):
			return document("ListBucketResult")
		case req.Header.Get("Range") != "":
			return expectation{statuses: []int{http.StatusOK, http.StatusPartialContent}, etag: true}
		}
	}
	return expectation{statuses: []int{http.StatusOK}, etag: true}
}

// expect fails unless the answer is the success of a store to that request, and makes its status the one that minio-go knows.
func expect(req *http.Request, resp *http.Response) error {
	e := expected(req)
	if !slices.Contains(e.statuses, resp.StatusCode) {
		return readAnswer(resp)
	}
	switch {
	case e.root != "":
		start, err := peek(resp, 1024)
		if err != nil {
			return err
		}
		if !bytes.Contains(start, []byte("<"+e.root)) {
			// S3 may find out that it failed after it has begun to answer with 200 (S3 CompleteMultipartUpload).
			ans := readAnswer(resp)
			ans.foreign = ans.code == ""
			return ans
		}
	case e.etag:
		// A weak one is that of the same bytes behind a proxy that compresses others: the store has but strong ones.
		etag := strings.TrimPrefix(resp.Header.Get("ETag"), "W/")
		if strings.Trim(etag, `"`) == "" {
			return foreign(resp)
		}
		resp.Header.Set("ETag", etag)
	default:
		start, err := peek(resp, 1)
		if err != nil {
			return err
		}
		if len(start) > 0 {
			return foreign(resp)
		}
	}
	resp.StatusCode = e.statuses[0]
	return nil
}

// peek returns the first bytes of an answer, at most n, which are read again later.
func peek(resp *http.Response, n int) ([]byte, error) {
	r := bufio.NewReaderSize(resp.Body, max(n, 16))
	start, err := r.Peek(n)
	if err != nil && err != io.EOF {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{r, resp.Body}
	return start, nil
}
