package s3

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"github.com/hlsship/hlsship/uploader/store"
)

// Checksum says how the store is told what bytes to expect.
type Checksum string

const (
	// ChecksumAuto is ChecksumCRC32C once the store was seen to verify it, and ChecksumMD5 until then and everywhere else. It tries that
	// with a playlist: a sum that is wrong beside an MD5 that is right. A store that verifies both refuses it, and is sent the playlist
	// again; one that does not has stored what it should.
	ChecksumAuto Checksum = "auto"
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

const (
	// mostTrials is how often a store is asked whether it verifies CRC32C, as long as it does not tell.
	mostTrials = 3
	// mostTried is the size in bytes of an object with which it is asked, at most.
	mostTried = 256 << 10
)

// sums decides which checksum a PUT carries. It is safe for concurrent use. Use newSums.
type sums struct {
	logger *slog.Logger

	mu     sync.Mutex
	use    Checksum // never ChecksumAuto
	rest   int      // trials that may be made
	trying bool
}

func newSums(c Checksum, logger *slog.Logger) *sums {
	if c != ChecksumAuto {
		return &sums{logger: logger, use: c}
	}
	return &sums{logger: logger, use: ChecksumMD5, rest: mostTrials}
}

// now returns what PUTs carry.
func (s *sums) now() Checksum {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.use
}

// tries reports whether o is to be sent with a wrong sum first, and takes in that it is.
func (s *sums) tries(o store.Object) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rest == 0 || s.trying || o.Priority != store.First || o.Size > mostTried {
		return false
	}
	s.trying = true
	s.rest--
	return true
}

// verdict is what an answer to a wrong sum says.
type verdict uint8

const (
	silent  verdict = iota // nothing
	checks                 // the store verifies it
	ignores                // it stored the bytes all the same
	refuses                // it does not take such a header
)

// verdictOf returns what it says that a PUT with a wrong CRC32C ended with err.
func verdictOf(err error) verdict {
	ans, answered := errors.AsType[*answer](err)
	switch kind := store.KindOf(err); {
	case err == nil:
		return ignores
	case answered && (ans.code == "BadDigest" || ans.code == "XAmzContentChecksumMismatch"):
		if mentions(ans.message, "crc32c", "checksum") && !mentions(ans.message, "md5") {
			return checks
		}
		return refuses
	case kind == store.Transient, kind == store.Precondition, kind == store.NotFound, answered && ans.status != http.StatusBadRequest && ans.status != http.StatusNotImplemented:
		return silent
	}
	return refuses
}

// tried takes in how a trial ended.
func (s *sums) tried(v verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trying = false
	switch v {
	case checks:
		s.use, s.rest = ChecksumCRC32C, 0
		s.logger.Info("store verifies crc32c, which uploads carry from now on", "checksum", string(ChecksumCRC32C))
	case ignores, refuses:
		s.rest = 0
	case silent:
	}
}

// tryOut is Put with a wrong CRC32C beside the right MD5. done is false if the PUT is to be made as if this had never been.
func (s *Store) tryOut(ctx context.Context, o store.Object) (etag string, done bool, err error) {
	v := silent
	defer func() { s.sums.tried(v) }()
	sum, err := digestOf(ctx, o, ChecksumMD5, s.payload)
	if err != nil {
		return "", false, err
	}
	other, err := digestOf(ctx, o, ChecksumCRC32C, false)
	if err != nil {
		return "", false, err
	}
	sum.crc32c = wrong(other.crc32c)
	etag, err = s.put(ctx, o, sum)
	v = verdictOf(err)
	return etag, v == ignores || v == silent, err
}

// wrong returns another sum than the one in base64.
func wrong(sum string) string {
	bits, err := base64.StdEncoding.DecodeString(sum)
	if err != nil {
		return ""
	}
	for i := range bits {
		bits[i] = ^bits[i]
	}
	return base64.StdEncoding.EncodeToString(bits)
}
