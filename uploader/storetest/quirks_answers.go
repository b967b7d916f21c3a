package storetest

import (
	"net/http"
	"time"
)

// passing is how long a fault lasts that is over before anybody has read of it.
const passing = 2 * time.Second

// answerQuirks are faults of the whole store, or of single answers, that pass by themselves.
func answerQuirks() []Quirk {
	busy := s3Error(http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
	many := s3Error(http.StatusTooManyRequests, "TooManyRequests", "Please reduce your request rate.")
	asks := func(r *Request) bool { return r.Writes() }
	return []Quirk{
		{Name: "one 503 with Retry-After 60, for a segment", Play: once(1, putsMedia, retryAfter("60", busy)), Still: nobodyWaits},
		{Name: "one 503 with Retry-After 60, for a playlist", Play: once(1, putsList, retryAfter("60", busy)), Still: nobodyWaits},
		{Name: "one 429 with Retry-After 60", Play: once(1, putsMedia, retryAfter("60", many)), Still: nobodyWaits},
		{Name: "one 503 with a Retry-After that is a date", Play: once(1, putsMedia, retryAfter("Fri, 01 Jan 2100 00:00:00 GMT", busy)), Still: nobodyWaits},
		{Name: "503 for two seconds, each with Retry-After 60", Play: always(when(signed, retryAfter("60", busy))), Lasts: passing},
		{Name: "503 of a proxy for two seconds", Play: always(htmlPage(http.StatusServiceUnavailable)), Lasts: passing, Finding: "store-foreign|store-unwell", Level: "error"},
		{Name: "504 of a balancer, which passed the PUT on", Play: each(5, asks, after(func(w http.ResponseWriter, r *Request) { htmlPage(http.StatusGatewayTimeout)(w, r, nil) })), Still: nobodyWaits, Requests: 120},
		{Name: "503 for one PUT of four", Play: each(4, asks, busy), Still: nobodyWaits, Requests: 120},
		{Name: "answers that are lost", Play: each(5, asks, after(func(w http.ResponseWriter, _ *Request) { reset(w) })), Still: nobodyWaits, Requests: 120},
		{Name: "commits first, answers late", Play: always(commitsFirst(800 * time.Millisecond)), Still: nobodyWaits},
		{Name: "answers late", Play: always(when(signed, slowly(400*time.Millisecond))), Still: nobodyWaits},
		{Name: "silent for four seconds", Play: always(when(signed, silence)), Lasts: 4 * time.Second},
		{Name: "resets for two seconds", Play: always(when(signed, resets)), Lasts: passing},
		{Name: "a page of a portal for two seconds", Play: always(htmlPage(http.StatusOK)), Lasts: passing, Finding: "store-foreign", Level: "error"},
		{Name: "an XHTML page of a portal for two seconds", Play: always(xhtml), Lasts: passing, Finding: "store-foreign", Level: "error"},
		{Name: "307 for two seconds", Play: always(when(signed, elsewhere)), Lasts: passing},
		{Name: "409 OperationAborted for one PUT of three", Play: each(3, asks, s3Error(http.StatusConflict, "OperationAborted", "A conflicting conditional operation is currently in progress against this resource. Please try again.")), Still: nobodyWaits, Requests: 150},
		{Name: "409 ConditionalRequestConflict for one PUT of three", Play: each(3, putsList, s3Error(http.StatusConflict, "ConditionalRequestConflict", "The conditional request cannot succeed due to a conflicting operation against this resource.")), Still: nobodyWaits, Requests: 150},
		{Name: "400 RequestTimeout for one PUT of four", Play: each(4, asks, s3Error(http.StatusBadRequest, "RequestTimeout", "Your socket connection to the server was not read from or written to within the timeout period.")), Still: nobodyWaits, Requests: 120},
		{Name: "400 IncompleteBody for one PUT of four", Play: each(4, asks, s3Error(http.StatusBadRequest, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header.")), Still: nobodyWaits, Requests: 150},
	}
}

// commitsFirst stores, and takes its time before it says so.
func commitsFirst(d time.Duration) Play {
	return func(w http.ResponseWriter, r *Request, next Next) {
		if !r.Writes() {
			next(w, r)
			return
		}
		altered(func(r *Request, status int, _ http.Header) int {
			r.wait(d)
			return status
		})(w, r, next)
	}
}

// xhtml is a page that parses as XML.
func xhtml(w http.ResponseWriter, _ *Request, _ Next) {
	w.Header().Set("Content-Type", "application/xhtml+xml")
	_, _ = w.Write([]byte(`<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>Welcome</title></head><body>Accept the terms.</body></html>`))
}

// elsewhere is what Amazon answers while the name of a new bucket is not known everywhere.
func elsewhere(w http.ResponseWriter, r *Request, _ Next) {
	w.Header().Set("Location", "http://"+r.Host+r.URL.Path)
	refuse(w, http.StatusTemporaryRedirect, "TemporaryRedirect", "Please re-send this request to the specified temporary endpoint.", "<Endpoint>"+r.Host+"</Endpoint>")
}

// refusalQuirks are two seconds of refusals that look final and are not: somebody mends a setting, a proxy, a bucket.
func refusalQuirks() []Quirk {
	var all []Quirk
	for _, no := range []struct {
		status int
		code   string
	}{
		{http.StatusBadRequest, "InvalidRequest"}, {http.StatusBadRequest, "InvalidArgument"}, {http.StatusBadRequest, "InvalidDigest"},
		{http.StatusNotImplemented, "NotImplemented"}, {http.StatusMethodNotAllowed, "MethodNotAllowed"},
		{http.StatusForbidden, "InvalidObjectState"}, {http.StatusBadRequest, "InvalidStorageClass"}, {http.StatusLengthRequired, "MissingContentLength"},
		{http.StatusBadRequest, "XUnheardOf"}, {http.StatusUnprocessableEntity, "XUnheardOf"},
	} {
		all = append(all, Quirk{Name: http.StatusText(no.status) + ", " + no.code + " for two seconds", Lasts: passing, Level: "error",
			Play: always(when((*Request).Writes, s3Error(no.status, no.code, "as it was set up")))})
	}
	for _, status := range []int{400, 405, 411, 413, 414, 431, 501} {
		all = append(all,
			Quirk{Name: http.StatusText(status) + ", without a body, for two seconds", Lasts: passing, Play: always(when((*Request).Writes, noBody(status)))},
			Quirk{Name: http.StatusText(status) + " of a proxy for two seconds", Lasts: passing, Play: always(when((*Request).Writes, htmlPage(status)))})
	}
	return append(all,
		Quirk{Name: "a whole segment is too large for two seconds", Lasts: passing, Play: always(when(putsMedia, htmlPage(http.StatusRequestEntityTooLarge)))},
		Quirk{Name: "playlists alone are refused for two seconds", Lasts: passing, Play: always(when(putsList, s3Error(http.StatusBadRequest, "InvalidRequest", "as it was set up")))})
}
