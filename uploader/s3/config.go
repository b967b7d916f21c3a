package s3

import (
	"context"
	"crypto/fips140"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"
)

// DefaultStall is Config.Stall's default.
const DefaultStall = 10 * time.Second

// Addressing says where the bucket's name goes in a URL.
type Addressing string

const (
	// AddressingAuto, also the zero value, is virtual for the clouds that want it (Amazon, Google, Alibaba, Tencent, Volcengine,
	// Huawei, Qiniu), path for every other store and, with TLS, for a bucket with a dot in its name.
	AddressingAuto Addressing = "auto"
	// AddressingPath is https://endpoint/bucket/key.
	AddressingPath Addressing = "path"
	// AddressingVirtual is https://bucket.endpoint/key. An endpoint that begins with the bucket's name is taken as it is.
	AddressingVirtual Addressing = "virtual"
)

// Config describes one bucket. It is read by Open only.
type Config struct {
	// Endpoint is a URL such as "http://127.0.0.1:9000", or a host for https; a path goes before that of each key. It is used
	// as it is, Amazon's as well. Empty means Amazon S3 in Region.
	Endpoint string
	// Region signs the requests. Empty means that in the name of Endpoint's host if it is Amazon's, else "us-east-1"; without an
	// Endpoint it is needed.
	Region string
	// Bucket is the bucket's name; it must exist.
	Bucket string
	// Addressing is where the bucket's name goes; the zero value is AddressingAuto.
	Addressing Addressing
	// Checksum guards the bytes of a PUT; the zero value is ChecksumMD5. In a directory bucket (S3 Express One Zone), which takes no
	// MD5, ChecksumAuto and ChecksumMD5 are ChecksumCRC32C, and ChecksumAuto is in a process that may use no MD5.
	Checksum Checksum
	// SignedPayload has the signature of a PUT cover its bytes, for policies that deny others. It costs a SHA-256 of them.
	SignedPayload bool
	// RequestPayer has every request say that its sender pays for it (S3 "Requester Pays").
	RequestPayer bool
	// TLS is what both sides show one another; the zero value is the system's authorities and no client certificate.
	TLS TLS
	// Credentials sign the requests; the zero value is the standard chain.
	Credentials Credentials
	// Stall is how long an attempt may go without progress; 0 means DefaultStall.
	Stall time.Duration
	// Workers is how many requests run at once at most; so many connections and four more are made; 0 means 64.
	Workers int
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
	if strings.Trim(strings.ToLower(c.Region), "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" || len(c.Region) > 64 {
		errs = append(errs, errors.New("region: up to 64 letters, digits, hyphens, underscores and dots"))
	}
	if c.Stall < 0 || c.Workers < 0 {
		errs = append(errs, errors.New("stall and workers must not be negative"))
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
	case ChecksumAuto, ChecksumMD5, ChecksumCRC32C, ChecksumNone:
	default:
		errs = append(errs, fmt.Errorf("checksum %q is none of auto, md5, crc32c, none", string(c.Checksum)))
	}
	if (c.Checksum == ChecksumAuto || c.Checksum == ChecksumMD5) && zone(c.Bucket) != "" || c.Checksum == ChecksumAuto && fips140.Enforced() {
		c.Checksum = ChecksumCRC32C
	}
	if c.Checksum == ChecksumMD5 && fips140.Enforced() {
		errs = append(errs, errors.New("checksum md5: this process may not use it (GODEBUG=fips140=only); set checksum to crc32c"))
	}
	switch c.Addressing {
	case "", AddressingAuto, AddressingPath, AddressingVirtual:
	default:
		errs = append(errs, fmt.Errorf("addressing %q is none of auto, path, virtual", string(c.Addressing)))
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
