package check

import (
	"bytes"
	"context"
	"crypto/fips140"
	"crypto/md5"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/uploader/store"
)

const (
	// The headers of the object that is written.
	contentType  = "application/vnd.apple.mpegurl"
	cacheControl = "public, max-age=1"
	// origin is that of a page with a player.
	origin = "https://player.example"
	// rounds is how many small PUTs are timed.
	rounds = 5
	// roundsLimit is the time after which no more of them begin.
	roundsLimit = 3 * time.Second
	// throttle is the pause between two PUTs for a store that allows few writes of one key.
	throttle = 1100 * time.Millisecond
)

// storeCheck looks at the store. It is owned by one goroutine.
type storeCheck struct {
	config Config
	found  *findings
	limit  time.Duration // without tidying up

	store *s3.Store
	at    *url.URL // the bucket, by the host that requests go to
	trust *tls.Config
	key   string // of the object that is written
	size  int    // of what is stored under it; -1 if nothing is
	etag  string // of that

	over    bool          // what was found leaves no sense in the rest
	pause   time.Duration // before a PUT
	latency time.Duration // of a small PUT
}

// run looks at everything, as long as the step before leaves sense in the next.
func (s *storeCheck) run(ctx context.Context, need streams) {
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	c := s.config.Store
	c.Stall, c.Logger = probeLimit, nil
	var err error
	if s.at, err = c.URL(); err != nil {
		s.found.fail("store-settings", "Correct the settings of the store.", "the store cannot be asked: %v", err)
		return
	}
	if s.trust, err = c.TLS.Config(s.at.Hostname()); err != nil {
		s.found.fail("tls-files", "Correct --ca-file, --client-cert-file and --client-key-file, or the files.", "%s", short(err.Error()))
		return
	}
	s.keyFiles()
	if !s.endpoint(ctx, s.at) || !s.open(ctx, c) {
		return
	}
	var random [4]byte
	_, _ = rand.Read(random[:]) // it never fails
	s.key, s.size = s.config.Prefix+".hlsship-check-"+hex.EncodeToString(random[:]), -1
	defer s.cleanup(context.WithoutCancel(ctx))
	for _, step := range []func(context.Context){
		s.write, s.headers, s.list, s.missing, s.conditions, s.recordings, s.public,
		func(ctx context.Context) { s.bandwidth(ctx, need) },
	} {
		before := s.found.count()
		step(ctx)
		if ctx.Err() != nil {
			s.found.forget(before) // it speaks of our limit, not of the store
			s.found.warn("time-over", "Look at the way to the store, or at the store itself: it answers slowly.",
				"not everything could be asked of the store within %s", Limit)
			return
		}
		if s.over {
			return
		}
	}
}

// open makes the store, which takes credentials.
func (s *storeCheck) open(ctx context.Context, c s3.Config) bool {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	const cure = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile in AWS_PROFILE, or give this machine a role."
	var err error
	if s.store, err = s3.Open(ctx, c); err != nil {
		s.found.fail("credentials-missing", cure, "%s", short(strings.ReplaceAll(err.Error(), "\n", "; ")))
		return false
	}
	if err := s.store.Ready(ctx); err != nil {
		late, _ := errors.AsType[*store.Error](err)
		s.found.fail("credentials-missing", late.Cure, "%s", short(late.Err.Error()))
		return false
	}
	s.found.ok("credentials", "they are from: %s", s.store.Source())
	return true
}

