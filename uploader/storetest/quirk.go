package storetest

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// Quirk is one way in which a store, or what stands before it, differs from Amazon's on a good day. It says what
// it plays and what must hold all the same, so that one table serves every test: see Quirks.
type Quirk struct {
	// Name is what it plays, in the words of who met it.
	Name string
	// Play returns what meets the requests, anew for each Server.
	Play func() Play
	// Nodes is how many machines there are behind the balancer; 0 and 1 are one.
	Nodes int
	// Lasts is how long a live stream meets it; 0 means that the store is always like that.
	Lasts time.Duration
	// Still is how long the live edge may stand still meanwhile. 0 means as long as it lasts, and not at all
	// (but for the time that a stream takes anyway) if the store is always like that.
	Still time.Duration
	// Refused is true if nothing can be shipped while it lasts, until somebody acts. It ends all the same.
	Refused bool
	// Cure is a regular expression for what the log then says to do, and check with Finding; "" expects nothing.
	Cure string
	// Finding is what package check names it; "" means that it finds no error. Level is "error", "warning" or "note".
	Finding, Level string
	// Conforms says that a Store on such a server fulfils the contract all the same, but for Skips.
	Conforms bool
	Skips    []Skip
	// Requests is how many more requests than on a good day it may cost a live stream; 0 stands for 60.
	Requests int
}

// Play answers a request in the store's place, or lets next do so.
type Play func(w http.ResponseWriter, r *Request, next Next)

// Next answers a request as if there were no such quirk.
type Next func(w http.ResponseWriter, r *Request)

// Quirks returns the table: every quirk of stores that is known, in an order that stays.
func Quirks() []Quirk {
	return slices.Concat(connectionQuirks(), answerQuirks(), refusalQuirks(), natureQuirks(), permissionQuirks(), clockQuirks(), wayQuirks())
}

// QuirkOf returns the row of that name; it panics if there is none.
func QuirkOf(name string) Quirk {
	all := Quirks()
	return all[slices.IndexFunc(all, func(q Quirk) bool { return q.Name == name })]
}

// always is a Play without memory.
func always(p Play) func() Play { return func() Play { return p } }

// when has a Play meet only what matches.
func when(matches func(*Request) bool, p Play) Play {
	return func(w http.ResponseWriter, r *Request, next Next) {
		if matches(r) {
			p(w, r, next)
			return
		}
		next(w, r)
	}
}

// ops matches those of Request.Op.
func ops(names ...string) func(*Request) bool {
	return func(r *Request) bool { return slices.Contains(names, r.Op) }
}

// signed matches what a client of S3 asks, unlike a browser or a look at whether anybody is there.
func signed(r *Request) bool { return r.Header.Get("Authorization") != "" }

// once has a Play meet the first requests that match, n of them.
func once(n int, matches func(*Request) bool, p Play) func() Play {
	return func() Play {
		var mu sync.Mutex
		rest := n
		return when(func(r *Request) bool {
			if !matches(r) {
				return false
			}
			mu.Lock()
			defer mu.Unlock()
			rest--
			return rest >= 0
		}, p)
	}
}

// each has a Play meet every n-th of the requests that match.
func each(n int, matches func(*Request) bool, p Play) func() Play {
	return func() Play {
		var mu sync.Mutex
		seen := 0
		return when(func(r *Request) bool {
			if !matches(r) {
				return false
			}
			mu.Lock()
			defer mu.Unlock()
			seen++
			return seen%n == 0
		}, p)
	}
}

// after lets the store do what it does, and then something else in place of its answer.
func after(then func(w http.ResponseWriter, r *Request)) Play {
	return func(w http.ResponseWriter, r *Request, next Next) {
		next(discarded{http.Header{}}, r)
		then(w, r)
	}
}

// discarded is an answer that nobody gets.
type discarded struct{ header http.Header }

func (d discarded) Header() http.Header         { return d.header }
func (d discarded) Write(p []byte) (int, error) { return len(p), nil }
func (d discarded) WriteHeader(int)             {}

// altered lets the store answer, with another head: change returns the status.
func altered(change func(r *Request, status int, h http.Header) int) Play {
	return func(w http.ResponseWriter, r *Request, next Next) {
		a := &alteredWriter{ResponseWriter: w, change: func(status int, h http.Header) int { return change(r, status, h) }}
		next(a, r)
		if !a.sent {
			a.WriteHeader(http.StatusOK)
		}
	}
}

// rewritten lets the store answer, with another head and another body.
func rewritten(change func(r *Request, h http.Header, body []byte) []byte) Play {
	return func(w http.ResponseWriter, r *Request, next Next) {
		answer := httptest.NewRecorder()
		next(answer, r)
		maps.Copy(w.Header(), answer.Header())
		body := change(r, w.Header(), answer.Body.Bytes())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(body)
	}
}

type alteredWriter struct {
	http.ResponseWriter
	change func(status int, h http.Header) int
	sent   bool
}

// WriteHeader changes the head, once.
func (a *alteredWriter) WriteHeader(status int) {
	if !a.sent {
		a.sent = true
		status = a.change(status, a.Header())
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *alteredWriter) Write(p []byte) (int, error) {
	if !a.sent {
		a.WriteHeader(http.StatusOK)
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (a *alteredWriter) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// The answers of which quirks are made.

// s3Error answers with a code of S3.
func s3Error(status int, code, message string) Play {
	return func(w http.ResponseWriter, _ *Request, _ Next) { refuse(w, status, code, message, "") }
}

// htmlPage answers as a proxy does.
func htmlPage(status int) Play {
	return func(w http.ResponseWriter, _ *Request, _ Next) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		text := http.StatusText(status)
		_, _ = w.Write([]byte("<html>\r\n<head><title>" + text + "</title></head>\r\n<body>\r\n<center><h1>" + text + "</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"))
	}
}

// noBody answers with a status alone.
func noBody(status int) Play {
	return func(w http.ResponseWriter, _ *Request, _ Next) { w.WriteHeader(status) }
}

// retryAfter adds that header to a Play's answer.
func retryAfter(seconds string, p Play) Play {
	return func(w http.ResponseWriter, r *Request, next Next) {
		w.Header().Set("Retry-After", seconds)
		p(w, r, next)
	}
}

// resets cuts the connection without an answer, silence gives none, and lets the request take no effect.
func resets(w http.ResponseWriter, _ *Request, _ Next) { reset(w) }

func silence(w http.ResponseWriter, r *Request, _ Next) {
	r.wait(time.Hour)
	reset(w)
}

// slowly takes its time before it does what it does.
func slowly(d time.Duration) Play {
	return func(w http.ResponseWriter, r *Request, next Next) {
		if r.wait(d) {
			next(w, r)
		}
	}
}

// putsMedia matches PUTs of segments, putsList those of playlists.
func putsMedia(r *Request) bool { return r.Op == "put" && !putsList(r) }

func putsList(r *Request) bool { return r.Op == "put" && strings.HasSuffix(r.Key, ".m3u8") }
