package s3

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7/pkg/s3utils"
	"github.com/minio/minio-go/v7/pkg/signer"
)

// address is where the requests for one bucket go, and for which region and service they are signed. It is made in one
// place, so that what was named is what is asked.
type address struct {
	scheme string
	// host has the port, unless that is the scheme's own, and the bucket, if that is named there.
	host string
	// base is the path before every key, not escaped: "", the path of the endpoint, the bucket, or both. It does not end
	// with a slash.
	base string
	// region and service are the signature's (AWS Signature Version 4, "credential scope").
	region, service string
}

// root is the URL of the bucket.
func (a address) root() *url.URL { return a.url("/") }

// url is where path, which begins with a slash and is not escaped, lies in the bucket. It is escaped as it is signed, since
// a server compares the two.
func (a address) url(path string) *url.URL {
	path = a.base + path
	return &url.URL{Scheme: a.scheme, Host: a.host, Path: path, RawPath: s3utils.EncodePath(path)}
}

// partition is a part of Amazon's cloud with regions and names of hosts of its own.
type partition struct{ regions, suffix string }

// partitions returns the parts of Amazon's cloud by how the names of their regions begin (botocore, partitions.json). The last
// one is for all others, those that are still to come as well.
func partitions() []partition {
	return []partition{
		{"cn-", "amazonaws.com.cn"}, {"us-isob-", "sc2s.sgov.gov"}, {"us-isof-", "csp.hci.ic.gov"}, {"eu-isof-", "csp.hci.ic.gov"}, {"us-iso-", "c2s.ic.gov"},
		{"eu-isoe-", "cloud.adc-e.uk"}, {"eusc-", "amazonaws.eu"}, {"", "amazonaws.com"},
	}
}

// isRegion reports whether s has the form of a region of Amazon's, such as ap-southeast-2 or us-gov-west-1.
func isRegion(s string) bool {
	parts := strings.Split(s, "-")
	last := len(parts) - 1
	if last < 2 || parts[last] == "" || strings.Trim(parts[last], "0123456789") != "" {
		return false
	}
	for _, p := range parts[:last] {
		if len(p) < 2 || strings.Trim(p, "abcdefghijklmnopqrstuvwxyz") != "" {
			return false
		}
	}
	return true
}

// zone returns the availability zone in the name of a directory bucket (S3 "Directory bucket naming rules"); "" for
// any other bucket.
func zone(bucket string) string {
	name, ok := strings.CutSuffix(bucket, "--x-s3")
	at := strings.LastIndex(name, "--")
	if !ok || at <= 0 || !strings.Contains(name[at:], "-az") {
		return ""
	}
	return name[at+2:]
}

// amazon is what the name of a host of Amazon S3 says.
type amazon struct {
	// service is the label that begins with "s3", such as s3, s3-accelerate or s3express-use1-az4.
	service string
	// region is empty if the host names none.
	region string
	// named is true if something stands before service, such as a bucket, an access point or an endpoint of a VPC.
	named bool
}

// ofAmazon takes the name of a host apart. Other services below amazonaws.com, such as a virtual machine with a store on it, are
// not Amazon S3.
func ofAmazon(host string) (a amazon, ok bool) {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	for _, p := range partitions() {
		labels, found := strings.CutSuffix(host, "."+p.suffix)
		if !found {
			continue
		}
		for label := range strings.SplitSeq(labels, ".") {
			switch {
			case a.service == "" && (label == "s3" || strings.HasPrefix(label, "s3-") || strings.HasPrefix(label, "s3express-")):
				a.service = label
				// Older hosts have the region in the same label: s3-eu-west-1.
				if old := strings.TrimPrefix(label, "s3-"); isRegion(old) {
					a.region = old
				}
			case a.service == "":
				a.named = true
			case isRegion(label):
				a.region = label
			}
		}
		if p.regions == "" && a.region == "" && (labels == "s3" || labels == "s3-external-1" || strings.HasSuffix(labels, ".s3")) {
			a.region = "us-east-1" // which these have always been the hosts of
		}
		return a, a.service != ""
	}
	return amazon{}, false
}

// only says which way of addressing alone a host of Amazon S3 takes, and why; "" for none.
func (a amazon) only() (Addressing, string) {
	switch {
	case strings.HasPrefix(a.service, "s3-accelerate"):
		return AddressingVirtual, "Transfer Acceleration"
	case strings.HasPrefix(a.service, "s3express-"):
		return AddressingVirtual, "S3 Express One Zone"
	case strings.HasPrefix(a.service, "s3-accesspoint"), a.service == "s3-outposts":
		return AddressingVirtual, "an access point"
	}
	return "", ""
}

// address returns where the bucket is. Errors do not repeat the endpoint, as it may hold a password.
func (c Config) address() (address, error) {
	if c.Endpoint == "" {
		return c.amazonAddress()
	}
	u, err := c.endpoint()
	if err != nil {
		return address{}, err
	}
	at := address{scheme: u.Scheme, host: u.Host, base: strings.TrimRight(u.Path, "/"), region: c.Region, service: signer.ServiceTypeS3}
	if name, port, err := net.SplitHostPort(at.host); err == nil && (at.scheme == "http" && port == "80" || at.scheme == "https" && port == "443") {
		at.host = name // else the server signs another Host than net/http sends
		if strings.Contains(name, ":") {
			at.host = "[" + name + "]"
		}
	}
	host, isAmazon := ofAmazon(u.Hostname())
	switch {
	case isAmazon && host.service == "s3-global":
		return at, errors.New("endpoint of a multi-Region access point: it wants signatures of another kind (SigV4A); name an endpoint of one region")
	case isAmazon && zone(c.Bucket) != "" && !strings.HasPrefix(host.service, "s3express-"):
		return at, errors.New("a directory bucket (S3 Express One Zone) has a host of its own: leave the endpoint out")
	case at.region == "" && isAmazon && host.region == "":
		return at, errors.New("no region: the endpoint names none, set AWS_REGION")
	case at.region == "" && isAmazon:
		at.region = host.region
	case at.region == "":
		at.region = "us-east-1" // what stores that have no regions call theirs
	}
	if isAmazon && host.service == "s3-outposts" {
		at.service = signer.ServiceTypeS3Outposts
	}
	return c.placed(at, host)
}

