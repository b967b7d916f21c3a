package s3

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// DefaultStall is Config.Stall's default.
const DefaultStall = 10 * time.Second

// Addressing says where the bucket's name goes in a URL.
type Addressing string

const (
	// AddressingAuto, also the zero value, is virtual-hosted for Amazon, Google and Alibaba, path for
	// every other store.
	AddressingAuto Addressing = "auto"
	// AddressingPath is https://endpoint/bucket/key.
	AddressingPath Addressing = "path"
	// AddressingVirtual is https://bucket.endpoint/key.
	AddressingVirtual Addressing = "virtual"
)

// Checksum says how the store is told what bytes to expect.
type Checksum string

const (
	// ChecksumMD5, also the zero value, sends Content-MD5 and compares the ETag where it is an MD5.
	// Every store verifies it.
	ChecksumMD5 Checksum = "md5"
	// ChecksumCRC32C sends x-amz-checksum-crc32c, which costs less than half of the CPU time of MD5; some
	// stores refuse it.
	ChecksumCRC32C Checksum = "crc32c"
	// ChecksumNone sends none and reads the body only once. It gives up more than it seems: a server
	// that does not compare the length with what arrived (versitygw 1.8.0 at times) stores the start of
	// a body whose connection broke, and nothing tells.
	ChecksumNone Checksum = "none"
)

// Config describes one bucket. It is read by Open only.
type Config struct {
	// Endpoint is a URL such as "http://127.0.0.1:9000", or a host for https; empty means Amazon S3 in
	// Region.
	Endpoint string
	// Region signs the requests. Empty means "us-east-1" where an Endpoint is given; Amazon needs it.
	Region string
	// Bucket is the bucket's name; it must exist.
	Bucket string
	// Addressing is where the bucket's name goes; the zero value is AddressingAuto.
	Addressing Addressing
	// Checksum guards the bytes of a PUT; the zero value is ChecksumMD5.
	Checksum Checksum
	// Credentials sign the requests; the zero value is the standard chain.
	Credentials Credentials
	// Stall is how long an attempt may go without progress; 0 means DefaultStall.
	Stall time.Duration
	// Workers is how many requests run at once at most; so many connections and four more are made; 0 means 64.
	Workers int
	// UplinkLimit bounds the bodies of all PUTs together, in bytes a second; 0 means no limit. Headers, TLS
	// and TCP come on top, a few percent.
	UplinkLimit int64
	// Version ends the User-Agent: "hlsship/VERSION"; empty means "dev".
	Version string
	// Logger is told of changes of the credentials; nil discards.
	Logger *slog.Logger

	// dial replaces the network in tests.
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// env returns a variable of the environment; nil means os.Getenv.
	env func(name string) string
}

// withDefaults returns c with every zero value replaced, or all of its mistakes.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	if c.Bucket == "" {
		errs = append(errs, errors.New("no bucket named"))
	}
	if c.Region == "" && c.Endpoint == "" {
		errs = append(errs, errors.New("no region: set AWS_REGION, or an endpoint for another store"))
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	if c.Stall < 0 || c.Workers < 0 || c.UplinkLimit < 0 {
		errs = append(errs, errors.New("stall, workers and uplink limit must not be negative"))
	}
	if c.Stall == 0 {
		c.Stall = DefaultStall
	}
	if c.Workers == 0 {
		c.Workers = 64
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	if c.env == nil {
		c.env = os.Getenv
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	switch c.Checksum {
	case "":
		c.Checksum = ChecksumMD5
	case ChecksumMD5, ChecksumCRC32C, ChecksumNone:
	default:
		errs = append(errs, fmt.Errorf("checksum %q is none of md5, crc32c, none", string(c.Checksum)))
	}
	if _, err := c.Addressing.lookup(); err != nil {
		errs = append(errs, err)
	}
	if (c.Credentials.AccessKey == "") != (c.Credentials.SecretKey == "") {
		errs = append(errs, errors.New("access key and secret key must be given together"))
	}
	if (c.Credentials.AccessKeyFile == "") != (c.Credentials.SecretKeyFile == "") {
		errs = append(errs, errors.New("the files of access key and secret key must be given together"))
	}
	if c.Credentials.ExternalID != "" && c.Credentials.RoleARN == "" {
		errs = append(errs, errors.New("an external id goes with a role to assume, which is missing"))
	}
	return c, errors.Join(errs...)
}

// lookup translates to minio-go's words.
func (a Addressing) lookup() (minio.BucketLookupType, error) {
	switch a {
	case "", AddressingAuto:
		return minio.BucketLookupAuto, nil
	case AddressingPath:
		return minio.BucketLookupPath, nil
	case AddressingVirtual:
		return minio.BucketLookupDNS, nil
	}
	return 0, fmt.Errorf("addressing %q is none of auto, path, virtual", string(a))
}

// address splits the endpoint into host and scheme. Errors do not repeat it, as it may hold a password.
func (c Config) address() (host string, secure bool, err error) {
	if c.Endpoint == "" {
		if strings.HasPrefix(c.Region, "cn-") {
			return "s3." + c.Region + ".amazonaws.com.cn", true, nil
		}
		return "s3." + c.Region + ".amazonaws.com", true, nil
	}
	raw := c.Endpoint
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil, u.Host == "", u.Hostname() == "":
		return "", false, errors.New("endpoint is no URL: write https://host or http://host:port")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", false, errors.New("endpoint must begin with http:// or https://")
	case u.User != nil:
		return "", false, errors.New("endpoint must not hold a user or password")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "", false, errors.New("endpoint must be a host without a path: the bucket is named apart")
	}
	return u.Host, u.Scheme == "https", nil
}
