package s3

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/signer"
)

// maxToken bounds a file that holds a token, in bytes.
const maxToken = 64 << 10

// role is one that keys or a token are exchanged for.
type role struct {
	arn, externalID, session string
	// seconds is how long its keys are to live; 0 for what the service thinks fit.
	seconds int
	sts     tokenService
}

// tokenService is where a role is assumed (AWS Security Token Service API Reference).
type tokenService struct{ endpoint, region string }

// sts returns the token service for a role of the profile p.
func (f *finder) sts(p section) (tokenService, error) {
	region := cmp.Or(f.env("AWS_REGION"), f.env("AWS_DEFAULT_REGION"), p.values["region"], f.region)
	if n := strings.Count(region, "-"); n < 2 || strings.Trim(region[strings.LastIndex(region, "-"):], "-0123456789") != "" {
		region = "us-east-1" // what another store calls its region is none of AWS
	}
	at := f.serviceURL("sts", p)
	if at == "" {
		return tokenService{"https://sts." + region + "." + domainOf(region), region}, nil
	}
	if err := checkURL(at); err != nil {
		return tokenService{}, mistake("endpoint of the token service: %w", err)
	}
	return tokenService{at, region}, nil
}

// domainOf returns the domain of a region's partition (AWS General Reference, "Regions and endpoints").
func domainOf(region string) string {
	for _, p := range partitions() {
		if strings.HasPrefix(region, p.regions) {
			return p.suffix
		}
	}
	return ""
}

// serviceURL returns where a service of AWS is asked, for the profile p, if that is said anywhere (AWS SDKs and Tools
// Reference Guide, "Service-specific endpoints").
func (f *finder) serviceURL(service string, p section) string {
	if at := cmp.Or(f.env("AWS_ENDPOINT_URL_"+strings.ToUpper(service)), f.env("AWS_ENDPOINT_URL")); at != "" {
		return at
	}
	if strings.EqualFold(f.env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") {
		return ""
	}
	services := f.shared.services[p.values["services"]]
	return cmp.Or(services.values[service+".endpoint_url"], p.values["endpoint_url_"+service], p.values["endpoint_url"])
}

// checkURL refuses what no request can be sent to. The error does not repeat it, as it may hold a password.
func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return errors.New("no URL: write https://HOST or http://HOST:PORT")
	}
	return nil
}

// assumed returns the keys of r, for which it exchanges those of base (STS AssumeRole).
func assumed(base source, r role) source {
	return source{name: "assumed role", profile: base.profile, role: r.arn, fetch: func(ctx context.Context, client *http.Client) (credentials.Value, error) {
		keys, err := base.fetch(ctx, client)
		if err != nil {
			return credentials.Value{}, fmt.Errorf("keys to assume %s with: %w", r.arn, err)
		}
		v := r.values("AssumeRole")
		if r.externalID != "" {
			v.Set("ExternalId", r.externalID)
		}
		return r.sts.ask(ctx, client, v, &keys)
	}}
}

// webIdentity returns the keys of r, for which it exchanges a token that somebody else keeps fresh in a file (STS
// AssumeRoleWithWebIdentity).
func (f *finder) webIdentity(p section, r role, file string) (source, error) {
	var err error
	if r.sts, err = f.sts(p); err != nil {
		return source{}, err
	}
	if r.arn == "" && strings.Contains(r.sts.endpoint, ".amazonaws.") {
		return source{}, mistake("AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN, which goes with it, is not")
	}
	return source{name: "web identity", role: r.arn, fetch: func(ctx context.Context, client *http.Client) (credentials.Value, error) {
		token, err := tokenOf(file)
		if err != nil {
			return credentials.Value{}, err
		}
		v := r.values("AssumeRoleWithWebIdentity")
		v.Set("WebIdentityToken", token)
		return r.sts.ask(ctx, client, v, nil)
	}}, nil
}

