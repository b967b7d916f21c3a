package s3

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// clockwork is a store whose clock is ahead by skew. It has one object, which it has had for an hour, and lists it on two pages.
func clockwork(skew time.Duration, set func(h http.Header)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		now := time.Now().Add(skew).UTC()
		stored := now.Add(-time.Hour)
		w.Header().Set("Date", now.Format(http.TimeFormat))
		w.Header().Set("Last-Modified", stored.Format(http.TimeFormat))
		w.Header().Set("ETag", `"opaque"`)
		w.Header().Set("Content-Length", "1")
		set(w.Header())
		if r.URL.Query().Get("list-type") == "" {
			_, _ = io.WriteString(w, "x")
			return
		}
		w.Header().Del("Content-Length")
		token := r.URL.Query().Get("continuation-token")
		_, _ = fmt.Fprintf(w, `<ListBucketResult><IsTruncated>%v</IsTruncated><NextContinuationToken>%s</NextContinuationToken>`+
			`<Contents><Key>a%s</Key><Size>1</Size><ETag>"opaque"</ETag><LastModified>%s</LastModified></Contents></ListBucketResult>`,
			token == "", map[bool]string{true: "next"}[token == ""], token, stored.Format("2006-01-02T15:04:05.000Z"))
	}
}

// infos asks for the object in every way.
func infos(t *testing.T, s *Store) map[string]store.Info {
	t.Helper()
	ctx := t.Context()
	all := map[string]store.Info{}
	var err error
	if all["stat"], err = s.Stat(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if _, all["get"], err = s.Get(ctx, "a", 10); err != nil {
		t.Fatal(err)
	}
	for info, err := range s.List(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		all["list "+info.Key] = info
	}
	if len(all) != 4 {
		t.Fatalf("got %+v", all)
	}
	return all
}

func TestModifiedIsByOurClock(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{0, 5 * time.Minute, -5 * time.Minute, 2 * time.Hour, -2 * time.Hour} {
		t.Run(skew.String(), func(t *testing.T) {
			t.Parallel()
			s := mustOpen(t, serverConfig(serve(t, clockwork(skew, func(http.Header) {})).URL))
			before := time.Now()
			for op, info := range infos(t, s) {
				if at := info.Modified; at.After(time.Now().Add(-time.Hour)) || at.Before(before.Add(-time.Hour-5*time.Second)) {
					t.Errorf("%s: got %v, want an hour ago", op, at)
				}
			}
		})
	}
	for name, set := range map[string]func(http.Header){
		"no date":                      func(h http.Header) { h["Date"] = nil },
		"no date that can be read":     func(h http.Header) { h.Set("Date", "yesterday") },
		"an answer that a cache kept":  func(h http.Header) { h.Set("Age", "60") },
		"one that it kept for no time": func(h http.Header) { h.Set("Age", "0") },
		"the date of a proxy":          func(h http.Header) { h.Set("Date", time.Now().Add(-2*time.Hour).UTC().Format(http.TimeFormat)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mustOpen(t, serverConfig(serve(t, clockwork(0, set)).URL))
			for op, info := range infos(t, s) {
				if !info.Modified.IsZero() {
					t.Errorf("%s: got %v, want that it is not known", op, info.Modified)
				}
			}
		})
	}
}

func TestFinishedIsKept(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_700_000_000, 12_345)
	server := serve(t, accept)
	s := mustOpen(t, serverConfig(server.URL))
	for finished, want := range map[time.Time]string{at: "1700000000.000012345", {}: "", time.Unix(-5, 0): ""} {
		o := segment("a.ts", "x")
		o.Finished = finished
		if _, err := s.Put(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		all := server.got()
		if got := all[len(all)-1].Header.Get("X-Amz-Meta-Mtime"); got != want {
			t.Errorf("%v: sent %q, want %q", finished, got, want)
		}
	}
	for value, want := range map[string]time.Time{
		"1700000000.000012345": at, "1700000000.5": time.Unix(1_700_000_000, 5e8), "1700000000": time.Unix(1_700_000_000, 0),
		"": {}, "x": {}, "-5.1": {}, "1.-5": {}, "1.0000000001": {}, "1.5x": {}, "99999999999999999999": {},
	} {
		s := mustOpen(t, serverConfig(serve(t, clockwork(0, func(h http.Header) { h.Set("X-Amz-Meta-Mtime", value) })).URL))
		info, err := s.Stat(context.WithoutCancel(t.Context()), "a")
		if err != nil || !info.Finished.Equal(want) {
			t.Errorf("%q: got %v (%v), want %v", value, info.Finished, err, want)
		}
	}
}