// put stores body under the key and returns how long that took.
func (s *storeCheck) put(ctx context.Context, body []byte, change func(*store.Object)) (time.Duration, error) {
	if s.pause > 0 {
		timer := time.NewTimer(s.pause)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	o := store.Object{Key: s.key, Body: bytes.NewReader(body), Size: int64(len(body)), ContentType: contentType, CacheControl: cacheControl, Headers: s.config.Headers}
	if change != nil {
		change(&o)
	}
	began := time.Now()
	etag, err := s.store.Put(ctx, o)
	switch {
	case err == nil:
		s.etag, s.size = etag, len(body)
	case store.KindOf(err) == store.Transient: // it may have arrived, or may yet
		s.size = max(s.size, len(body))
	}
	return time.Since(began), err
}

// write puts, reads back and overwrites some bytes, and takes the time.
func (s *storeCheck) write(ctx context.Context) {
	var took []time.Duration
	defer func() { s.latency = median(took) }()
	began := time.Now()
	for round := range rounds + 1 {
		if round > 1 && time.Since(began) > roundsLimit {
			break
		}
		body := []byte("hlsship check, version " + strconv.Itoa(round) + ": this may be deleted\n")
		d, err := s.put(ctx, body, nil)
		reply, _ := s3.ReplyTo(err)
		switch {
		case err != nil && round > 0 && (reply.Status == http.StatusTooManyRequests || reply.Status == http.StatusServiceUnavailable):
			s.throttled(err)
			return
		case err != nil:
			s.found.add(ofStore(err, s.at, "storing an object", "put-denied", "put-failed"))
			s.over = true
			return
		}
		if round > 0 { // the first opens the connection
			took = append(took, d)
		}
		if round >= 3 {
			continue
		}
		if s.over = !s.readBack(ctx, body, round); s.over {
			return
		}
		if round == 0 && !isMD5Of(s.etag, body) {
			s.found.note("etag-not-md5", "Nothing: after a restart, files of equal size are then taken for the same without comparing their bytes.",
				"the store's ETags are no MD5 sums (encryption with a key of its own, or a store of its own kind)")
		}
	}
	s.found.ok("write", "objects below %s can be stored, read back and overwritten", s.destination())
}

// isMD5Of reports whether etag is the MD5 of body, which nobody can tell where MD5 may not be used.
func isMD5Of(etag string, body []byte) bool {
	if fips140.Enforced() {
		return false
	}
	sum := md5.Sum(body)
	return strings.EqualFold(etag, hex.EncodeToString(sum[:]))
}

// throttled tells of a store that allows few writes of one key, and has the following PUTs wait.
func (s *storeCheck) throttled(err error) {
	s.pause = throttle
	if s.config.MinInterval >= time.Second {
		s.found.ok("writes-throttled", "overwriting an object at once is refused, which --min-interval %s allows for", s.config.MinInterval)
		return
	}
	s.found.warn("writes-throttled", "Set --min-interval 1s: this store allows about one write of a key in a second.",
		"overwriting an object at once is refused: %s", short(causeOf(err)))
}

// readBack compares what the store has with what was sent.
func (s *storeCheck) readBack(ctx context.Context, body []byte, round int) bool {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	got, _, err := s.store.Get(ctx, s.key, 1<<20)
	const cache = "Name the store itself in --endpoint: something on the way, such as a CDN or a caching proxy, answers in its place."
	switch {
	case err != nil && store.KindOf(err) == store.NotFound:
		s.found.fail("read-missing", cache, "an object that was just stored is not found")
	case err != nil:
		s.found.add(ofStore(err, s.at, "reading an object back", "get-denied", "get-failed"))
	case bytes.Equal(got, body):
		return true
	case round > 0 && bytes.HasPrefix(got, []byte("hlsship check, version ")):
		s.found.fail("overwrite-stale", cache, "after an object was overwritten its old bytes are read")
	default:
		s.found.fail("read-differs", cache, "other bytes are read than were stored")
	}
	return false
}

// headers looks at what the store says beside the bytes.
func (s *storeCheck) headers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	h, err := s.store.Inspect(ctx, s.key, origin)
	if err != nil {
		s.found.add(ofStore(err, s.at, "reading an object's headers", "get-denied", "get-failed"))
		return
	}
	kept := true
	for name, sent := range map[string]string{"Content-Type": contentType, "Cache-Control": cacheControl} {
		if got := h.Get(name); got != sent {
			kept = false
			s.found.warn("header-changed", "Set it where the store or the CDN lets you ("+name+"): players and caches go by it, and a playlist that is cached for long freezes live play.",
				"%s: %s was sent and %s comes back", name, sent, short(strconv.Quote(got)))
		}
	}
	if kept {
		s.found.ok("headers", "Content-Type and Cache-Control are kept as sent")
	}
	if allowed := h.Get("Access-Control-Allow-Origin"); allowed == "" {
		s.found.note("cors-missing", "If players on web pages read from the bucket itself, set its CORS rules (GET and HEAD from their origins); a CDN can do so as well.",
			"the store sends no Access-Control-Allow-Origin to a page of %s", origin)
	} else {
		s.found.ok("cors", "pages of %s may read", short(allowed))
	}
}

// list looks for the object below the prefix.
func (s *storeCheck) list(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	there := false
	for info, err := range s.store.List(ctx, s.key) {
		if err != nil {
			s.found.add(ofStore(err, s.at, "listing objects", "list-denied", "list-failed"))
			return
		}
		there = there || info.Key == s.key
	}
	if there {
		s.found.ok("list", "what is stored is listed")
		return
	}
	s.found.warn("list-stale", "Nothing can be set here: after a restart hlsship then stores again what a listing does not show.",
		"an object that was just stored is not listed")
}