// tokenOf returns the token that a file holds. Errors do not show it.
func tokenOf(file string) (string, error) {
	text, err := readBounded(file, maxToken)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return "", mistake("token file: %w", err)
	}
	if err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	return strings.TrimSpace(text), nil
}

// values are the parameters that both actions have.
func (r role) values(action string) url.Values {
	v := url.Values{"Action": {action}, "Version": {"2011-06-15"}}
	if r.arn != "" {
		v.Set("RoleArn", r.arn)
		v.Set("RoleSessionName", cmp.Or(r.session, "hlsship"))
	}
	if r.seconds > 0 {
		v.Set("DurationSeconds", strconv.Itoa(r.seconds))
	}
	return v
}

// stsKeys are the keys in an answer.
type stsKeys struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      time.Time
}

// stsAnswer is an answer to either action, or an error document of the service or of a store in its place.
type stsAnswer struct {
	Assumed   stsKeys `xml:"AssumeRoleResult>Credentials"`
	Exchanged stsKeys `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
	Code      string  `xml:"Error>Code"`
	Message   string  `xml:"Error>Message"`
	StoreCode string  `xml:"Code"`
	StoreText string  `xml:"Message"`
}

// ask sends an action, signed with keys unless they are nil.
func (s tokenService) ask(ctx context.Context, client *http.Client, v url.Values, keys *credentials.Value) (credentials.Value, error) {
	body := v.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(s.endpoint, "/")+"/", strings.NewReader(body))
	if err != nil {
		return credentials.Value{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if keys != nil {
		sum := sha256.Sum256([]byte(body))
		req.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
		if keys.SessionToken != "" {
			req.Header.Set("X-Amz-Security-Token", keys.SessionToken)
		}
		req = signer.SignV4STS(*req, keys.AccessKeyID, keys.SecretAccessKey, s.region)
	}
	status, data, err := fetched(client, req)
	if err != nil {
		return credentials.Value{}, &keyError{err: err, cure: "See that the token service can be reached from here; AWS_ENDPOINT_URL_STS names another one, such as that of a VPC."}
	}
	var a stsAnswer
	bad := xml.Unmarshal(data, &a)
	if status != http.StatusOK {
		code, message := cmp.Or(a.Code, a.StoreCode), cmp.Or(a.Message, a.StoreText)
		return credentials.Value{}, &keyError{err: refusal("the token service at "+req.URL.Host, status, code, message), cure: roleCure(code, keys != nil)}
	}
	found := a.Assumed
	if keys == nil {
		found = a.Exchanged
	}
	if bad != nil || found.AccessKeyID == "" {
		return credentials.Value{}, &keyError{err: fmt.Errorf("%s answered with something that holds no keys", req.URL.Host),
			cure: "Check the endpoint of the token service, AWS_ENDPOINT_URL_STS, and any proxy on the way."}
	}
	return credentials.Value{AccessKeyID: found.AccessKeyID, SecretAccessKey: found.SecretAccessKey, SessionToken: found.SessionToken, Expiration: found.Expiration}, nil
}

// roleCure says what to do about a refusal of the token service (AWS Security Token Service API Reference, "Common Errors").
func roleCure(code string, signed bool) string {
	switch code {
	case "AccessDenied":
		if !signed {
			return "Let the role's trust policy name the token's issuer, subject and audience, with sts:AssumeRoleWithWebIdentity."
		}
		return "Let the role's trust policy name who assumes it, with sts:AssumeRole, and see that the external id is the one that it demands."
	case "ExpiredToken", "ExpiredTokenException", "InvalidIdentityToken", "IDPCommunicationError":
		if !signed {
			return "See who writes the token file: the token in it has expired, or is for another issuer or audience."
		}
		return "Renew the keys that the role is assumed with: they have expired."
	case "InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "InvalidAccessKeyId":
		return "Check the keys that the role is assumed with: the token service does not accept them."
	case "RegionDisabledException":
		return "Activate STS in that region, or set AWS_REGION to one where it is."
	}
	return ""
}
