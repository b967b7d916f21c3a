package s3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7/pkg/signer"
)

// attempt is one call of the Store: one request, or for List one a page. It travels in the request's
// context, is written by the transport, and read by the Store after the call; it holds contexts because
// it lives no longer than they do.
type attempt struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	parent context.Context // the caller's: ends for the caller's reasons only
	bound  time.Duration   // the patience without progress
	body   *body           // of a PUT, else nil
	fresh  bool            // over a connection that nothing else uses

	headers map[string]string // of its requests, beside those that minio-go makes
	payload string            // the SHA-256 of body in hexadecimal, "" to leave it out of the signature

	mu     sync.Mutex
	err    error       // the first failure: an *answer, a *stallError or the network's
	header http.Header // of the last good answer
	asked  time.Time   // when its request was made
	page   string      // the continuation token of the last page that was asked for
}

// attemptKey is the context key of an *attempt.
type attemptKey struct{}

// newAttempt returns an attempt; end must be called.
func newAttempt(parent context.Context, bound time.Duration) *attempt {
	a := &attempt{parent: parent, bound: bound}
	ctx, cancel := context.WithCancelCause(parent)
	a.ctx, a.cancel = context.WithValue(ctx, attemptKey{}, a), cancel
	return a
}

// end ends what may still be under way, and returns once nobody reads the body any more.
func (a *attempt) end() {
	a.cancel(context.Canceled)
	if a.body != nil {
		a.body.wait()
	}
}

// fail records the first failure and ends the attempt: minio-go would otherwise sleep up to 200 ms after
// its only try, and hide the answer's headers.
func (a *attempt) fail(err error) error {
	if stall, ok := errors.AsType[*stallError](context.Cause(a.ctx)); ok {
		err = stall
	}
	a.mu.Lock()
	if a.err == nil {
		a.err = err
	}
	a.mu.Unlock()
	a.cancel(err)
	return err
}

// failure returns what went wrong, given what minio-go said; nil if nothing did.
func (a *attempt) failure(said error) error {
	if said == nil {
		return nil
	}
	a.mu.Lock()
	err := a.err
	a.mu.Unlock()
	if a.body != nil {
		if bad := a.body.failure(); bad != nil {
			return bad
		}
	}
	if ans, ok := errors.AsType[*answer](err); ok {
		return ans
	}
	if ended := a.parent.Err(); ended != nil {
		return ended
	}
	if err != nil {
		return err
	}
	return said
}

// memoryBody returns the body if net/http is given its bytes in memory, else nil.
func (a *attempt) memoryBody() *body {
	if a.body == nil || a.body.memory == nil {
		return nil
	}
	return a.body
}

// fromMemory reports whether req has a body that is in memory.
func (a *attempt) fromMemory(req *http.Request) bool {
	return a.memoryBody() != nil && req.Body != nil && req.Body != http.NoBody
}

// again returns what gives the body of req once more, for a connection that turns out to be closed before a byte was sent; nil if
// there is none.
func (a *attempt) again(req *http.Request) func() (io.ReadCloser, error) {
	if a.fromMemory(req) {
		return func() (io.ReadCloser, error) { return a.body.memory.reader(), nil }
	}
	if a.body == nil || req.Body == nil || req.Body == http.NoBody {
		return req.GetBody
	}
	return func() (io.ReadCloser, error) {
		a.body.rewind()
		return io.NopCloser(a.body), nil
	}
}

// answered returns the headers of the last good answer.
func (a *attempt) answered() http.Header {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.header
}

// repeats reports whether the page of a listing was the last one that was asked for: minio-go would ask for it for ever,
// also where there is nothing on it.
func (a *attempt) repeats(page string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	same := page != "" && page == a.page
	a.page = page
	return same
}

// stallError ends an attempt that made no progress.
type stallError struct{ after time.Duration }

func (e *stallError) Error() string { return fmt.Sprintf("no progress for %s", e.after) }

// Timeout makes it a timeout in the sense of net.Error.
func (e *stallError) Timeout() bool { return true }

// watch ends an attempt when nothing moved for its bound.
type watch struct {
	mu    sync.Mutex
	bound time.Duration
	timer *time.Timer // nil once stopped
}

func newWatch(a *attempt) *watch {
	w := &watch{bound: a.bound}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(a.bound, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.timer != nil {
			a.cancel(&stallError{w.bound})
		}
	})
	return w
}

// progress grants the whole bound again. A nil watch watches nothing.
func (w *watch) progress() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Reset(w.bound)
	}
}

// pause stops the clock until the next progress: what follows is no waiting for the network.
func (w *watch) pause() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
}

