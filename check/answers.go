package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/uploader/store"
)

// ofNetwork returns the finding about what happened without an answer. u is who was asked.
func ofNetwork(err error, u *url.URL) Finding {
	fail := func(id, cure, format string, args ...any) Finding {
		return Finding{ID: id, Level: Error, Found: fmt.Sprintf(format, args...), Cure: cure}
	}
	if f, ok := ofTLS(err, u); ok {
		return f
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return fail("dns", "Correct --endpoint or --region; with a bucket's name before the host, try --addressing path.", "no such host as %s", dns.Name)
		}
		return fail("dns", "Look at this host's name server (/etc/resolv.conf).", "the name %s could not be looked up: %v", dns.Name, dns)
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fail("connect-refused", "Correct the port in --endpoint, or start the store.", "nobody listens at %s", u.Host)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return fail("connect-unreachable", "Look at this host's network and routes, or set HTTPS_PROXY.", "there is no way to %s", u.Host)
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
			return fail("connect-timeout", "Look for a firewall on the way, correct --endpoint, or set HTTPS_PROXY.", "%s does not take a connection within %s", u.Host, probeLimit)
		}
		return fail("endpoint-silent", "Look for a firewall or proxy on the way, and whether --endpoint is the S3 port of the store and the store is healthy.", "%s did not answer within %s", u.Host, probeLimit)
	}
	return fail("connect-failed", "See the error; check --endpoint, and any proxy on the way.", "%s could not be asked: %s", u.Host, short(err.Error()))
}

// ofTLS returns the finding about a failure of TLS.
func ofTLS(err error, u *url.URL) (Finding, bool) {
	id, found, cure := "", "", ""
	text := err.Error()
	name, named := errors.AsType[x509.HostnameError](err)
	invalid, outOfDate := errors.AsType[x509.CertificateInvalidError](err)
	_, strange := errors.AsType[x509.UnknownAuthorityError](err)
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case named:
		id, found = "tls-wrong-name", fmt.Sprintf("the certificate of %s is for %s", u.Host, strings.Join(namesOf(name.Certificate), ", "))
		cure = "Use a name of the certificate in --endpoint (or --addressing path, if the bucket's name before the host is the reason), or have one made for this name."
	case outOfDate && invalid.Reason == x509.Expired:
		id, found = "tls-expired", fmt.Sprintf("the certificate of %s is valid from %s to %s", u.Host, invalid.Cert.NotBefore.Format("2006-01-02 15:04"), invalid.Cert.NotAfter.Format("2006-01-02 15:04 MST"))
		cure = "Renew the store's certificate, or set this host's clock if the certificate is right."
	case strange:
		id, found = "tls-unknown-authority", fmt.Sprintf("nobody whom this host trusts signed the certificate of %s", u.Host)
		cure = "Name the file of its authority in --ca-file or SSL_CERT_FILE, or install it (ca-certificates)."
	case noTLS, strings.Contains(text, "HTTP response to HTTPS client"):
		id, found = "tls-not-spoken", fmt.Sprintf("%s does not speak TLS and was asked so", u.Host)
		cure = "Write http:// instead of https:// in --endpoint, or name its TLS port."
	case u.Scheme == "http" && strings.Contains(text, "malformed HTTP response \"\\x15\\x03"):
		id, found = "tls-expected", fmt.Sprintf("%s speaks TLS and was asked without", u.Host)
		cure = "Write https:// instead of http:// in --endpoint."
	case strings.Contains(text, "remote error: tls: ") && strings.Contains(text, "certificate"):
		id, found = "tls-client-certificate", fmt.Sprintf("%s demands a client certificate: %s", u.Host, short(text))
		cure = "Name one that the store trusts in --client-cert-file and --client-key-file."
	case strings.Contains(text, "tls: ") || strings.Contains(text, "x509: "):
		id, found = "tls-failed", fmt.Sprintf("no TLS connection to %s: %s", u.Host, short(text))
		cure = "See the error; check the store's certificate, and what is between it and this host."
	}
	return Finding{ID: id, Level: Error, Found: found, Cure: cure}, id != ""
}

func namesOf(c *x509.Certificate) []string {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return []string{"no name at all"}
	}
	return names
}