// amazonAddress returns where a bucket of Amazon S3 is, for which nobody named a host. A region that does not exist gets its own
// host, which no name server knows, rather than the bucket of another region.
func (c Config) amazonAddress() (address, error) {
	switch {
	case c.Region == "":
		return address{}, errors.New("no region: set AWS_REGION, or an endpoint for another store")
	case !isRegion(c.Region):
		return address{}, fmt.Errorf("%q is no region of Amazon's, which are like eu-central-1: correct it, or name the endpoint of another store", printable(c.Region, 64))
	}
	service := "s3"
	if z := zone(c.Bucket); z != "" {
		service = "s3express-" + z
	}
	at := address{scheme: "https", region: c.Region, service: signer.ServiceTypeS3}
	at.host = service + "." + c.Region + "." + domainOf(c.Region)
	return c.placed(at, amazon{service: service, region: c.Region})
}

// placed puts the bucket's name into host or path.
func (c Config) placed(at address, host amazon) (address, error) {
	if zone(c.Bucket) != "" {
		at.service = signer.ServiceTypeS3Express
	}
	style, only, why := c.Addressing, Addressing(""), ""
	if host.service != "" {
		only, why = host.only()
	}
	dotted := at.scheme == "https" && strings.Contains(c.Bucket, ".") // no certificate for *.host holds for a.b.host
	cloud := host.service != "" || virtualHosted(at.host) || zone(c.Bucket) != ""
	_, vpc := strings.CutPrefix(at.host, "bucket.vpce-") // a name that each of them has, whatever the bucket's
	named := strings.HasPrefix(strings.ToLower(at.host), strings.ToLower(c.Bucket)+".") && !vpc && (cloud || style == AddressingVirtual)
	switch {
	case named && style == AddressingPath:
		return at, errors.New("addressing path: the endpoint's host names the bucket; leave it out there")
	case only != "" && style == AddressingPath:
		return at, fmt.Errorf("addressing path: %s takes the bucket's name in the host only", why)
	case only != "":
		style = only
		if dotted && !host.named {
			return at, fmt.Errorf("%s does not take a bucket with dots in its name", why)
		}
	case style == "" || style == AddressingAuto:
		style = AddressingPath
		if cloud && !dotted || named {
			style = AddressingVirtual
		}
	}
	switch {
	case at.base == "/"+c.Bucket:
		return at, errors.New("the endpoint ends with the bucket's name: leave it out, as the bucket is named apart")
	case style == AddressingPath:
		at.base += "/" + c.Bucket
	case named, only != "" && host.named: // the host names the bucket, or its access point
	case net.ParseIP(strings.Trim(hostname(at.host), "[]")) != nil:
		return at, errors.New("addressing virtual: the endpoint is an IP address, before which no bucket's name can stand")
	default:
		at.host = c.Bucket + "." + at.host
	}
	return at, nil
}

// virtualHosted reports whether a host is that of a cloud which takes, or wants, the bucket's name in it.
func virtualHosted(host string) bool {
	host = "." + hostname(host)
	for _, suffix := range []string{".storage.googleapis.com", ".aliyuncs.com", ".myqcloud.com", ".volces.com", ".myhuaweicloud.com", ".qiniucs.com"} {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

// hostname is a host without its port.
func hostname(host string) string { return strings.ToLower((&url.URL{Host: host}).Hostname()) }

// endpoint parses Endpoint.
func (c Config) endpoint() (*url.URL, error) {
	raw := c.Endpoint
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil, u.Host == "", u.Hostname() == "":
		return nil, errors.New("endpoint is no URL: write https://host or http://host:port")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("endpoint must begin with http:// or https://")
	case u.User != nil:
		return nil, errors.New("endpoint must not hold a user or password")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("endpoint must not hold a query or fragment")
	case u.RawPath != "" || strings.Contains(u.Path, "//") || strings.Contains(u.Path+"/", "/./") || strings.Contains(u.Path+"/", "/../"):
		return nil, errors.New("endpoint with a path that proxies change: write it without //, . and .., and unescaped")
	}
	return u, nil
}

// turned returns a copy of a request that minio-go made for the neutral host, as it goes to the store: not signed yet.
func (a address) turned(req *http.Request, bucket string) *http.Request {
	to := req.Clone(req.Context())
	query := req.URL.RawQuery
	to.URL = a.url(strings.TrimPrefix(req.URL.Path, "/"+bucket))
	to.URL.RawQuery = query
	to.Host = ""
	// No cookie: it would tie all requests to one server behind a load balancer, well or not.
	to.Header.Del("Cookie")
	if a.service == signer.ServiceTypeS3Express {
		wholeFolder(to.URL)
	}
	return to
}

// wholeFolder has a listing asked for the folder in which its prefix begins: directory buckets take no other prefix (S3
// ListObjectsV2).
func wholeFolder(u *url.URL) {
	query := u.Query()
	if prefix := query.Get("prefix"); query.Has("list-type") && prefix != "" {
		query.Set("prefix", prefix[:strings.LastIndex(prefix, "/")+1])
		u.RawQuery = query.Encode()
	}
}
