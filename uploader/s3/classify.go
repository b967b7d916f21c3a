package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/hlsship/hlsship/uploader"
)

// request is what classify needs to know of the failed call.
type request struct {
	op, key     string
	bucket      string
	checksum    Checksum
	conditional bool
	ifMatch     bool
	// missing reports whether a 404 without a code means the key and not the bucket.
	missing bool
}

// classify turns any failure of a call into what the uploader should do about it. It is the only place
// that knows S3's error codes (S3 "Error Responses", "List of error codes").
func classify(r request, err error) *uploader.Error {
	e := &uploader.Error{Op: r.op, Key: r.key, Err: legible{err}}
	if ans, ok := errors.AsType[*answer](err); ok {
		e.RetryAfter = ans.retryAfter
		e.Kind, e.Cure = ofAnswer(r, ans)
		return e
	}
	e.Kind, e.Cure = ofFailure(err)
	_, e.Unsent = errors.AsType[*lacking](err)
	return e
}

// ofFailure classifies what happened without an answer.
func ofFailure(err error) (uploader.ErrorKind, string) {
	if without, ok := errors.AsType[*lacking](err); ok {
		return uploader.Alarm, without.cure()
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return uploader.Transient, ""
	}
	if _, ok := errors.AsType[*bodyError](err); ok {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return uploader.Permanent, "The file became shorter while it was sent; look at it again."
		}
		return uploader.Transient, "Reading the file failed, not the network; look at its disk."
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return uploader.Alarm, "Nobody this host trusts signed the endpoint's certificate: name its authority's file in --ca-file or SSL_CERT_FILE."
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return uploader.Alarm, "The endpoint's certificate does not fit: check the endpoint's host name, the certificate's dates and this host's clock."
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || strings.Contains(err.Error(), "HTTP response to HTTPS client") {
		return uploader.Alarm, "The endpoint does not speak TLS: write http:// instead of https://."
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return uploader.Transient, "No name server knows " + printable(dns.Name, 100) + ": check the region, the endpoint and --addressing, or this host's name server."
	}
	if bad, ok := errors.AsType[*requestError](err); ok {
		return uploader.Permanent, bad.cure
	}
	return uploader.Transient, ""
}

// requestError is a request that is refused before it is sent.
type requestError struct{ text, cure string }

func (e *requestError) Error() string { return e.text }

// ofAnswer classifies what the server said.
func ofAnswer(r request, a *answer) (uploader.ErrorKind, string) {
	if kind, cure, ok := ofCondition(r, a); ok {
		return kind, cure
	}
	if kind, cure, ok := ofCode(r, a); ok {
		return kind, cure
	}
	const portal = "Something other than the store answered: check the endpoint, and any proxy or login page on the way."
	switch {
	case a.plainOnTLS:
		return uploader.Alarm, "The endpoint speaks TLS: write https:// instead of http://."
	case a.foreign, a.status < 300:
		return uploader.Transient, portal
	case a.status == http.StatusMovedPermanently && a.region != "":
		return uploader.Alarm, "The bucket is in another region: set the region to " + a.region + "."
	case a.status < 400:
		return uploader.Transient, portal
	case a.status == http.StatusNotFound && r.missing:
		return uploader.NotFound, ""
	case a.status == http.StatusNotFound:
		return uploader.Alarm, noBucket(r)
	case a.status == http.StatusForbidden:
		return uploader.Alarm, denied(r)
	case a.status == http.StatusUnauthorized:
		return uploader.Alarm, wrongKeys
	case a.status == http.StatusRequestEntityTooLarge, a.status == http.StatusRequestURITooLong,
		a.status == http.StatusRequestHeaderFieldsTooLarge, a.status == http.StatusMethodNotAllowed,
		a.status == http.StatusLengthRequired:
		return uploader.Permanent, "The endpoint, or a proxy before it, refuses requests of this size or method."
	case a.status == http.StatusInsufficientStorage:
		return uploader.Alarm, full
	}
	return uploader.Transient, ""
}

const (
	wrongKeys = "Check the access key and the secret key: the store does not accept them."
	expired   = "The session token has expired: renew the credentials, or give a source that renews itself."
	full      = "The store or its quota is full: make room, or raise the quota."
)

// ofCondition settles what If-Match and If-None-Match led to (S3 PutObject, "Conditional writes").
func ofCondition(r request, a *answer) (uploader.ErrorKind, string, bool) {
	if !r.conditional {
		return 0, "", false
	}
	switch {
	case a.status == http.StatusPreconditionFailed,
		// Amazon answers so to If-Match on a key that is not there.
		r.ifMatch && a.status == http.StatusNotFound && a.code == "NoSuchKey":
		return uploader.Precondition, "", true
	case a.status == http.StatusNotImplemented,
		a.status == http.StatusBadRequest && namesCondition(a.message):
		return uploader.Unsupported, "The store knows no conditional writes.", true
	}
	return 0, "", false
}

