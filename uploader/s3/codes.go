package s3

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

const (
	wrongKeys = "Check the access key and the secret key: the store does not accept them."
	// wrongSignature names all that signer and store must see alike.
	wrongSignature = "Check the secret key, the region, and this host's clock; and any proxy before the store, which must hand Host, path and headers on as they are."
	expired        = "The session token has expired: renew the credentials, or give a source that renews itself."
	wrongMethod    = "The endpoint, or a gateway before it, refuses this method: name the S3 endpoint of the store itself, not a website's or a CDN's."
	wrongHost      = "This store wants the bucket's name before the host: --addressing virtual."
	noKMS          = "The bucket's encryption key (KMS) cannot be used: enable it, or grant kms:GenerateDataKey and kms:Decrypt on it to these credentials."
	locked         = "Object Lock forbids to replace what is stored: ship into a bucket without retention or legal hold, or under another prefix."
	closed         = "The store has closed this account, or its bill is open: see its console."
)

// ofCode classifies by the code of the error document. Whatever somebody can mend, a setting, a policy, a proxy or the bucket, is an
// Alarm; Permanent is left for what this store can never take: these bytes under this key.
func ofCode(r request, a *answer) (store.ErrorKind, string, bool) {
	if cure := ofAccess(r, a); cure != "" {
		return store.Alarm, cure, true
	}
	if cure := ofSettings(r, a); cure != "" {
		return store.Alarm, cure, true
	}
	switch a.code {
	case "NoSuchKey":
		if r.op == "put" {
			return store.Alarm, noBucket(r), true
		}
		return store.NotFound, "", true
	case "EntityTooLarge":
		return store.Permanent, "The file is larger than the store takes in one PUT: make the segments shorter.", true
	case "EntityTooSmall":
		return store.Permanent, "The file is smaller than the store takes: see what the packager writes.", true
	case "ObjectParentIsFile", "ExistingObjectIsDirectory", "XMinioParentIsObject", "XMinioObjectExistsAsDirectory":
		return store.Permanent, "On this store a key cannot be the folder of another: remove the older of both, or choose another name.", true
	case "KeyTooLongError", "KeyTooLong", "XMinioInvalidObjectName", "InvalidObjectName":
		return store.Permanent, "The store does not take this key: choose another name or prefix.", true
	}
	return 0, "", false
}

// ofAccess says what helps against a code about who asks and what he may, "" for others.
func ofAccess(r request, a *answer) string {
	switch a.code {
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired":
		return expired
	case "SignatureDoesNotMatch":
		return wrongSignature
	case "InvalidAccessKeyId", "InvalidToken", "InvalidSecurity", "NotSignedUp", "XAdminUserNotFound", "InvalidClientTokenId":
		return wrongKeys
	case "RequestTimeTooSkewed", "RequestExpired":
		return skewed(a.skew)
	case "AccessDenied", "Forbidden", "UnauthorizedAccess", "AllAccessDisabled":
		return denied(r, a)
	case "AccountProblem", "UserSuspended", "AccountSuspended", "UserDisable", "UserProjectAccountProblem", "BillingDisabled", "AccessBillingDisabled", "InvalidPayer":
		return closed
	}
	if strings.HasPrefix(a.code, "KMS.") && !mentions(a.code, "throttling", "internal", "timeout") || strings.HasPrefix(a.code, "XMinioKMS") || a.code == "KMSNotConfigured" {
		return noKMS
	}
	return ""
}

