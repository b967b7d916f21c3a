package storetest

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// finishedHeader is where hlsship keeps Object.Finished.
const finishedHeader = "X-Amz-Meta-Mtime"

// answerObject does what a store without any quirk does.
func answerObject(w http.ResponseWriter, r *Request) {
	w.Header().Set("X-Amz-Request-Id", "0123456789ABCDEF")
	switch {
	case r.Header.Get("Authorization") == "":
		refuse(w, http.StatusForbidden, "AccessDenied", "Access Denied", "")
	case r.Op == "put":
		putObject(w, r)
	case r.Op == "get" || r.Op == "head":
		getObject(w, r)
	case r.Op == "list":
		listObjects(w, r)
	case r.Op == "delete":
		r.Server.Memory.Remove(r.Key)
		w.WriteHeader(http.StatusNoContent)
	case r.Op == "other":
		refuse(w, http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist", "")
	default:
		r.Server.uploads.answer(w, r)
	}
}

// putObject is PutObject.
func putObject(w http.ResponseWriter, r *Request) {
	content, ok := receive(w, r)
	if !ok {
		return
	}
	o := store.Object{
		Key: r.Key, Body: bytes.NewReader(content), Size: int64(len(content)),
		ContentType: r.Header.Get("Content-Type"), CacheControl: r.Header.Get("Cache-Control"),
		IfMatch: unquoted(r.Header.Get("If-Match")), IfAbsent: r.Header.Get("If-None-Match") == "*",
		Finished: finishedAt(r.Header.Get(finishedHeader)),
	}
	etag, err := r.Server.Memory.Put(r.Context(), o)
	if err != nil {
		refuseStored(w, err)
		return
	}
	w.Header().Set("ETag", `"`+etag+`"`)
}

// refuseStored says why the Memory took nothing.
func refuseStored(w http.ResponseWriter, err error) {
	if store.KindOf(err) == store.Precondition {
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", "")
		return
	}
	refuse(w, http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.", "")
}

// receive reads a body and verifies what the client says of it.
func receive(w http.ResponseWriter, r *Request) (content []byte, ok bool) {
	var body io.Reader = r.Body
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		body = &unchunked{from: bufio.NewReader(r.Body)}
	}
	content, err := io.ReadAll(body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header", "")
		return nil, false
	}
	sum := md5.Sum(content)
	crc := binary.BigEndian.AppendUint32(nil, crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)))
	for header, want := range map[string][]byte{"Content-Md5": sum[:], "X-Amz-Checksum-Crc32c": crc} {
		if got := r.Header.Get(header); got != "" && got != base64.StdEncoding.EncodeToString(want) {
			refuse(w, http.StatusBadRequest, "BadDigest", "The "+header+" you specified did not match what we received.", "")
			return nil, false
		}
	}
	return content, true
}

// unchunked reads a body of signed chunks (S3 "Transferring payload in multiple chunks"); what trails it is not looked at.
type unchunked struct {
	from *bufio.Reader
	rest int64
	over bool
}

func (u *unchunked) Read(p []byte) (int, error) {
	if u.over {
		return 0, io.EOF
	}
	if u.rest == 0 {
		line, err := u.from.ReadString('\n')
		if err != nil {
			return 0, io.ErrUnexpectedEOF
		}
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		if u.rest, err = strconv.ParseInt(size, 16, 64); err != nil {
			return 0, fmt.Errorf("size of a chunk: %w", err)
		}
		if u.over = u.rest == 0; u.over {
			return 0, io.EOF
		}
	}
	n, err := u.from.Read(p[:min(int64(len(p)), u.rest)])
	if u.rest -= int64(n); u.rest == 0 && err == nil {
		_, err = u.from.Discard(len("\r\n"))
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// getObject is GetObject, or HeadObject.
func getObject(w http.ResponseWriter, r *Request) {
	e, err := r.Server.Memory.lookup(r.Op, r.Key)
	if err != nil {
		if r.Op == "head" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		refuse(w, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.", "")
		return
	}
	h := w.Header()
	h.Set("ETag", `"`+e.etag+`"`)
	h.Set("Content-Type", e.contentType)
	h.Set("Cache-Control", e.cacheControl)
	h.Set("Last-Modified", e.modified.UTC().Format(http.TimeFormat))
	h.Set("Content-Length", strconv.Itoa(len(e.content)))
	if !e.finished.IsZero() {
		h.Set(finishedHeader, fmt.Sprintf("%d.%09d", e.finished.Unix(), e.finished.Nanosecond()))
	}
	if r.Op == "get" {
		_, _ = w.Write(e.content)
	}
}

// listedPage is one page of ListObjectsV2.
type listedPage struct {
	XMLName                         xml.Name `xml:"ListBucketResult"`
	Name, Prefix                    string
	KeyCount, MaxKeys               int
	IsTruncated                     bool
	NextContinuationToken, StartKey string `xml:",omitempty"`
	EncodingType                    string `xml:",omitempty"`
	Contents                        []listedObject
}

type listedObject struct {
	Key, LastModified, ETag string
	Size                    int
}

// listObjects is ListObjectsV2. A continuation token is the last key of the page before.
func listObjects(w http.ResponseWriter, r *Request) {
	query := r.URL.Query()
	page := listedPage{Name: r.Server.Bucket, Prefix: url.QueryEscape(r.Key), MaxKeys: 1000, EncodingType: "url"}
	if n, err := strconv.Atoi(query.Get("max-keys")); err == nil && n > 0 {
		page.MaxKeys = min(n, page.MaxKeys)
	}
	m := r.Server.Memory
	m.mu.Lock()
	objects := maps.Clone(m.objects)
	m.mu.Unlock()
	last := ""
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		if !strings.HasPrefix(key, r.Key) || key <= query.Get("continuation-token") {
			continue
		}
		if page.KeyCount == page.MaxKeys {
			page.IsTruncated, page.NextContinuationToken = true, last
			break
		}
		e := objects[key]
		page.KeyCount++
		page.Contents = append(page.Contents, listedObject{url.QueryEscape(key), e.modified.UTC().Format(time.RFC3339), `"` + e.etag + `"`, len(e.content)})
		last = key
	}
	writeXML(w, page)
}

func writeXML(w http.ResponseWriter, document any) {
	w.Header().Set("Content-Type", "application/xml")
	_, _ = io.WriteString(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(document)
}

func unquoted(etag string) string { return strings.Trim(etag, `"`) }

// finishedAt reads seconds with nine decimals; zero if there are none.
func finishedAt(text string) time.Time {
	whole, decimals, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	nanoseconds, bad := strconv.ParseInt(decimals, 10, 64)
	if err != nil || bad != nil || len(decimals) != 9 {
		return time.Time{}
	}
	return time.Unix(seconds, nanoseconds)
}
