package storetest

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// nobodyWaits is how long the live edge may stand still where another connection would have done.
const nobodyWaits = 5 * time.Second

// connectionQuirks are those of one connection, or of one machine, while all others work.
func connectionQuirks() []Quirk {
	var all []Quirk
	// A request that is silent is told from one that is slow by waiting.
	const silenceEnds = 10 * time.Second
	for _, bad := range []struct {
		name  string
		play  Play
		still time.Duration
	}{
		{"503 no tomes available", s3Error(http.StatusServiceUnavailable, "ServiceUnavailable", "no tomes available"), nobodyWaits},
		{"500", s3Error(http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again."), nobodyWaits},
		{"429", s3Error(http.StatusTooManyRequests, "TooManyRequests", "Please reduce your request rate."), nobodyWaits},
		{"502 of a balancer", htmlPage(http.StatusBadGateway), nobodyWaits},
		{"somebody else's page", htmlPage(http.StatusOK), nobodyWaits},
		{"405 of a proxy", htmlPage(http.StatusMethodNotAllowed), nobodyWaits},
		{"nothing but resets", resets, nobodyWaits},
		{"silence", silence, silenceEnds},
	} {
		all = append(all,
			Quirk{Name: "one connection, " + bad.name, Play: oneConnection(bad.play), Still: bad.still, Requests: 60},
			Quirk{Name: "one node of three, " + bad.name, Play: always(when(node(1), bad.play)), Nodes: 3, Still: bad.still, Requests: 120})
	}
	return append(all,
		Quirk{Name: "idle connections are reset", Play: idleReset(100 * time.Millisecond), Still: nobodyWaits, Requests: 200},
		Quirk{Name: "one request a connection", Play: always(altered(func(_ *Request, status int, h http.Header) int {
			h.Set("Connection", "close")
			return status
		})), Conforms: true, Skips: briefly()},
		Quirk{Name: "a node of three that is slow", Play: always(when(node(1), slowly(700*time.Millisecond))), Nodes: 3, Still: nobodyWaits})
}

// node matches the requests to one machine.
func node(n int) func(*Request) bool {
	return func(r *Request) bool { return signed(r) && r.Node == n }
}

// oneConnection has a Play meet all that comes over the connection that brought the first PUT, from its third request
// on: it worked before.
func oneConnection(bad Play) func() Play {
	return func() Play {
		var mu sync.Mutex
		chosen, seen := 0, 0
		return when(func(r *Request) bool {
			mu.Lock()
			defer mu.Unlock()
			if chosen == 0 && r.Op == "put" {
				chosen = r.Conn
			}
			if r.Conn != chosen || chosen == 0 {
				return false
			}
			seen++
			return seen > 2
		}, bad)
	}
}

// idleReset forgets connections on which nothing happened for so long, as address translation does.
func idleReset(d time.Duration) func() Play {
	return func() Play {
		var mu sync.Mutex
		last := map[int]time.Time{}
		return func(w http.ResponseWriter, r *Request, next Next) {
			mu.Lock()
			at, known := last[r.Conn]
			mu.Unlock()
			if known && time.Since(at) > d {
				reset(w)
				return
			}
			next(w, r)
			mu.Lock()
			last[r.Conn] = time.Now()
			mu.Unlock()
		}
	}
}

// manySkips are the cases of Conformance that ask nothing of such a quirk and take long, but for lengthening an object.
func manySkips(more ...Skip) []Skip {
	return append(more,
		Skip{"list many", "a listing of thousands has nothing to do with it"},
		Skip{"large object", "so has a large object"})
}

// briefly are those, and lengthening an object.
func briefly(more ...Skip) []Skip {
	for _, name := range []string{"append", "append to another", "append of a failing body"} {
		if !slices.ContainsFunc(more, func(s Skip) bool { return s.Name == name }) {
			more = append(more, Skip{name, "lengthening an object has nothing to do with it"})
		}
	}
	return manySkips(more...)
}