// ofStore returns the finding about a call of the store that failed. what is the call in the user's words, denied the
// finding's name if it is the permission that is missing, other if nothing more is known.
func ofStore(err error, u *url.URL, what, denied, other string) Finding {
	f := Finding{ID: other, Level: Error, Found: what + " failed: " + short(causeOf(err))}
	if e, ok := errors.AsType[*store.Error](err); ok {
		f.Cure = e.Cure
	}
	reply, answered := s3.ReplyTo(err)
	switch {
	case errors.Is(err, s3.ErrEndless):
		f.ID, f.Level = "list-endless", Warning
		f.Cure = "Nothing has to be set: hlsship asks for each file instead, which takes longer at a start. Name the store itself in --endpoint if something before it answers."
	case !answered && store.KindOf(err) != store.Permanent && store.KindOf(err) != store.Alarm,
		!answered && isNetwork(err):
		f = ofNetwork(err, u)
		f.Found = what + " failed: " + f.Found
		return f
	case !answered:
	case idOf(reply) != "":
		f.ID = idOf(reply)
	case strings.Contains(causeOf(err), "explicit deny"):
		f.ID = "policy-denies"
	case reply.Status == http.StatusForbidden || reply.Code == "AccessDenied":
		f.ID = denied
	case reply.Status < 400 && store.KindOf(err) == store.Alarm: // a redirect whose cure is known
		f.ID = "tls-expected"
	case reply.Foreign, reply.Status < 400:
		f.ID = "store-foreign"
	case reply.Status == http.StatusMethodNotAllowed, reply.Status == http.StatusRequestEntityTooLarge, reply.Status == http.StatusLengthRequired,
		reply.Status == http.StatusRequestURITooLong, reply.Status == http.StatusRequestHeaderFieldsTooLarge:
		f.ID = "request-refused"
	case reply.Status == http.StatusNotFound && reply.Code == "":
		f.ID, f.Cure = "store-foreign", "Something other than the store answered: check the endpoint, and any proxy or web server on the way."
	case reply.Status == http.StatusNotFound:
		f.ID = "bucket-missing"
	case reply.Status == http.StatusNotImplemented, reply.Code == "InvalidArgument", reply.Code == "InvalidRequest", reply.Code == "InvalidDigest":
		f.ID = "request-refused"
	case reply.Status == http.StatusTooManyRequests, reply.Status >= 500:
		f.ID, f.Cure = "store-unwell", "Wait, or look at the store: it is overloaded or broken."
	}
	if f.Cure == "" {
		f.Cure = "See the error, and the store's log."
	}
	return f
}

// idOf returns the finding's name for the codes that say the same of every call.
func idOf(r s3.Reply) string {
	switch r.Code {
	case "NoSuchBucket", "InvalidBucketName":
		return "bucket-missing"
	case "RequestTimeTooSkewed", "RequestExpired":
		return "clock-skew"
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired":
		return "credentials-expired"
	case "SignatureDoesNotMatch", "InvalidAccessKeyId", "InvalidToken", "InvalidSecurity", "NotSignedUp", "XAdminUserNotFound", "InvalidClientTokenId":
		return "credentials-wrong"
	case "AuthorizationHeaderMalformed", "InvalidRegion", "InvalidRegionName", "InvalidLocationConstraint", "IllegalLocationConstraintException",
		"PermanentRedirect", "TemporaryRedirect":
		return "region-wrong"
	case "PathStyleDomainForbidden", "SecondLevelDomainForbidden", "VirtualHostDomainRequired":
		return "addressing-wrong"
	case "ObjectLocked", "ObjectImmutable", "FileImmutable", "InvalidRetentionPeriod":
		return "object-locked"
	case "QuotaExceeded", "BucketQuotaExceeded", "StorageQuotaExceeded", "ServiceQuotaExceeded", "StorageCapExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage", "NoSpaceLeft":
		return "store-full"
	case "AccessControlListNotSupported":
		return "acl-refused"
	}
	switch {
	case strings.HasPrefix(r.Code, "KMS"), strings.HasPrefix(r.Code, "XMinioKMS"):
		return "kms-refused"
	case r.Status == http.StatusMovedPermanently && r.Region != "":
		return "region-wrong"
	case r.Status == http.StatusUnauthorized:
		return "credentials-wrong"
	case r.Status == http.StatusInsufficientStorage:
		return "store-full"
	}
	return ""
}

// isNetwork reports whether err is about names, connections or TLS.
func isNetwork(err error) bool {
	_, dns := errors.AsType[*net.DNSError](err)
	_, cert := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	return dns || cert || record
}

// causeOf returns the text of err without the call and the key, which the finding names better.
func causeOf(err error) string {
	if e, ok := errors.AsType[*store.Error](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}
