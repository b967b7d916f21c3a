package s3

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/hlsship/hlsship/uploader/store"
)

// hostile is text that a log line shall not hold: it begins a line of its own, steers a terminal, and turns the reading
// direction round.
const hostile = "\x1b[2J" + unruly + "\x07"

// unruly is what of it may stand in a header and in XML.
const unruly = "\u202eevil\u2066\u2028\u0085"

// TestErrorsAreLegible has a store put what it likes into everything that an error may repeat.
func TestErrorsAreLegible(t *testing.T) {
	t.Parallel()
	document := func(body string) string {
		return fmt.Sprintf("HTTP/1.1 500 X\r\nContent-Length: %d\r\nX-Amz-Request-Id: %s\r\n\r\n%s", len(body), unruly, body)
	}
	for name, reply := range map[string]string{
		"error document":  document("<Error><Code>" + unruly + "Slow</Code><Message>" + unruly + "\nsecond line</Message><RequestId>" + unruly + "</RequestId><Region>" + unruly + "</Region></Error>"),
		"other region":    "HTTP/1.1 301 X\r\nContent-Length: 0\r\nX-Amz-Bucket-Region: " + unruly + "\r\n\r\n",
		"no HTTP":         hostile + "\r\n\r\n",
		"status":          "HTTP/1.1 2" + hostile + " OK\r\n\r\n",
		"header":          "HTTP/1.1 200 OK\r\n" + hostile + "\r\n\r\n",
		"length":          "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 1" + unruly + "\r\n\r\n",
		"encoding":        "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nTransfer-Encoding: " + unruly + "\r\n\r\n",
		"last modified":   "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 0\r\nLast-Modified: " + unruly + "\r\n\r\n",
		"expires":         "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 0\r\nLast-Modified: Mon, 02 Jan 2006 15:04:05 GMT\r\nExpires: " + unruly + "\r\n\r\n",
		"listing":         "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<ListBucketResult><" + unruly + "></x>",
		"listing's times": "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<ListBucketResult><Contents><LastModified>" + unruly + "</LastModified></Contents></ListBucketResult>",
		"listing's names": "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%" + unruly + "</Key></Contents></ListBucketResult>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mustOpen(t, serverConfig("http://"+says(t, reply)))
			_, put := s.Put(t.Context(), segment("a.ts", "x"))
			_, _, get := s.Get(t.Context(), "a.ts", 100)
			_, stat := s.Stat(t.Context(), "a.ts")
			var list error
			for _, err := range s.List(t.Context(), "") {
				list = err
			}
			for op, err := range map[string]error{"put": put, "get": get, "stat": stat, "list": list} {
				if err == nil {
					continue
				}
				text := err.Error() + mustError(t, err).Cure
				if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
					t.Errorf("%s: got %q", op, text)
				}
				if len(text) > 2000 {
					t.Errorf("%s: got %d bytes", op, len(text))
				}
			}
			if put == nil && get == nil && stat == nil && list == nil {
				t.Error("got no error, so that nothing was tested")
			}
		})
	}
}

// says answers every request with the reply, and returns the address.
func says(t *testing.T, reply string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close() //nolint:errcheck // the reply is all that matters
				if req, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					_ = req.Body.Close()
					_, _ = c.Write([]byte(reply))
				}
			}()
		}
	}()
	return l.Addr().String()
}

// TestLegibleIsStillWhatItWas checks that who branches on an error still can.
func TestLegibleIsStillWhatItWas(t *testing.T) {
	t.Parallel()
	err := classify(request{op: "put"}, &answer{status: 503, code: "SlowDown"})
	if reply, ok := ReplyTo(err); !ok || reply.Status != 503 {
		t.Errorf("got %+v, %v", reply, ok)
	}
	if kind := store.KindOf(err); kind != store.Transient {
		t.Errorf("got kind %v", kind)
	}
	if text := harmless(&url.Error{Op: "Get", URL: "http://role/?token=secret", Err: errors.New(hostile)}).Error(); strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("got %q", text)
	}
}