// transport lets each attempt live as long as it makes progress, and turns every answer that is no
// success into an error with all that the answer said.
type transport struct {
	base, fresh *http.Transport // fresh keeps no connection
	connections *connections
	at          address
	bucket      string
	keys        *keyring
	session     *session // nil unless the bucket is a directory bucket
	payer       bool     // requests say that their sender pays
	agent       string   // their User-Agent
}

// newTransport returns a transport for HTTP/1.1: with HTTP/2 one stalled stream would hold up all others
// of its connection.
func newTransport(c Config, at address, keys *keyring, trust *tls.Config) *transport {
	conns := newConnections(c.Workers + 4) // the listing, a probe and a second look come beside the workers
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return conns.dial(ctx, c.Stall, network, address)
	}
	if c.dial != nil {
		dial = c.dial
	}
	http1 := new(http.Protocols)
	http1.SetHTTP1(true)
	base := &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &socket{Conn: conn}, nil
		},
		TLSClientConfig:     trust,
		TLSHandshakeTimeout: c.Stall,
		MaxConnsPerHost:     conns.most,
		MaxIdleConnsPerHost: conns.most,
		IdleConnTimeout:     time.Minute,
		WriteBufferSize:     writeBuffer,
		DisableCompression:  true,
		Protocols:           http1,
	}
	fresh := base.Clone()
	fresh.DisableKeepAlives = true
	t := &transport{base: base, fresh: fresh, connections: conns, at: at, bucket: c.Bucket, keys: keys, payer: c.RequestPayer, agent: "hlsship/" + c.Version}
	if at.service == signer.ServiceTypeS3Express {
		t.session = newSession(t)
	}
	return t
}

// RoundTrip sends a request that minio-go made.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	a, ok := req.Context().Value(attemptKey{}).(*attempt)
	if !ok {
		return nil, errors.New("a request outside of any attempt")
	}
	if a.repeats(req.URL.Query().Get("continuation-token")) {
		return nil, a.fail(ErrEndless)
	}
	return t.send(req.Context(), t.at.turned(req, t.bucket), a)
}

// send signs a request to the store, which nobody else holds, and sends it under the watch of its attempt.
func (t *transport) send(ctx context.Context, out *http.Request, a *attempt) (*http.Response, error) {
	w, asked := newWatch(a), time.Now()
	if a.body != nil {
		a.body.watched(w)
	}
	var line atomic.Pointer[socket]
	n := t.connections.last.Add(1)
	trace := &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) {
			if l := socketOf(got.Conn); l != nil {
				l.user.Store(n)
				line.Store(l)
				l.sends.Store(a.memoryBody())
			}
			w.progress()
		},
		ConnectDone:          func(string, string, error) { w.progress() },
		WroteHeaders:         w.progress,
		GotFirstResponseByte: w.progress,
	}
	out, err := t.signed(out, a)
	if err != nil {
		w.stop()
		return nil, a.fail(err)
	}
	base := t.base
	if a.fresh {
		base = t.fresh
	}
	if a.fromMemory(out) {
		trace.WroteRequest = func(httptrace.WroteRequestInfo) { a.body.memory.written.Add(1) }
	}
	sent := out.WithContext(httptrace.WithClientTrace(ctx, trace))
	if sent.GetBody = a.again(out); a.fromMemory(out) {
		sent.Body = a.body.memory.reader()
	}
	resp, err := base.RoundTrip(sent)
	if err != nil {
		if l := line.Load(); l != nil && (a.body == nil || a.body.failure() == nil) {
			t.connections.blame(l) // whoever lost patience
		}
		w.stop()
		return nil, a.fail(err)
	}
	resp.Body = &watchedBody{ReadCloser: resp.Body, w: w, a: a}
	err = expect(out, resp)
	if l := line.Load(); l != nil {
		t.judge(l, n, out.Method, err)
	}
	if err != nil {
		_ = resp.Body.Close()
		if ans, ok := errors.AsType[*answer](err); ok && t.session != nil && refusesKeys(ans) {
			t.session.drop()
		}
		return nil, a.fail(err)
	}
	a.mu.Lock()
	a.header, a.asked = resp.Header, asked
	a.mu.Unlock()
	return resp, nil
}

// judge draws the conclusion from the answer to request number n for the connection that it came over.
func (t *transport) judge(l *socket, n uint64, method string, err error) {
	switch ans, ok := errors.AsType[*answer](err); {
	case err == nil:
		t.connections.well(l)
	case ok && ans.troubled(method):
		t.connections.retire(l, n)
	}
}

// watchedBody lets reading an answer be progress, and stops the watch once it is read or closed.
type watchedBody struct {
	io.ReadCloser
	w *watch
	a *attempt
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == nil:
		b.w.progress()
	case err == io.EOF:
		b.w.stop()
	default:
		err = b.a.fail(err)
	}
	return n, err
}

func (b *watchedBody) Close() error {
	b.w.stop()
	return b.ReadCloser.Close()
}
