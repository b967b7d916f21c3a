package storetest

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hlsship/hlsship/uploader/store"
)

// uploads are the multipart uploads of a Server (S3 "Multipart upload").
type uploads struct {
	mu   sync.Mutex
	open map[string]*upload
}

// upload is one of them; its parts are by number.
type upload struct {
	object store.Object
	parts  map[int][]byte
}

// opOfUpload returns a Request.Op.
func opOfUpload(r *http.Request) string {
	switch {
	case r.Method == http.MethodPost && r.URL.Query().Has("uploads"):
		return "create"
	case r.Method == http.MethodPost:
		return "complete"
	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != "":
		return "copy"
	case r.Method == http.MethodPut:
		return "part"
	case r.Method == http.MethodDelete:
		return "abort"
	}
	return "other"
}

// answer answers a request about an upload.
func (u *uploads) answer(w http.ResponseWriter, r *Request) {
	if r.Op == "create" {
		u.create(w, r)
		return
	}
	id := r.URL.Query().Get("uploadId")
	u.mu.Lock()
	found := u.open[id]
	if r.Op == "abort" {
		delete(u.open, id)
	}
	u.mu.Unlock()
	switch {
	case found == nil:
		refuse(w, http.StatusNotFound, "NoSuchUpload", "The specified upload does not exist.", "")
	case r.Op == "abort":
		w.WriteHeader(http.StatusNoContent)
	case r.Op == "part":
		if content, ok := receive(w, r); ok {
			w.Header().Set("ETag", `"`+u.part(found, r, content)+`"`)
		}
	case r.Op == "copy":
		u.copy(w, r, found)
	default:
		u.complete(w, r, id, found)
	}
}

func (u *uploads) create(w http.ResponseWriter, r *Request) {
	id := rand.Text()
	u.mu.Lock()
	u.open[id] = &upload{parts: map[int][]byte{}, object: store.Object{
		Key: r.Key, ContentType: r.Header.Get("Content-Type"), CacheControl: r.Header.Get("Cache-Control"), Finished: finishedAt(r.Header.Get(finishedHeader)),
	}}
	u.mu.Unlock()
	writeXML(w, struct {
		XMLName               xml.Name `xml:"InitiateMultipartUploadResult"`
		Bucket, Key, UploadId string
	}{Bucket: r.Server.Bucket, Key: r.Key, UploadId: id})
}

// part keeps a part and returns its ETag.
func (u *uploads) part(of *upload, r *Request, content []byte) string {
	number, _ := strconv.Atoi(r.URL.Query().Get("partNumber"))
	u.mu.Lock()
	of.parts[number] = content
	u.mu.Unlock()
	sum := md5.Sum(content)
	return hex.EncodeToString(sum[:])
}

// copy is UploadPartCopy.
func (u *uploads) copy(w http.ResponseWriter, r *Request, to *upload) {
	source, err := url.PathUnescape(strings.TrimPrefix(r.Header.Get("X-Amz-Copy-Source"), "/"))
	key, ours := strings.CutPrefix(source, r.Server.Bucket+"/")
	e, missing := r.Server.Memory.lookup("get", key)
	if err != nil || !ours || missing != nil {
		refuse(w, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.", "")
		return
	}
	if want := r.Header.Get("X-Amz-Copy-Source-If-Match"); want != "" && unquoted(want) != e.etag {
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", "")
		return
	}
	first, last := 0, len(e.content)-1
	if spec := r.Header.Get("X-Amz-Copy-Source-Range"); spec != "" {
		if _, err := fmt.Sscanf(spec, "bytes=%d-%d", &first, &last); err != nil || first < 0 || last >= len(e.content) || first > last {
			refuse(w, http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The range is not satisfiable", "")
			return
		}
	}
	writeXML(w, struct {
		XMLName            xml.Name `xml:"CopyPartResult"`
		ETag, LastModified string
	}{ETag: `"` + u.part(to, r, e.content[first:last+1]) + `"`, LastModified: r.Server.Memory.clock().UTC().Format("2006-01-02T15:04:05.000Z")})
}

// complete is CompleteMultipartUpload. Its ETag is that of Amazon: the MD5 of the parts' MD5 sums, and how many there are.
func (u *uploads) complete(w http.ResponseWriter, r *Request, id string, of *upload) {
	var list struct{ Part []struct{ PartNumber int } }
	if err := xml.NewDecoder(r.Body).Decode(&list); err != nil || len(list.Part) == 0 {
		refuse(w, http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed", "")
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	var content, sums []byte
	for i, p := range list.Part {
		part, there := of.parts[p.PartNumber]
		switch {
		case !there:
			refuse(w, http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found.", "")
			return
		case i < len(list.Part)-1 && len(part) < leastPart:
			refuse(w, http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size", "")
			return
		}
		sum := md5.Sum(part)
		content, sums = slices.Concat(content, part), append(sums, sum[:]...)
	}
	o := of.object
	o.Size, o.IfMatch, o.IfAbsent = int64(len(content)), unquoted(r.Header.Get("If-Match")), r.Header.Get("If-None-Match") == "*"
	etag, err := r.Server.Memory.replace(r.Context(), o, content, fmt.Sprintf("%x-%d", md5.Sum(sums), len(list.Part)))
	if err != nil {
		refuseStored(w, err)
		return
	}
	delete(u.open, id)
	writeXML(w, struct {
		XMLName           xml.Name `xml:"CompleteMultipartUploadResult"`
		Bucket, Key, ETag string
	}{Bucket: r.Server.Bucket, Key: r.Key, ETag: `"` + etag + `"`})
}