// ofSettings says what helps against a code about the bucket, the endpoint, or what requests carry, "" for others.
func ofSettings(r request, a *answer) string {
	switch a.code {
	case "NoSuchBucket":
		return noBucket(r)
	case "InvalidBucketName":
		return fmt.Sprintf("%q is no name that a bucket can have: check it.", r.bucket)
	case "AuthorizationHeaderMalformed", "InvalidRegion", "InvalidRegionName", "InvalidLocationConstraint", "IllegalLocationConstraintException",
		"PermanentRedirect", "TemporaryRedirect":
		return otherRegion(a)
	case "PathStyleDomainForbidden", "SecondLevelDomainForbidden", "VirtualHostDomainRequired":
		return wrongHost
	case "QuotaExceeded", "BucketQuotaExceeded", "StorageQuotaExceeded", "ServiceQuotaExceeded", "QuotaExceededException", "StorageCapExceeded", "TransactionCapExceeded",
		"XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage", "NoSpaceLeft":
		return full
	case "ObjectLocked", "InvalidObjectState", "ObjectImmutable", "FileImmutable", "InvalidRetentionPeriod", "ObjectLockConfigurationNotFoundError":
		return locked
	case "AccessControlListNotSupported":
		return "The bucket takes no ACLs: send no x-amz-acl."
	case "InvalidStorageClass":
		return "The store does not have this storage class: send another x-amz-storage-class, or none."
	case "MetadataTooLarge":
		return "The headers of the object are longer than the store takes: send fewer or shorter ones."
	case "MissingContentLength", "MissingRequestBodyError":
		return ofSize(http.StatusLengthRequired)
	case "InvalidURI":
		return "The store, or a proxy before it, does not read this address: check prefix and names, and that the proxy hands escaped paths on as they are."
	case "MethodNotAllowed":
		return wrongMethod
	case "NotImplemented", "InvalidDigest", "InvalidArgument", "InvalidRequest", "MissingSecurityHeader", "XAmzContentSHA256Mismatch", "UnsupportedOperation":
		return refusedRequest(r, a)
	}
	return ""
}

// refusesRequest reports whether the code is about what the request carries, so that one made otherwise may pass.
func refusesRequest(a *answer) bool {
	switch a.code {
	case "NotImplemented", "InvalidArgument", "InvalidRequest", "MethodNotAllowed", "UnsupportedOperation":
		return true
	}
	return false
}

// refusedRequest reads from the message what the store does not like about a request.
func refusedRequest(r request, a *answer) string {
	switch {
	case mentions(a.message, "date is too", "clock", "too skewed"):
		return skewed(a.skew)
	case mentions(a.message, "must be addressed using", "virtual-styled", "virtual hosted"):
		return wrongHost
	case mentions(a.message, "region", "location constraint"):
		return otherRegion(a)
	case r.op != "put":
		return "The store refuses what its message names: check the endpoint, and any gateway before the store."
	case a.code == "NotImplemented", a.code == "InvalidDigest", mentions(a.message, "checksum", "content-md5", "crc32", "sha256"):
		return fmt.Sprintf("The store refuses a header: set checksum to another of md5, crc32c, none (it is %s).", r.checksum)
	}
	return "The store refuses what its message names; if that is a checksum header, set checksum to another of md5, crc32c, none."
}

func noBucket(r request) string {
	return fmt.Sprintf("Create the bucket %q, or check its name, the region and the endpoint.", r.bucket)
}

// otherRegion says which region it must be, where the store does.
func otherRegion(a *answer) string {
	if a.region != "" {
		return "The bucket is in another region: set the region to " + a.region + "."
	}
	if _, rest, ok := strings.Cut(a.message, "expecting '"); ok {
		name, _, _ := strings.Cut(rest, "'")
		return "The bucket is in another region: set the region to " + name + "."
	}
	if _, names, ok := strings.Cut(a.message, "ust be one of:"); ok {
		return "The store does not know this region: set the region to one of " + strings.TrimRight(strings.TrimSpace(names), ".") + "."
	}
	return "Check the region and the endpoint: the bucket is served elsewhere."
}

// denied names the permission that the call needed, unless the message knows better.
func denied(r request, a *answer) string {
	switch {
	case mentions(a.message, "explicit deny"):
		return "A policy denies this although another allows it: look for a Deny with a condition (an encryption header, an ACL, TLS, the address it comes from) and meet it; headers are set with --header, and --signed-payload signs the bytes."
	case mentions(a.message, "cap exceeded", "quota"):
		return full
	case mentions(a.message, "worm", "object lock", "retention", "legal hold"):
		return locked
	case mentions(a.message, "s3express:createsession"):
		return "Grant s3express:CreateSession on the directory bucket to these credentials."
	case mentions(a.message, "kms:"):
		return noKMS
	}
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
