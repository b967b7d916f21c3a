package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"github.com/hlsship/hlsship/uploader/store"
)

// request is what classify needs to know of the failed call.
type request struct {
	op, key     string
	bucket      string
	checksum    Checksum
	conditional bool
	ifMatch     bool
	appends     bool // it lengthens an object, which can be sent whole as well
	probe       bool // it asks whether the store answers
	// missing reports that it is known of the key that it is not there, though the answer leaves that open.
	missing bool
}

// classify turns any failure of a call into what the uploader should do about it. It is the only place
// that knows S3's error codes (S3 "Error Responses", "List of error codes").
func classify(r request, err error) *store.Error {
	e := &store.Error{Op: r.op, Key: r.key, Err: legible{err}}
	if ans, ok := errors.AsType[*answer](err); ok {
		e.RetryAfter, e.Alive, e.Busy = ans.retryAfter, ans.alive(), ans.busy()
		e.Kind, e.Cure = ofAnswer(r, ans)
		return e
	}
	e.Kind, e.Cure = ofFailure(err)
	_, e.Unsent = errors.AsType[*lacking](err)
	return e
}

// ofFailure classifies what happened without an answer.
func ofFailure(err error) (store.ErrorKind, string) {
	if without, ok := errors.AsType[*lacking](err); ok {
		return store.Alarm, without.cure()
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return store.Transient, ""
	}
	if _, ok := errors.AsType[*bodyError](err); ok {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return store.Permanent, "The file became shorter while it was sent; look at it again."
		}
		return store.Transient, "Reading the file failed, not the network; look at its disk."
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return store.Alarm, "Nobody this host trusts signed the endpoint's certificate: name its authority's file in --ca-file or SSL_CERT_FILE."
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return store.Alarm, "The endpoint's certificate does not fit: check the endpoint's host name, the certificate's dates and this host's clock."
	}
	if cure := ofAlert(err); cure != "" {
		return store.Alarm, cure
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || strings.Contains(err.Error(), "HTTP response to HTTPS client") {
		return store.Alarm, "The endpoint does not speak TLS: write http:// instead of https://."
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return store.Transient, "No name server knows " + printable(dns.Name, 100) + ": check the region, the endpoint and --addressing, or this host's name server."
	}
	if bad, ok := errors.AsType[*requestError](err); ok {
		return store.Permanent, bad.cure
	}
	return store.Transient, ""
}

// ofAlert says what helps against the refusal of a TLS handshake (RFC 8446 §6.2), "" for any other error. crypto/tls tells which
// alert it was in words only.
func ofAlert(err error) string {
	remote, ok := errors.AsType[*net.OpError](err)
	if !ok || remote.Op != "remote error" {
		return ""
	}
	switch alert := remote.Err.Error(); {
	case mentions(alert, "certificate"):
		return "The endpoint demands a client certificate that it trusts: --client-cert-file and --client-key-file."
	case mentions(alert, "handshake failure", "protocol version", "insufficient security"):
		return "The endpoint refuses the TLS handshake: it demands a client certificate, or a version or cipher of TLS that is not offered (1.2 and 1.3 are)."
	}
	return ""
}

// requestError is a request that is refused before it is sent.
type requestError struct{ text, cure string }

func (e *requestError) Error() string { return e.text }

// ofAnswer classifies what the server said.
func ofAnswer(r request, a *answer) (store.ErrorKind, string) {
	if r.missing && (a.status == http.StatusNotFound && a.code == "" || a.unread()) {
		return store.NotFound, ""
	}
	if kind, cure, ok := ofCondition(r, a); ok {
		return kind, cure
	}
	if kind, cure, ok := ofCode(r, a); ok {
		if r.appends && (kind == store.Permanent || refusesRequest(a)) {
			return store.Unsupported, "The store cannot lengthen an object: it is sent whole."
		}
		return kind, cure
	}
	if a.plainOnTLS {
		return store.Alarm, "The endpoint speaks TLS: write https:// instead of http://."
	}
	if cure := ofSize(a.status); cure != "" {
		return store.Alarm, cure // whoever wrote the page: it is about the way to the store, not about the bytes
	}
	switch {
	case a.status >= 300 && a.status < 400:
		return ofRedirect(a)
	case a.foreign, a.status < 300:
		return store.Transient, portal
	case a.status == http.StatusNotFound:
		return store.Alarm, noBucket(r)
	case a.status == http.StatusForbidden:
		return store.Alarm, denied(r, a)
	case a.status == http.StatusUnauthorized:
		return store.Alarm, wrongKeys
	case a.status == http.StatusMethodNotAllowed, a.status == http.StatusNotImplemented:
		return store.Alarm, wrongMethod
	case a.status == http.StatusInsufficientStorage:
		return store.Alarm, full
	}
	return store.Transient, ""
}

const (
	portal = "Something other than the store answered: check the endpoint, and any proxy or login page on the way."
	full   = "The store or its quota is full: make room, or raise the quota."
)

// ofSize says what helps against a status that is about the shape of a request, "" for others.
func ofSize(status int) string {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return "A proxy before the store refuses bodies of this size: raise its limit (nginx: client_max_body_size)."
	case http.StatusLengthRequired:
		return "A proxy before the store drops Content-Length: have it hand requests on as they are."
	case http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		return "A proxy before the store refuses requests with so much before the body: raise its limit for addresses and headers."
	case http.StatusProxyAuthRequired:
		return "The proxy wants a name and a password: write them into HTTPS_PROXY."
	}
	return ""
}

// ofRedirect classifies an answer that sends elsewhere. Nothing follows it: a signature is for one host.
func ofRedirect(a *answer) (store.ErrorKind, string) {
	switch {
	case a.region != "":
		return store.Alarm, "The bucket is in another region: set the region to " + a.region + "."
	case a.upgrade:
		return store.Alarm, "The endpoint wants TLS: write " + a.location + " as the endpoint."
	case a.location != "":
		return store.Transient, portal + " It sends to " + a.location + "."
	}
	return store.Transient, portal + " It redirects: if it is named with http://, try https://."
}

// ofCondition settles what If-Match and If-None-Match led to (S3 PutObject, "Conditional writes").
func ofCondition(r request, a *answer) (store.ErrorKind, string, bool) {
	if !r.conditional {
		return 0, "", false
	}
	switch {
	case a.status == http.StatusPreconditionFailed,
		// Amazon answers so to If-Match on a key that is not there.
		r.ifMatch && a.status == http.StatusNotFound && a.code == "NoSuchKey":
		return store.Precondition, "", true
	case a.status == http.StatusNotImplemented && !mentions(a.message, "content-md5", "checksum"),
		a.status == http.StatusBadRequest && mentions(a.message, "if-match", "if-none-match", "conditional"):
		return store.Unsupported, "The store knows no conditional writes.", true
	}
	return 0, "", false
}

// mentions reports whether a message has one of the words, which are in lower case.
func mentions(message string, words ...string) bool {
	m := strings.ToLower(message)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(m, w) })
}

// isReset reports whether the connection was cut off, which is also how some servers refuse a body that
// they do not want to read.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// refusesKeys reports whether the answer is about the credentials, so that reading them again may help.
func refusesKeys(a *answer) bool {
	switch a.code {
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "XAdminUserNotFound":
		return true
	}
	return a.status == http.StatusUnauthorized
}
