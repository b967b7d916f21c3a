package storetest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// settled is how long a fault lasts that somebody has to mend.
const settled = 3 * time.Second

// permissionQuirks are those of policies, keys and regions.
func permissionQuirks() []Quirk {
	denied := s3Error(http.StatusForbidden, "AccessDenied", "Access Denied")
	explicit := func(what string) Play {
		return s3Error(http.StatusForbidden, "AccessDenied", "User: arn:aws:iam::123456789012:user/packager is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::live/"+what+"\" with an explicit deny in a resource-based policy")
	}
	all := []Quirk{
		{Name: "a missing key is 403, and nothing may be listed", Lasts: settled, Refused: true, Cure: `s3:ListBucket`, Finding: "missing-key-403|list-denied", Level: "error",
			Play: always(func(w http.ResponseWriter, r *Request, next Next) {
				if r.Op == "list" {
					denied(w, r, next)
					return
				}
				missingIs(denied)(w, r, next)
			})},
		{Name: "a missing key is 403, and the prefix may be listed", Play: always(missingIs(denied)), Conforms: true, Skips: briefly()},
		{Name: "a policy wants a header of encryption", Lasts: settled, Refused: true, Cure: `(?i)deny`, Finding: "policy-denies", Level: "error",
			Play: always(when(func(r *Request) bool { return r.Op == "put" && r.Header.Get("X-Amz-Server-Side-Encryption") == "" }, explicit("x")))},
		{Name: "a policy wants an ACL", Lasts: settled, Refused: true, Cure: `(?i)deny`, Finding: "policy-denies", Level: "error",
			Play: always(when(func(r *Request) bool { return r.Op == "put" && r.Header.Get("X-Amz-Acl") == "" }, explicit("x")))},
		{Name: "a policy wants the hash of the body signed", Lasts: settled, Refused: true, Cure: `(?i)sign|hash|payload|deny`, Finding: "policy-denies", Level: "error",
			Play: always(when(unhashed, explicit("x")))},
		{Name: "PUT is denied", Lasts: settled, Refused: true, Cure: `s3:PutObject`, Finding: "put-denied", Level: "error", Play: always(when(ops("put"), denied))},
		{Name: "the token has expired", Lasts: settled, Refused: true, Cure: `(?i)token has expired`, Finding: "credentials-expired", Level: "error",
			Play: always(when(signed, s3Error(http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")))},
		{Name: "the key is not known", Lasts: settled, Refused: true, Cure: `(?i)access key`, Finding: "credentials-wrong", Level: "error",
			Play: always(when(signed, s3Error(http.StatusForbidden, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")))},
		{Name: "the signature does not match", Lasts: settled, Refused: true, Cure: `(?is)secret key.*(proxy|host).*(region|clock)|(proxy|host|region).*key`, Finding: "credentials-wrong", Level: "error",
			Play: always(when(signed, s3Error(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")))},
		{Name: "the key of the encryption is disabled", Lasts: settled, Refused: true, Cure: `(?i)kms`, Finding: "kms-refused", Level: "error",
			Play: always(when(ops("put"), s3Error(http.StatusBadRequest, "KMS.DisabledException", "arn:aws:kms:eu-central-1:123456789012:key/1 is disabled.")))},
		{Name: "the quota is used up", Lasts: settled, Refused: true, Cure: `(?i)quota|room`, Finding: "store-full", Level: "error",
			Play: always(when(ops("put"), s3Error(http.StatusForbidden, "QuotaExceeded", "The quota set for the bucket is exceeded.")))},
		{Name: "the disk of the store is full", Lasts: settled, Refused: true, Cure: `(?i)quota|room`, Finding: "store-full", Level: "error",
			Play: always(when(ops("put"), s3Error(http.StatusInsufficientStorage, "XMinioStorageFull", "Storage backend has reached its minimum free drive threshold.")))},
		{Name: "path style is not served", Lasts: settled, Refused: true, Cure: `--addressing virtual`, Finding: "addressing-wrong", Level: "error",
			Play: always(when(signed, s3Error(http.StatusForbidden, "PathStyleDomainForbidden", "The bucket you are attempting to access must be addressed using COS virtual-styled domain.")))},
	}
	for _, region := range []struct {
		name string
		says Play
	}{
		{"Amazon", wrongRegion(http.StatusBadRequest, "AuthorizationHeaderMalformed", "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'", "<Region>eu-central-1</Region>")},
		{"Amazon by redirection", func(w http.ResponseWriter, _ *Request, _ Next) {
			w.Header().Set("X-Amz-Bucket-Region", "eu-central-1")
			refuse(w, http.StatusMovedPermanently, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint.", "<Endpoint>live.s3.eu-central-1.amazonaws.com</Endpoint>")
		}},
		{"R2", wrongRegion(http.StatusBadRequest, "InvalidRegionName", "The region name 'us-east-1' is not valid. Must be one of: wnam, enam, weur, eeur, apac, oc, auto", "")},
		{"Garage", wrongRegion(http.StatusBadRequest, "AuthorizationHeaderMalformed", "Authorization header malformed, unexpected scope: 20261130/us-east-1/s3/aws4_request, expected: 20261130/garage/s3/aws4_request", "<Region>garage</Region>")},
		{"a store that wants it in the bucket", wrongRegion(http.StatusBadRequest, "InvalidLocationConstraint", "The specified location-constraint is not valid.", "")},
	} {
		all = append(all, Quirk{Name: "the region is wrong, says " + region.name, Lasts: settled, Refused: true, Cure: `(?i)region`, Finding: "region-wrong", Level: "error",
			Play: always(when(signed, region.says))})
	}
	return all
}

// missingIs answers for keys that are not there.
func missingIs(denied Play) Play {
	return func(w http.ResponseWriter, r *Request, next Next) {
		if r.Op == "get" || r.Op == "head" {
			if _, err := r.Server.Memory.lookup(r.Op, r.Key); err != nil {
				denied(w, r, next)
				return
			}
		}
		next(w, r)
	}
}

func wrongRegion(status int, code, message, more string) Play {
	return func(w http.ResponseWriter, _ *Request, _ Next) { refuse(w, status, code, message, more) }
}

// unhashed matches a PUT whose signature says nothing of its bytes, or something wrong.
func unhashed(r *Request) bool {
	content, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(&late{bytes.Clone(content), err})
	sum := sha256.Sum256(content)
	given := r.Header.Get("X-Amz-Content-Sha256")
	return r.Op == "put" && given != hex.EncodeToString(sum[:]) && !strings.HasPrefix(given, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
}

// clockQuirks are those of clocks.
func clockQuirks() []Quirk {
	shifted := func(by time.Duration) func() Play {
		return always(func(w http.ResponseWriter, r *Request, next Next) {
			w.Header().Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
			next(w, r)
		})
	}
	return []Quirk{
		{Name: "Date is three hours ahead", Play: shifted(3 * time.Hour), Conforms: true, Skips: briefly(Skip{"modified is by the caller's clock", "Date is another clock's"}), Finding: "clock-skew", Level: "error|warning"},
		{Name: "Date is three hours behind", Play: shifted(-3 * time.Hour), Conforms: true, Skips: briefly(Skip{"roundtrip", "no time can be told by it"}), Finding: "clock-skew", Level: "error|warning"},
		{Name: "Date is missing", Play: always(func(w http.ResponseWriter, r *Request, next Next) {
			w.Header()["Date"] = nil
			next(w, r)
		}), Conforms: true, Skips: briefly(Skip{"roundtrip", "no time can be told without"})},
		{Name: "Last-Modified is an hour ahead", Play: lastModified(time.Hour), Conforms: true, Skips: briefly(Skip{"roundtrip", "no time can be told by it"})},
		{Name: "Last-Modified is an hour behind", Play: lastModified(-time.Hour), Conforms: true, Skips: briefly(Skip{"modified is by the caller's clock", "it is wrong by an hour"})},
		{Name: "the store's clock is an hour ahead", Play: storeClock(time.Hour), Conforms: true, Skips: briefly(), Finding: "clock-skew", Level: "error|warning"},
		{Name: "requests are too skewed", Lasts: settled, Refused: true, Cure: `(?i)clock`, Finding: "clock-skew", Level: "error", Play: always(when(signed, func(w http.ResponseWriter, r *Request, next Next) {
			w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
			refuse(w, http.StatusForbidden, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.",
				fmt.Sprintf("<ServerTime>%s</ServerTime><MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>", time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
		}))},
	}
}

// lastModified has the store say another time of each object.
func lastModified(by time.Duration) func() Play {
	listed := regexp.MustCompile(`<LastModified>([^<]*)</LastModified>`)
	return always(rewritten(func(_ *Request, h http.Header, body []byte) []byte {
		if at, err := http.ParseTime(h.Get("Last-Modified")); err == nil {
			h.Set("Last-Modified", at.Add(by).UTC().Format(http.TimeFormat))
		}
		return listed.ReplaceAllFunc(body, func(one []byte) []byte {
			at, err := time.Parse(time.RFC3339, string(listed.FindSubmatch(one)[1]))
			if err != nil {
				return one
			}
			return []byte("<LastModified>" + at.Add(by).UTC().Format(time.RFC3339) + "</LastModified>")
		})
	}))
}

// storeClock has all that the store says of the time be by another clock.
func storeClock(by time.Duration) func() Play {
	modified := lastModified(by)()
	return always(func(w http.ResponseWriter, r *Request, next Next) {
		w.Header().Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
		modified(w, r, next)
	})
}

// wayQuirks are those of what stands before the store.
func wayQuirks() []Quirk {
	secure := func(status int) Play {
		return func(w http.ResponseWriter, r *Request, _ Next) {
			w.Header().Set("Location", "https://"+r.Host+r.URL.RequestURI())
			htmlPage(status)(w, r, nil)
		}
	}
	return []Quirk{
		{Name: "http is redirected to https, 301", Lasts: settled, Refused: true, Cure: `https://`, Finding: "tls-expected", Level: "error", Play: always(secure(http.StatusMovedPermanently))},
		{Name: "http is redirected to https, 308", Lasts: settled, Refused: true, Cure: `https://`, Finding: "tls-expected", Level: "error", Play: always(secure(http.StatusPermanentRedirect))},
		{Name: "a proxy answers for a name that is gone", Lasts: settled, Refused: true, Cure: `(?i)proxy`, Finding: "store-foreign", Level: "error", Play: always(htmlPage(http.StatusNotFound))},
		{Name: "a proxy keeps answers, with an Age", Play: always(altered(func(_ *Request, status int, h http.Header) int {
			h.Set("Age", "17")
			return status
		})), Conforms: true, Skips: briefly(Skip{"roundtrip", "no time can be told by an old answer"})},
		{Name: "Content-Type and Cache-Control are lost", Play: always(altered(func(_ *Request, status int, h http.Header) int {
			if status == http.StatusOK && h.Get("Last-Modified") != "" {
				h.Set("Content-Type", "binary/octet-stream")
				h.Del("Cache-Control")
			}
			return status
		})), Conforms: true, Skips: briefly(Skip{"headers", "it loses them"}, Skip{"append", "it loses them"}), Finding: "header-changed", Level: "warning"},
	}
}
