package storetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// natureQuirks are what stores are like by nature.
func natureQuirks() []Quirk {
	unknown := s3Error(http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented.")
	head := func(status int) func() Play { return always(when(ops("head"), noBody(status))) }
	appends := []Skip{{"append", "it knows no UploadPartCopy"}, {"append to another", "it knows no UploadPartCopy"}, {"append of a failing body", "it knows no UploadPartCopy"}}
	conditions := []Skip{{"if absent", "it knows no conditions"}, {"if match", "it knows no conditions"}, {"if match on missing", "it knows no conditions"}, {"if absent race", "it knows no conditions"}}
	return []Quirk{
		{Name: "a store like Amazon's", Play: always(func(w http.ResponseWriter, r *Request, next Next) { next(w, r) }), Conforms: true},
		{Name: "HEAD is refused, 405", Play: head(http.StatusMethodNotAllowed), Conforms: true, Skips: briefly()},
		{Name: "HEAD is refused, 403", Play: head(http.StatusForbidden), Conforms: true, Skips: briefly()},
		{Name: "HEAD is refused, 501", Play: head(http.StatusNotImplemented), Conforms: true, Skips: briefly()},
		{Name: "HEAD is refused, and PUTs are for two seconds", Lasts: passing, Play: func() Play {
			refusing := head(http.StatusMethodNotAllowed)()
			return func(w http.ResponseWriter, r *Request, next Next) {
				when((*Request).Writes, s3Error(http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate."))(w, r,
					func(w http.ResponseWriter, r *Request) { refusing(w, r, next) })
			}
		}},
		{Name: "weak ETags", Play: etags(func(e string) string { return `W/"` + e + `"` }, true), Conforms: true, Requests: 100,
			Skips: manySkips(Skip{"if match", "a weak ETag never matches"}, Skip{"append", "a weak ETag never matches"}, Skip{"append of a failing body", "a weak ETag never matches"}), Finding: "conditional-broken", Level: "warning"},
		{Name: "a quoted If-Match is refused", Play: always(when(func(r *Request) bool { return strings.Contains(r.Header.Get("If-Match"), `"`) },
			s3Error(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"))),
			Conforms: true, Skips: manySkips(Skip{"if match", "it refuses what it should accept"}), Requests: 100, Finding: "conditional-broken", Level: "warning"},
		{Name: "ETags that are no MD5 sums", Play: etags(func(e string) string { return `"` + opaque(e)[:40] + `"` }, false), Conforms: true, Skips: manySkips(), Finding: "etag-not-md5", Level: "note"},
		{Name: "ETags that look like MD5 sums", Play: etags(func(e string) string { return `"` + opaque(e)[:32] + `"` }, false), Lasts: settled, Refused: true, Cure: "checksum", Finding: "put-failed", Level: "error"},
		{Name: "CRC32C is not verified", Play: always(func(w http.ResponseWriter, r *Request, next Next) {
			r.Header.Del("X-Amz-Checksum-Crc32c")
			next(w, r)
		}), Conforms: true, Skips: briefly()},
		{Name: "CRC32C is refused, 501", Play: always(when(func(r *Request) bool { return r.Header.Get("X-Amz-Checksum-Crc32c") != "" }, unknown)), Conforms: true, Skips: briefly()},
		{Name: "PUT is answered 201", Play: status(http.StatusOK, http.StatusCreated), Conforms: true, Skips: briefly()},
		{Name: "PUT is answered 204", Play: status(http.StatusOK, http.StatusNoContent), Conforms: true, Skips: briefly()},
		{Name: "no conditional writes, 501", Play: always(when(conditional, unknown)), Conforms: true, Skips: append(briefly(), conditions...), Finding: "conditional-unknown", Level: "note"},
		{Name: "no conditional writes, in silence", Play: always(func(w http.ResponseWriter, r *Request, next Next) {
			r.Header.Del("If-Match")
			r.Header.Del("If-None-Match")
			next(w, r)
		}), Conforms: true, Skips: append(manySkips(), conditions...), Finding: "conditional-ignored", Level: "warning", Cure: "--conditional off"},
		{Name: "no multipart uploads", Play: always(when(ops("create", "part", "copy", "complete"), unknown)), Conforms: true, Skips: manySkips(appends...)},
		{Name: "an upload is completed without an ETag", Play: always(when(ops("complete"), rewritten(func(_ *Request, _ http.Header, body []byte) []byte {
			return regexp.MustCompile("<ETag>[^<]*</ETag>").ReplaceAll(body, nil)
		}))), Conforms: true, Skips: manySkips()},
		{Name: "UploadPartCopy ignores its condition", Play: always(when(ops("copy"), func(w http.ResponseWriter, r *Request, next Next) {
			r.Header.Del("X-Amz-Copy-Source-If-Match")
			next(w, r)
		})), Conforms: true, Skips: manySkips(Skip{"append to another", "it copies whatever is there"})},
		{Name: "no UploadPartCopy", Play: always(when(ops("copy"), unknown)), Conforms: true, Skips: manySkips(appends...)},
		{Name: "a listing that is late", Play: staleListing(3 * time.Second), Finding: "list-stale", Level: "warning"},
		{Name: "a listing that shows nothing", Play: staleListing(time.Hour), Finding: "list-stale", Level: "warning"},
		{Name: "a listing whose pages repeat", Play: repeatingListing, Finding: "list-endless", Level: "warning"},
		{Name: "listings are never answered", Play: always(when(ops("list"), silence)), Still: nobodyWaits, Finding: "endpoint-silent", Level: "error|warning"},
		{Name: "listings take four seconds", Play: always(when(ops("list"), slowly(4*time.Second))), Still: nobodyWaits},
		{Name: "listings are answered 500", Play: always(when(ops("list"), s3Error(http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again."))), Still: nobodyWaits, Finding: "store-unwell", Level: "error"},
		{Name: "one write of a key a second", Play: writeLimit(time.Second), Finding: "writes-throttled", Level: "warning", Cure: "--min-interval", Still: nobodyWaits, Requests: 200},
		{Name: "the bucket is deleted and made anew", Lasts: passing, Play: deletedBucket, Refused: true, Cure: "(?i)create the bucket|bucket", Finding: "bucket-missing", Level: "error", Requests: 100},
	}
}

func conditional(r *Request) bool {
	return r.Header.Get("If-Match") != "" || r.Header.Get("If-None-Match") != ""
}

// status answers a PUT that went well in another way.
func status(from, to int) func() Play {
	return always(when(ops("put"), altered(func(_ *Request, status int, _ http.Header) int {
		if status == from {
			return to
		}
		return status
	})))
}

// opaque returns hexadecimal digits that the bytes decide and no MD5 is.
func opaque(etag string) string {
	sum := sha256.Sum256([]byte(etag))
	return hex.EncodeToString(sum[:])
}

// etags shows ETags in other words, wherever the store shows one, and knows them again. If they are weak an If-Match with
// one never holds (RFC 9110 §13.1.1, strong comparison).
func etags(show func(string) string, weak bool) func() Play {
	return func() Play {
		var mu sync.Mutex
		known := map[string]string{}
		shown := func(etag string) string {
			mu.Lock()
			defer mu.Unlock()
			known[unquoted(show(unquoted(etag)))] = unquoted(etag)
			return show(unquoted(etag))
		}
		meant := func(header string) string {
			mu.Lock()
			defer mu.Unlock()
			if etag, ok := known[unquoted(header)]; ok && !weak {
				return etag
			}
			return "never shown"
		}
		inXML := regexp.MustCompile(`<ETag>(?:&#34;|&quot;|")?([^<&"]+)(?:&#34;|&quot;|")?</ETag>`)
		show := rewritten(func(_ *Request, h http.Header, body []byte) []byte {
			if etag := h.Get("ETag"); etag != "" {
				h.Set("ETag", shown(etag))
			}
			return inXML.ReplaceAllFunc(body, func(one []byte) []byte {
				text := shown(string(inXML.FindSubmatch(one)[1]))
				return []byte("<ETag>" + strings.ReplaceAll(text, `"`, "&quot;") + "</ETag>")
			})
		})
		return func(w http.ResponseWriter, r *Request, next Next) {
			for _, name := range []string{"If-Match", "X-Amz-Copy-Source-If-Match"} {
				if given := r.Header.Get(name); given != "" {
					r.Header.Set(name, `"`+meant(given)+`"`)
				}
			}
			show(w, r, next)
		}
	}
}

// staleListing shows the bucket as it was so long ago.
func staleListing(age time.Duration) func() Play {
	return func() Play {
		var mu sync.Mutex
		since := map[string]time.Time{}
		entry := regexp.MustCompile(`<Contents><Key>([^<]*)</Key>.*?</Contents>`)
		return func(w http.ResponseWriter, r *Request, next Next) {
			if r.Op == "put" {
				mu.Lock()
				if since[r.Key].IsZero() {
					since[r.Key] = time.Now()
				}
				mu.Unlock()
			}
			if r.Op != "list" {
				next(w, r)
				return
			}
			rewritten(func(_ *Request, _ http.Header, body []byte) []byte {
				mu.Lock()
				defer mu.Unlock()
				return entry.ReplaceAllFunc(body, func(one []byte) []byte {
					key, err := url.QueryUnescape(string(entry.FindSubmatch(one)[1]))
					if at := since[key]; err == nil && !at.IsZero() && time.Since(at) < age {
						return nil
					}
					return one
				})
			})(w, r, next)
		}
	}
}

// repeatingListing answers each page with the first, which says that there are more.
func repeatingListing() Play {
	more := rewritten(func(_ *Request, _ http.Header, body []byte) []byte {
		const over, goesOn = "<IsTruncated>false</IsTruncated>", "<IsTruncated>true</IsTruncated><NextContinuationToken>more</NextContinuationToken>"
		return bytes.Replace(body, []byte(over), []byte(goesOn), 1)
	})
	return when(ops("list"), func(w http.ResponseWriter, r *Request, next Next) {
		query := r.URL.Query()
		query.Del("continuation-token")
		r.URL.RawQuery = query.Encode()
		more(w, r, next)
	})
}

// writeLimit refuses a second write of a key that comes too soon, as Google's and Cloudflare's stores do.
func writeLimit(every time.Duration) func() Play {
	return func() Play {
		var mu sync.Mutex
		last := map[string]time.Time{}
		return when(ops("put"), func(w http.ResponseWriter, r *Request, next Next) {
			mu.Lock()
			soon := time.Since(last[r.Key]) < every
			if !soon {
				last[r.Key] = time.Now()
			}
			mu.Unlock()
			if soon {
				refuse(w, http.StatusTooManyRequests, "ServiceUnavailable", "Reduce your concurrent request rate for the same object.", "")
				return
			}
			next(w, r)
		})
	}
}

// deletedBucket deletes all at the first request; the bucket is there again when the quirk ends.
func deletedBucket() Play {
	var gone sync.Once
	return when(signed, func(w http.ResponseWriter, r *Request, _ Next) {
		gone.Do(r.Server.Memory.Clear)
		refuse(w, http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist", "<BucketName>"+r.Server.Bucket+"</BucketName>")
	})
}
