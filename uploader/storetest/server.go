package storetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is an S3 server in this process, with one bucket that a Memory holds: PutObject, GetObject, HeadObject,
// ListObjectsV2, DeleteObject and multipart uploads with UploadPartCopy, all of them with the conditions and
// checksums that hlsship sends. It believes every signature. What makes it like one store or another, well or
// unwell, are its quirks. It is safe for concurrent use. Serve makes one.
type Server struct {
	// URL is the endpoint, Bucket the one bucket, path style. They do not change.
	URL, Bucket string
	// Memory holds the objects. Its OnChange may be set before the first request.
	Memory *Memory

	nodes   int
	uploads uploads
	done    chan struct{} // closed at the end: nobody waits on

	mu       sync.Mutex
	conns    int
	playing  []*playing
	requests map[string]int
}

// playing is a quirk that meets requests.
type playing struct{ play Play }

// Request is one request as a Play sees it.
type Request struct {
	*http.Request
	// Server is who was asked.
	Server *Server
	// Op is "put", "get", "head", "list", "delete", "create", "part", "copy", "complete", "abort", or "other", which is
	// about no object of the bucket.
	Op string
	// Key is the object's; of a list the prefix.
	Key string
	// Conn numbers the connections from 1, Nth the requests of this one, Node the machine behind the balancer that
	// took the connection, from 0.
	Conn, Nth, Node int
}

// connection is what a Server knows of one.
type connection struct {
	number int
	mu     sync.Mutex
	seen   int
}

type connectionKey struct{}

// Serve starts a Server that meets its clients with the quirks from the first request on, and stops with the test. It has as
// many nodes as the quirk with the most asks for.
func Serve(t testing.TB, quirks ...Quirk) *Server {
	t.Helper()
	s := &Server{Bucket: "live", Memory: NewMemory(), nodes: 1, done: make(chan struct{}), requests: map[string]int{}}
	s.uploads.open = map[string]*upload{}
	server := httptest.NewUnstartedServer(s)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // broken connections are what it is for
	server.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.conns++
		return context.WithValue(ctx, connectionKey{}, &connection{number: s.conns})
	}
	for _, q := range quirks {
		s.Begin(q)
	}
	server.Start()
	t.Cleanup(func() {
		close(s.done)
		server.CloseClientConnections()
		server.Close()
	})
	s.URL = server.URL
	return s
}

// Begin lets a quirk meet all requests from now on, after those that began before it, and returns what ends it.
func (s *Server) Begin(q Quirk) (end func()) {
	p := &playing{q.Play()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nodes = max(s.nodes, q.Nodes)
	s.playing = append(s.playing, p)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.playing = slices.DeleteFunc(slices.Clone(s.playing), func(other *playing) bool { return other == p })
	}
}

// Requests returns how many requests there were, by Op.
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[string]int{}
	for op, n := range s.requests {
		counts[op] = n
	}
	return counts
}

// ServeHTTP answers a request, or has its quirks do so.
func (s *Server) ServeHTTP(w http.ResponseWriter, hr *http.Request) {
	r := s.request(hr)
	s.mu.Lock()
	s.requests[r.Op]++
	plays := s.playing
	s.mu.Unlock()
	next := answerObject
	for _, p := range slices.Backward(plays) {
		inner := next
		next = func(w http.ResponseWriter, r *Request) { p.play(w, r, inner) }
	}
	next(w, r)
}

// request reads what is asked for.
func (s *Server) request(hr *http.Request) *Request {
	r := &Request{Request: hr, Server: s, Op: "other"}
	if c, ok := hr.Context().Value(connectionKey{}).(*connection); ok {
		c.mu.Lock()
		c.seen++
		r.Conn, r.Nth = c.number, c.seen
		c.mu.Unlock()
		s.mu.Lock()
		r.Node = c.number % s.nodes
		s.mu.Unlock()
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(hr.URL.Path, "/"), "/")
	if bucket != s.Bucket {
		return r
	}
	query := hr.URL.Query()
	r.Key = key
	switch {
	case key == "" && hr.Method == http.MethodGet && query.Has("list-type"):
		r.Op, r.Key = "list", query.Get("prefix")
	case key == "":
	case query.Has("uploadId") || query.Has("uploads"):
		r.Op = opOfUpload(hr)
	case hr.Method == http.MethodPut:
		r.Op = "put"
	case hr.Method == http.MethodGet:
		r.Op = "get"
	case hr.Method == http.MethodHead:
		r.Op = "head"
	case hr.Method == http.MethodDelete:
		r.Op = "delete"
	}
	return r
}

// Writes reports whether the request is to change an object or an upload.
func (r *Request) Writes() bool {
	return r.Op == "put" || r.Op == "part" || r.Op == "copy" || r.Op == "create" || r.Op == "complete"
}

// wait lets time pass, or less if the client goes away or the server ends; it reports whether it was all. The body is
// read before, as a server learns only then that its client is gone.
func (r *Request) wait(d time.Duration) bool {
	held, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(&late{held, err})
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-r.Server.done:
	}
	return false
}

// late is a body that was read before, with the error that ended it.
type late struct {
	rest []byte
	err  error
}

func (b *late) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// reset cuts the connection as a machine does that knows nothing of it.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close() // it is to be broken
}

// refuse answers with an error document (S3 "Error Responses"). more are further elements of it.
func refuse(w http.ResponseWriter, status int, code, message, more string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message>%s<RequestId>%s</RequestId></Error>",
		code, message, more, rand.Text()[:16])
}
