package s3

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// answer is what a server said other than success. As an error it holds status, code, the start of the
// message and the request's id, never the body of a page that is not the store's.
type answer struct {
	status           int
	code, message    string // of the error document; empty if there was none
	requestID        string
	region           string // the bucket's, where the answer names it
	location         string // where a redirect leads: scheme and host, without what may be secret
	upgrade          bool   // that is the same host with TLS
	retryAfter, skew time.Duration
	foreign          bool // it does not come from an S3 store
	plainOnTLS       bool // a TLS port was spoken to in plain HTTP
}

// Error returns "503 SlowDown: message (request id X)".
func (a *answer) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", a.status)
	switch {
	case a.code != "":
		b.WriteString(" " + a.code)
	case a.foreign:
		b.WriteString(" with an answer that is not S3's")
	default:
		b.WriteString(" " + http.StatusText(a.status))
	}
	if a.message != "" {
		b.WriteString(": " + a.message)
	}
	if a.requestID != "" {
		b.WriteString(" (request id " + a.requestID + ")")
	}
	return b.String()
}

// readAnswer reads an answer that is no success, as far as an error document is long (S3 "Error
// Responses"). HEAD has no body: there the status must do.
func readAnswer(resp *http.Response) *answer {
	a := &answer{
		status:     resp.StatusCode,
		requestID:  printable(resp.Header.Get("X-Amz-Request-Id"), 64),
		region:     printable(resp.Header.Get("X-Amz-Bucket-Region"), 64),
		code:       printable(resp.Header.Get("X-Minio-Error-Code"), 64),
		retryAfter: retryAfter(resp.Header),
	}
	a.leads(resp)
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		a.skew = time.Since(date)
	}
	raw, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	var doc struct {
		XMLName                          xml.Name
		Code, Message, RequestId, Region string
	}
	switch err := xml.Unmarshal(raw, &doc); {
	case err == nil && doc.XMLName.Local == "Error" && doc.Code != "":
		a.code, a.message = printable(doc.Code, 64), printable(doc.Message, 300)
		if doc.RequestId != "" {
			a.requestID = printable(doc.RequestId, 64)
		}
		if doc.Region != "" {
			a.region = printable(doc.Region, 64)
		}
	case len(bytes.TrimSpace(raw)) > 0 && a.code == "":
		a.foreign = true
		a.plainOnTLS = a.status == http.StatusBadRequest && bytes.Contains(raw, []byte("HTTPS"))
	}
	return a
}

// leads reads where a redirect leads.
func (a *answer) leads(resp *http.Response) {
	to, err := resp.Location()
	if err != nil || a.status < 300 || a.status >= 400 || to.Host == "" {
		return
	}
	a.location = printable(to.Scheme+"://"+to.Host, 200)
	if from := resp.Request; from != nil {
		a.upgrade = from.URL.Scheme == "http" && to.Scheme == "https" && from.URL.Hostname() == to.Hostname()
	}
}

// alive reports whether the answer is about this one request, and proves that the store works for others. That it does not
// know a request (501) is no trouble of the store; who asks with the wrong key, for a bucket that is not there or in another
// region, is served nothing.
func (a *answer) alive() bool {
	switch a.code {
	case "NoSuchBucket", "InvalidBucketName", "InvalidSecurity", "NotSignedUp", "AccountProblem", "UserSuspended", "AccountSuspended", "UserDisable",
		"UserProjectAccountProblem", "BillingDisabled", "AccessBillingDisabled", "AllAccessDisabled", "RequestTimeTooSkewed", "RequestExpired",
		"AuthorizationHeaderMalformed", "InvalidRegion", "InvalidRegionName", "InvalidLocationConstraint", "IllegalLocationConstraintException",
		"PermanentRedirect", "TemporaryRedirect", "PathStyleDomainForbidden", "SecondLevelDomainForbidden", "VirtualHostDomainRequired":
		return false
	}
	switch {
	case a.foreign, a.plainOnTLS, a.status < 400, a.status == http.StatusTooManyRequests, refusesKeys(a):
		return false
	case a.status == http.StatusNotFound:
		return a.code != ""
	}
	return a.status < 500 || a.status == http.StatusNotImplemented
}

// busy reports whether the answer asks for fewer requests, and says so of a store that did nothing.
func (a *answer) busy() bool {
	return !a.foreign && (a.status == http.StatusTooManyRequests || a.status == http.StatusServiceUnavailable && a.code != "")
}

// troubled reports whether the answer says nothing of the request, but that something is wrong behind the connection that
// it came over: it is overloaded or broken, or no store. HEAD is answered without a body, whoever answers.
func (a *answer) troubled(method string) bool {
	switch {
	case a.foreign, a.status == http.StatusTooManyRequests:
		return true
	case a.status == http.StatusNotImplemented, a.status == http.StatusInsufficientStorage, a.plainOnTLS:
		return false
	case a.status < 400:
		return a.code == "" && a.region == ""
	case a.status < 500:
		return a.code == "" && a.requestID == "" && method != http.MethodHead
	}
	return true
}

// foreign returns the error of a success that no store sent.
func foreign(resp *http.Response) *answer { return &answer{status: resp.StatusCode, foreign: true} }

// retryAfter reads seconds or a date (RFC 9110 §10.2.3), by the server's own clock where it tells it.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if s, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(s) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, at.Sub(now))
}

// legible is an error whose text is printable, whoever wrote parts of it: a header that is none, a root element, the names of a
// certificate.
type legible struct{ error }

func (e legible) Error() string { return printable(e.error.Error(), 1000) }

// Unwrap returns the error as it came.
func (e legible) Unwrap() error { return e.error }

// printable returns at most limit bytes of s, without what would break a log line, steer a terminal or turn the reading
// direction round.
func printable(s string, limit int) string {
	s = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s), "")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return strings.TrimSpace(s)
}
