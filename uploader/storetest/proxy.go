package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// readBackTimeout bounds the look at an object after it was changed.
const readBackTimeout = 10 * time.Second

// orphanTimeout bounds how long an answer is waited for that the client does not want any more.
const orphanTimeout = 2 * time.Second

// Proxy is an http.Handler in front of a real S3 server, path style. It passes every request on as it
// is, its Host header included, so that signatures stay right, and tells a Viewer of every change: of a
// PUT, a DELETE, a DeleteObjects and a CompleteMultipartUpload it reads back what the server now holds
// before the client gets its answer. The Viewer is told in the order in which the server answered;
// requests that change the same key are passed on one after the other. When the server's answer is lost
// or is an error of its own, only the object tells what happened, and a late arrival may escape.
//
// NewProxy makes one. It is safe for concurrent use. Close it after the server that it serves.
type Proxy struct {
	// Unread, if set before use, says of which objects the bytes are not to be read back: the Viewer gets
	// ChangedUnread. It must be false for playlists.
	Unread func(key string) bool
	// Record, if set before use, is told too, and the Viewer is not told of what an Audience judges.
	Record *Record

	viewer  *Viewer
	bucket  string
	client  *minio.Client
	reverse *httputil.ReverseProxy
	own     *http.Transport
	delay   atomic.Int64

	altering sync.RWMutex // read-held while a request alters, held while Vanish does

	mu     sync.Mutex
	keys   map[string]chan struct{} // closed when the change of that key under way is over
	told   map[string]digest
	puts   []Put
	faults []error

	turn    *sync.Cond // with mu: an answer's turn to tell the Viewer
	tickets int
	next    int
}

// Put is one PUT of an object that a Proxy passed on.
type Put struct {
	// Key is the object's, without the bucket.
	Key string
	// Size is in bytes, without the framing of a streamed signature.
	Size int64
	// Start is when its head arrived, End when the client could read the answer's.
	Start, End time.Time
	// Status is the answer's; 0 if there was none.
	Status int
}

// alteration is a request that may change objects.
type alteration struct {
	keys    []string
	unread  bool
	isPut   bool
	status  int
	settled bool
}

type alterationKey struct{}

// NewProxy returns a Proxy in front of the server g that tells v. The credentials of g serve to read
// back. Requests for other buckets than g's are passed on and not judged.
func NewProxy(g *GatewayServer, v *Viewer) (*Proxy, error) {
	target, err := url.Parse(g.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("proxy of %s: %w", g.Endpoint, err)
	}
	// Compression would be asked for and undone behind the client's back.
	own := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	client, err := minio.New(target.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(g.AccessKey, g.SecretKey, ""),
		Secure: target.Scheme == "https", Region: g.Region, BucketLookup: minio.BucketLookupPath, Transport: own,
	})
	if err != nil {
		return nil, fmt.Errorf("proxy of %s: %w", g.Endpoint, err)
	}
	p := &Proxy{viewer: v, bucket: g.Bucket, client: client, own: own,
		keys: make(map[string]chan struct{}), told: make(map[string]digest)}
	p.turn = sync.NewCond(&p.mu)
	p.reverse = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is signed
		},
		Transport:      own,
		ModifyResponse: p.answered,
		ErrorHandler:   p.unanswered,
		ErrorLog:       log.New(io.Discard, "", 0), // a client that goes away is part of the tests
	}
	return p, nil
}

// SetDelay makes every PUT from now on wait before it is passed on, as on a slow uplink; 0 at first.
func (p *Proxy) SetDelay(d time.Duration) { p.delay.Store(int64(d)) }

// Puts returns the PUTs so far, in the order of their End.
func (p *Proxy) Puts() []Put {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.puts)
}

// Vanish calls remove, which deletes the bucket behind the server's back, while no request alters anything, and
// tells the Viewer: of playlists first, as all is gone at once. It returns the keys that were there.
func (p *Proxy) Vanish(remove func() error) ([]string, error) {
	p.altering.Lock()
	defer p.altering.Unlock()
	if err := remove(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	keys := slices.SortedFunc(maps.Keys(p.told), playlistsFirst)
	for _, key := range keys {
		p.tellRemoved(key)
	}
	return keys, nil
}

// Err returns what kept the Proxy from seeing a change. Its Viewer's verdict is void then.
func (p *Proxy) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(p.faults...)
}

// Close lets go of idle connections.
func (p *Proxy) Close() { p.own.CloseIdleConnections() }

// ServeHTTP passes the request on.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	a, err := p.alteration(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if a == nil {
		p.reverse.ServeHTTP(w, r)
		return
	}
	if a.isPut {
		if err := pause(r.Context(), time.Duration(p.delay.Load())); err != nil {
			return // the client is gone
		}
	}
	p.altering.RLock()
	defer p.altering.RUnlock()
	unlock, err := p.lock(r.Context(), a.keys)
	if err != nil {
		return // likewise
	}
	defer unlock()
	if a.isPut {
		defer func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.puts = append(p.puts, Put{Key: a.keys[0], Size: sizeOf(r), Start: start, End: time.Now(), Status: a.status})
		}()
	}
	// A request that has arrived goes on for a while though the client is killed: the server may store what it
	// got, and only its answer says that it has. A body that is cut off ends it all the same.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	defer context.AfterFunc(r.Context(), func() { time.AfterFunc(orphanTimeout, cancel) })()
	p.reverse.ServeHTTP(w, r.WithContext(context.WithValue(ctx, alterationKey{}, a)))
}

