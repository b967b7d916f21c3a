package s3

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"

	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/signer"
)

// neutralHost is what minio-go thinks that it speaks to, without keys, so that it neither chooses a host nor signs: it takes
// hosts below amazonaws.com from a table of regions, whatever endpoint was named, and a signature covers the host.
const neutralHost = "store.invalid"

// unsigned is the payload's hash in the signature of a request whose body is not hashed (AWS Signature Version 4).
const unsigned = "UNSIGNED-PAYLOAD"

// signed returns the request as it is sent: with the headers of the attempt and a signature that covers them.
func (t *transport) signed(out *http.Request, a *attempt) (*http.Request, error) {
	out.Header.Set("User-Agent", t.agent)
	for name, value := range a.headers {
		out.Header.Set(name, value)
	}
	if t.payer {
		out.Header.Set("X-Amz-Request-Payer", "requester")
	}
	hash := a.payload
	if a.body != nil && hash == "" {
		hash = unsigned
	}
	if a.body == nil {
		small, err := inMemory(out)
		if err != nil {
			return nil, err
		}
		hash = hexSHA256(small)
	}
	keys, err := t.keys.keys()
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if t.session != nil {
		if keys, err = t.session.keys(a, keys); err != nil {
			return nil, err
		}
		out.Header.Set("X-Amz-S3session-Token", keys.SessionToken)
	}
	return t.sign(out, keys, hash), nil
}

// sign adds a signature (AWS Signature Version 4) to a request that nobody else holds.
func (t *transport) sign(req *http.Request, keys credentials.Value, hash string) *http.Request {
	req.Header.Set("X-Amz-Content-Sha256", hash)
	return signer.SignV4WithServiceType(*req, keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken, t.at.region, t.at.service)
}

// inMemory returns the body of a request that minio-go made of few bytes, and leaves it to be sent.
func inMemory(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	small, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(small)), nil }
	req.Body, err = req.GetBody()
	return small, err
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
