package s3

import (
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// PayerHeader is the header that CheckHeader refuses to give to an object, since every request needs it: Config.RequestPayer
// sends it.
const PayerHeader = "X-Amz-Request-Payer"

// CheckHeader returns the name under which a header can be sent with an object (S3 PutObject and CreateMultipartUpload), or says
// why it cannot work with that value. Names are taken in any case.
func CheckHeader(name, value string) (string, error) {
	canonical := http.CanonicalHeaderKey(name)
	if err := nameOf(strings.ToLower(name)); err != nil {
		return "", err
	}
	if value == "" || value != strings.TrimSpace(value) || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c > '~' }) {
		return "", fmt.Errorf("the value of %s is not printable ASCII without white space around it", canonical)
	}
	if err := valueOf(strings.ToLower(name), value); err != nil {
		return "", err
	}
	return canonical, nil
}

// nameOf says why a header of that name, in small letters, cannot work.
func nameOf(name string) error {
	switch {
	case name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "":
		return fmt.Errorf("%q cannot be the name of a header", printable(name, 64))
	case name == "cache-control":
		return fmt.Errorf("%s has a setting of its own", name)
	case name == "content-type", name == "content-length", name == "content-encoding", name == "x-amz-meta-mtime":
		return fmt.Errorf("%s is told by the file: it cannot be set", name)
	case strings.HasPrefix(name, "x-amz-server-side-encryption-customer-"):
		return fmt.Errorf("%s: encryption with a key that only the client has (SSE-C) cannot be used, as no player could read what is stored; use x-amz-server-side-encryption", name)
	case strings.HasPrefix(name, "x-amz-server-side-encryption"), strings.HasPrefix(name, "x-amz-grant-"), strings.HasPrefix(name, "access-control-"):
		return nil
	case strings.HasPrefix(name, "x-amz-meta-") && name != "x-amz-meta-":
		return nil
	case slices.Contains([]string{"x-amz-acl", "x-amz-storage-class", "x-amz-tagging", "x-amz-request-payer", "expires", "content-disposition"}, name):
		return nil
	}
	return fmt.Errorf("%s is not sent: what can be are x-amz-server-side-encryption and those that begin so, x-amz-acl, x-amz-grant-…, x-amz-storage-class, x-amz-tagging, x-amz-request-payer, x-amz-meta-…, Expires, Content-Disposition and Access-Control-…", name)
}

// valueOf says why a header cannot have that value.
func valueOf(name, value string) error {
	oneOf := func(all ...string) error {
		if slices.Contains(all, value) {
			return nil
		}
		return fmt.Errorf("%s: %q is none of %s", name, printable(value, 64), strings.Join(all, ", "))
	}
	switch name {
	case "x-amz-server-side-encryption":
		return oneOf("AES256", "aws:kms", "aws:kms:dsse", "aws:fsx")
	case "x-amz-server-side-encryption-bucket-key-enabled":
		return oneOf("true", "false")
	case "x-amz-acl":
		return oneOf("private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read", "bucket-owner-full-control")
	case "x-amz-request-payer":
		return oneOf("requester")
	case "x-amz-storage-class":
		if value == "GLACIER" || value == "DEEP_ARCHIVE" {
			return fmt.Errorf("%s: what is stored as %s cannot be read before it is restored, by no player", name, value)
		}
	case "x-amz-tagging":
		if tags, err := url.ParseQuery(value); err != nil || len(tags) == 0 || len(tags) > 10 {
			return fmt.Errorf("%s: write one to ten tags as NAME=VALUE&NAME=VALUE, escaped as in a URL", name)
		}
	case "expires":
		if _, err := http.ParseTime(value); err != nil {
			return fmt.Errorf("%s: %q is no time such as Wed, 21 Oct 2026 07:28:00 GMT", name, printable(value, 64))
		}
	case "content-disposition":
		if _, _, err := mime.ParseMediaType(value); err != nil {
			return fmt.Errorf("%s: %q is nothing like inline or attachment; filename=\"a.ts\"", name, printable(value, 64))
		}
	}
	return nil
}
