package check

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

const (
	// Bodies to measure the bandwidth with: the large one if the small one took less than quick.
	smallBody = 256 << 10
	largeBody = 1 << 20
	quick     = 700 * time.Millisecond
	// appendFrom is the least that a store copies within an object (S3 UploadPartCopy).
	appendFrom = 5 << 20
	// few divides what the line carries by what the streams need: below it there is little left for backlog.
	few = 1.5
)

// bandwidth compares the time of PUTs with what the streams need.
func (s *storeCheck) bandwidth(ctx context.Context, need streams) {
	if limit := need.target / 2; limit > 0 && s.latency > limit {
		s.found.warn("latency-high", "Use a store or a region that is nearer: every segment waits for two such PUTs, its own and its playlist's.",
			"a small PUT takes %s, with a target duration of %s", human(s.latency), need.target)
	} else if s.latency > 0 {
		s.found.ok("latency", "a small PUT takes %s", human(s.latency))
	}
	if limit := float64(s.config.UplinkLimit) * 8; limit > 0 && need.rate > limit {
		s.found.fail("uplink-limit-low", "Raise --uplink-limit above the rate of the streams, with room for backlog.",
			"--uplink-limit is %s and the streams need %s", rate(limit), rate(need.rate))
	}
	bits, ok := s.measure(ctx)
	const cure = "Lower the bitrate, use a faster line or a nearer store."
	switch {
	case !ok:
	case bits < need.rate:
		s.found.fail("bandwidth-low", cure, "the way to the store carries about %s on one connection, and the streams need %s", rate(bits), rate(need.rate))
	case bits < need.rate*few:
		s.found.warn("bandwidth-tight", cure, "the way to the store carries about %s on one connection, and the streams need %s: little is left for backlog", rate(bits), rate(need.rate))
	case need.rate > 0:
		s.found.ok("bandwidth", "about %s on one connection, and the streams need %s", rate(bits), rate(need.rate))
	default:
		s.found.ok("bandwidth", "about %s on one connection", rate(bits))
	}
	if need.ranges && ok {
		s.appending(ctx, bits)
	}
}

// measure returns the bits a second of one PUT.
func (s *storeCheck) measure(ctx context.Context) (bits float64, ok bool) {
	body := make([]byte, largeBody)
	_, _ = rand.Read(body) // it never fails
	for _, n := range []int{smallBody, largeBody} {
		took, err := s.put(ctx, body[:n], nil)
		switch {
		case err != nil && bits > 0:
			return bits, true
		case err != nil:
			s.found.add(ofBandwidth(err, s, n))
			return 0, false
		}
		bits = float64(n) * 8 / max(took-s.latency, time.Millisecond).Seconds()
		if took > quick {
			break
		}
	}
	return bits, true
}

// ofBandwidth is the finding about a body of n bytes that could not be stored, although small ones could.
func ofBandwidth(err error, s *storeCheck, n int) Finding {
	f := ofStore(err, s.at, fmt.Sprintf("storing an object of %s", size(int64(n))), "put-denied", "put-failed")
	if f.ID == "endpoint-silent" || f.ID == "connect-failed" {
		f.ID, f.Cure = "bandwidth-low", "Look at the line's upload rate, and for a proxy on the way that refuses large bodies."
	}
	return f
}

// appending tries to lengthen an object without sending it again, if the line is fast enough to try.
func (s *storeCheck) appending(ctx context.Context, bits float64) {
	if bits < appendFrom*8/3 {
		return
	}
	body := make([]byte, appendFrom+1024)
	if _, err := s.put(ctx, body[:appendFrom], nil); err != nil {
		return // told of, or for want of time
	}
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	etag, err := s.store.Append(ctx, store.Object{
		Key: s.key, Body: bytes.NewReader(body), Size: int64(len(body)), ContentType: contentType, CacheControl: cacheControl, IfMatch: s.etag,
	}, appendFrom)
	if err != nil {
		s.found.note("append-unsupported", "Have the packager write segments instead of byte ranges of one file: without UploadPartCopy the whole file is sent for each.",
			"the store cannot lengthen an object: %s", short(causeOf(err)))
		return
	}
	s.etag, s.size = etag, len(body)
	s.found.ok("append", "a file that grows is sent only once (UploadPartCopy)")
}