func namesCondition(message string) bool {
	m := strings.ToLower(message)
	return strings.Contains(m, "if-match") || strings.Contains(m, "if-none-match") || strings.Contains(m, "conditional")
}

// ofCode classifies by the code of the error document.
func ofCode(r request, a *answer) (uploader.ErrorKind, string, bool) {
	switch a.code {
	case "NoSuchKey":
		if r.op == "put" {
			return uploader.Alarm, noBucket(r), true
		}
		return uploader.NotFound, "", true
	case "NoSuchBucket":
		return uploader.Alarm, noBucket(r), true
	case "InvalidBucketName":
		return uploader.Alarm, fmt.Sprintf("%q is no name that a bucket can have: check it.", r.bucket), true
	case "RequestTimeTooSkewed":
		return uploader.Alarm, skewed(a.skew), true
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired":
		return uploader.Alarm, expired, true
	case "SignatureDoesNotMatch", "InvalidAccessKeyId", "InvalidToken", "InvalidSecurity", "NotSignedUp", "XAdminUserNotFound":
		return uploader.Alarm, wrongKeys, true
	case "AuthorizationHeaderMalformed", "InvalidRegion", "IllegalLocationConstraintException", "PermanentRedirect", "TemporaryRedirect":
		if a.region != "" {
			return uploader.Alarm, "The bucket is in another region: set the region to " + a.region + ".", true
		}
		return uploader.Alarm, "Check the region and the endpoint: the bucket is served elsewhere.", true
	case "AccessDenied", "AllAccessDisabled", "AccountProblem", "UserSuspended":
		return uploader.Alarm, denied(r), true
	case "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage", "NoSpaceLeft":
		return uploader.Alarm, full, true
	case "NotImplemented", "InvalidDigest":
		if r.op != "put" {
			return uploader.Permanent, "", true
		}
		return uploader.Permanent, fmt.Sprintf("The store refuses a header: set checksum to another of md5, crc32c, none (it is %s).", r.checksum), true
	case "InvalidArgument", "InvalidRequest", "AccessControlListNotSupported", "InvalidStorageClass", "MetadataTooLarge", "MissingContentLength":
		return uploader.Permanent, "The store refuses what its message names; if that is a checksum header, set checksum to another of md5, crc32c, none.", true
	case "EntityTooLarge":
		return uploader.Permanent, "The file is larger than the store takes in one PUT: make the segments shorter.", true
	case "ObjectParentIsFile", "ExistingObjectIsDirectory", "XMinioParentIsObject", "XMinioObjectExistsAsDirectory":
		return uploader.Permanent, "On this store a key cannot be the folder of another: remove the older of both, or choose another name.", true
	case "KeyTooLongError", "InvalidURI", "XMinioInvalidObjectName", "InvalidObjectName", "MethodNotAllowed", "ObjectLocked", "InvalidObjectState":
		return uploader.Permanent, "The store does not take this key: choose another name or prefix.", true
	}
	return 0, "", false
}

func noBucket(r request) string {
	return fmt.Sprintf("Create the bucket %q, or check its name, the region and the endpoint.", r.bucket)
}

// denied names the permission that the call needed.
func denied(r request) string {
	switch r.op {
	case "put":
		return "Grant s3:PutObject on the bucket's objects to these credentials."
	case "list":
		return "Grant s3:ListBucket on the bucket to these credentials."
	}
	return "Grant s3:GetObject on the bucket's objects and s3:ListBucket on the bucket to these credentials (without s3:ListBucket a missing key is refused, not reported missing)."
}

// skewed says which way the clock is wrong; skew is local minus server time.
func skewed(skew time.Duration) string {
	const cure = "Set this host's clock (NTP): "
	switch skew = skew.Round(time.Second); {
	case skew > 0:
		return cure + "it is " + skew.String() + " ahead of the store's."
	case skew < 0:
		return cure + "it is " + (-skew).String() + " behind the store's."
	}
	return cure + "it differs too much from the store's."
}

// isReset reports whether the connection was cut off, which is also how some servers refuse a body that
// they do not want to read.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// refusesKeys reports whether the answer is about the credentials, so that reading them anew may help.
func refusesKeys(a *answer) bool {
	switch a.code {
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "XAdminUserNotFound":
		return true
	}
	return a.status == http.StatusUnauthorized
}