// missing looks at an object that is not there.
func (s *storeCheck) missing(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	_, err := s.store.Stat(ctx, s.key+"-missing")
	reply, _ := s3.ReplyTo(err)
	switch {
	case store.KindOf(err) == store.NotFound:
		s.found.ok("missing-key", "a missing object is answered with 404")
	case err == nil:
		s.found.fail("missing-key-found", "Name the store itself in --endpoint, not a web server that answers every name.", "an object that is not there is found")
	case reply.Status == http.StatusForbidden:
		s.found.fail("missing-key-403", "Grant s3:ListBucket on the bucket to these credentials: without it hlsship cannot tell a missing object from a forbidden one, nor can players.",
			"a missing object is answered with 403 instead of 404")
	default:
		s.found.add(ofStore(err, s.at, "asking for a missing object", "get-denied", "stat-failed"))
	}
}

// conditions tries conditional PUTs: those that must fail and one that must not.
func (s *storeCheck) conditions(ctx context.Context) {
	if !s.config.Conditional {
		s.found.note("conditional-off", "Set --conditional auto, unless this store accepts conditional writes and ignores them.",
			"playlists are stored unconditionally: an upload that was given up and arrives late may overwrite a newer one")
		return
	}
	const off = "Set --conditional off."
	body, etag := []byte("hlsship check, conditional: this may be deleted\n"), s.etag
	tries := []struct {
		what   string
		change func(*store.Object)
		holds  bool
	}{
		{"If-None-Match: * for an object that is there", func(o *store.Object) { o.IfAbsent = true }, false},
		{"If-Match with a wrong ETag", func(o *store.Object) { o.IfMatch = strings.Repeat("0", 32) }, false},
		{"If-Match with the right ETag", func(o *store.Object) { o.IfMatch = etag }, true},
	}
	for _, try := range tries {
		_, err := s.put(ctx, body, try.change)
		kind := store.KindOf(err)
		switch {
		case err == nil && try.holds, err != nil && kind == store.Precondition && !try.holds:
		case err == nil:
			s.found.warn("conditional-ignored", off+" It guards nothing here, and hlsship would rely on it.", "the store ignores %s and overwrites", try.what)
			return
		case kind == store.Unsupported:
			s.found.note("conditional-unknown", "Nothing: hlsship notices it and writes without.", "the store knows no conditional writes")
			return
		case kind == store.Precondition:
			s.found.warn("conditional-broken", off, "the store refuses %s", try.what)
			return
		default:
			f := ofStore(err, s.at, "a conditional write", "put-denied", "conditional-broken")
			f.Level = Warning
			if f.ID == "put-denied" || f.ID == "conditional-broken" {
				f.Cure = off
			}
			s.found.add(f)
			return
		}
	}
	s.found.ok("conditional", "conditional writes work")
}

// public asks for the object as a player does, without credentials.
func (s *storeCheck) public(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.store.Address(s.key).String(), nil)
	if err != nil {
		return
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return // the store answered a moment ago; a player's way is another
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		s.found.ok("public-read", "players may read from the store without credentials")
		return
	}
	s.found.note("public-read-refused", "If players read from the bucket itself, allow s3:GetObject to everybody in the bucket's policy, or send --header x-amz-acl=public-read where the store goes by ACLs. A CDN with an access of its own needs nothing.",
		"without credentials an object is answered with %d", resp.StatusCode)
}

// cleanup removes the object, or leaves few bytes of it.
func (s *storeCheck) cleanup(ctx context.Context) {
	if s.size < 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, cleanupLimit)
	defer cancel()
	err := s.store.Remove(ctx, s.key)
	if err == nil {
		return
	}
	if s.size > 1024 {
		if _, err := s.put(ctx, []byte("hlsship check: this may be deleted\n"), nil); err != nil {
			s.found.warn("probe-left", "Delete it.", "an object of up to %s was left: %s%s", size(int64(s.size)), s.destination(), strings.TrimPrefix(s.key, s.config.Prefix))
			return
		}
	}
	s.found.note("probe-left", "Delete it, or let a lifecycle rule do so; hlsship itself needs no permission to delete.",
		"an object of %d bytes was left, as these credentials may not delete: %s%s", s.size, s.destination(), strings.TrimPrefix(s.key, s.config.Prefix))
}

// destination is the bucket and the prefix.
func (s *storeCheck) destination() string {
	return "s3://" + s.config.Store.Bucket + "/" + s.config.Prefix
}

func median(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
