package s3

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
)

// expect fails unless the answer is the success of a store to that request: one about an object has its ETag, one that is a
// document begins with its root element. Any well-formed page of a portal would decode as a listing of nothing, which
// reads as an empty bucket.
func expect(req *http.Request, resp *http.Response) error {
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return readAnswer(resp)
	}
	if req.Method == http.MethodDelete {
		resp.StatusCode = http.StatusNoContent // S3's own, which minio-go wants; it tells nothing
		return nil
	}
	root := rootOf(req)
	if root == "" {
		if strings.Trim(resp.Header.Get("ETag"), `"`) == "" {
			return foreign(resp)
		}
		resp.StatusCode = http.StatusOK // some say 201 or 204, which minio-go takes for a failure
		return nil
	}
	const head = 1024
	r := bufio.NewReaderSize(resp.Body, head)
	start, err := r.Peek(head)
	if err != nil && err != io.EOF {
		return err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{r, resp.Body}
	if bytes.Contains(start, []byte("<"+root)) {
		return nil
	}
	// S3 may find out that it failed after it has begun to answer with 200 (S3 CompleteMultipartUpload).
	ans := readAnswer(resp)
	ans.foreign = ans.code == ""
	return ans
}

// rootOf returns the XML element that the answer to a request begins with, "" if it is about an object and has an ETag.
func rootOf(req *http.Request) string {
	query := req.URL.Query()
	switch {
	case query.Has("list-type"):
		return "ListBucketResult"
	case query.Has("uploads"):
		return "InitiateMultipartUploadResult"
	case query.Has("uploadId") && req.Method == http.MethodPost:
		return "CompleteMultipartUploadResult"
	case query.Has("uploadId") && req.Header.Get("X-Amz-Copy-Source") != "":
		return "CopyPartResult"
	}
	return ""
}