// alteration returns what r may change; nil if nothing.
func (p *Proxy) alteration(r *http.Request) (*alteration, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	if bucket != p.bucket {
		return nil, nil
	}
	part, several := query.Has("uploadId"), query.Has("delete")
	switch {
	case r.Method == http.MethodPut && key != "" && !part:
		unread := p.Unread != nil && p.Unread(key)
		return &alteration{keys: []string{key}, isPut: true, unread: unread}, nil
	case r.Method == http.MethodDelete && key != "" && !part:
		return &alteration{keys: []string{key}}, nil
	case r.Method == http.MethodPost && key != "" && part:
		return &alteration{keys: []string{key}}, nil
	case r.Method == http.MethodPost && key == "" && several:
		return deletion(r)
	}
	return nil, nil
}

// deletion reads a DeleteObjects request and puts its body back.
func deletion(r *http.Request) (*alteration, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil {
		return nil, fmt.Errorf("read DeleteObjects: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var request struct {
		Object []struct{ Key string }
	}
	if err := xml.Unmarshal(body, &request); err != nil {
		return nil, fmt.Errorf("parse DeleteObjects: %w", err)
	}
	a := &alteration{}
	for _, o := range request.Object {
		if !slices.Contains(a.keys, o.Key) {
			a.keys = append(a.keys, o.Key)
		}
	}
	slices.Sort(a.keys) // the order of locks
	return a, nil
}

func sizeOf(r *http.Request) int64 {
	var n int64
	if _, err := fmt.Sscan(r.Header.Get("X-Amz-Decoded-Content-Length"), &n); err == nil {
		return n
	}
	return r.ContentLength
}

// lock waits until nobody else changes one of the keys.
func (p *Proxy) lock(ctx context.Context, keys []string) (unlock func(), err error) {
	done := make(chan struct{})
	var held []string
	unlock = func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, key := range held {
			delete(p.keys, key)
		}
		close(done)
	}
	for _, key := range keys {
		for {
			p.mu.Lock()
			other := p.keys[key]
			if other == nil {
				p.keys[key] = done
				held = append(held, key)
			}
			p.mu.Unlock()
			if other == nil {
				break
			}
			select {
			case <-other:
			case <-ctx.Done():
				unlock()
				return nil, ctx.Err()
			}
		}
	}
	return unlock, nil
}

// answered is called with the server's answer before the client sees it.
func (p *Proxy) answered(resp *http.Response) error {
	a, ok := resp.Request.Context().Value(alterationKey{}).(*alteration)
	if !ok {
		return nil
	}
	a.status = resp.StatusCode
	if resp.Request.Method == http.MethodPost {
		// CompleteMultipartUpload may answer 200 long before it is done.
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return fmt.Errorf("read answer: %w", err)
		}
		_ = resp.Body.Close() // it was read to its end
		resp.Body = io.NopCloser(bytes.NewReader(body))
	}
	if resp.StatusCode < 400 || resp.StatusCode >= 500 {
		p.settle(resp.Request.Context(), a)
	}
	return nil
}

// unanswered is called when the server gave no answer, or the client did not wait for it.
func (p *Proxy) unanswered(w http.ResponseWriter, r *http.Request, _ error) {
	if a, ok := r.Context().Value(alterationKey{}).(*alteration); ok && !a.settled {
		p.settle(r.Context(), a)
	}
	w.WriteHeader(http.StatusBadGateway)
}

// settle tells the Viewer what became of the keys, when all answers before this one have been told.
func (p *Proxy) settle(ctx context.Context, a *alteration) {
	a.settled = true
	p.mu.Lock()
	ticket := p.tickets
	p.tickets++
	p.mu.Unlock()
	// The look goes on when the client is gone: what it sent may have been stored.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readBackTimeout)
	defer cancel()
	tell := make([]func(), 0, len(a.keys))
	for _, key := range a.keys {
		if a.unread && a.status/100 == 2 {
			tell = append(tell, func() { p.viewer.ChangedUnread(key) })
			continue
		}
		content, err := p.readBack(ctx, key)
		switch {
		case err == nil:
			tell = append(tell, func() { p.tellChanged(key, content) })
		case slices.Contains([]string{minio.NoSuchKey, minio.NoSuchBucket}, minio.ToErrorResponse(err).Code):
			tell = append(tell, func() { p.tellRemoved(key) })
		default:
			tell = append(tell, func() { p.faults = append(p.faults, fmt.Errorf("read back %s: %w", key, err)) })
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.next != ticket {
		p.turn.Wait()
	}
	for _, t := range tell {
		t()
	}
	p.next++
	p.turn.Broadcast()
}

func (p *Proxy) readBack(ctx context.Context, key string) ([]byte, error) {
	o, err := p.client.GetObject(ctx, p.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = o.Close() }() // it was only read
	return io.ReadAll(o)
}

// tellChanged is called with mu held, as tellRemoved is. Bytes that the Viewer knows are no change: a
// request that failed, or the same object stored once more.
func (p *Proxy) tellChanged(key string, content []byte) {
	sum := sha256.Sum256(content)
	if known, ok := p.told[key]; ok && known == sum {
		return
	}
	p.told[key] = sum
	tellChanged(p.viewer, p.Record, key, content)
}

func (p *Proxy) tellRemoved(key string) {
	delete(p.told, key)
	tellChanged(p.viewer, p.Record, key, nil)
}
