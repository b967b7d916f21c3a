package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/hlsship/hlsship/uploader/store"
)

// listing answers page after page; each names two keys, and next says which page follows.
func listing(next func(token string) (keys [2]string, token2 string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		keys, token := next(r.URL.Query().Get("continuation-token"))
		_, _ = io.WriteString(w, `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`)
		fmt.Fprintf(w, `<IsTruncated>%v</IsTruncated><NextContinuationToken>%s</NextContinuationToken>`, token != "", token)
		for _, key := range keys {
			fmt.Fprintf(w, `<Contents><Key>%s</Key><Size>1</Size><ETag>"e"</ETag></Contents>`, key)
		}
		_, _ = io.WriteString(w, `</ListBucketResult>`)
	}
}

func TestListCancelledBetweenPages(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, serverConfig(serve(t, listing(func(token string) ([2]string, string) {
		if token == "" {
			return [2]string{"a", "b"}, "second"
		}
		return [2]string{"c", "d"}, ""
	})).URL))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var keys []string
	var last error
	for info, err := range s.List(ctx, "") {
		last = err
		if err != nil {
			continue
		}
		keys = append(keys, info.Key)
		if len(keys) == 2 {
			cancel()
		}
	}
	if !slices.Equal(keys, []string{"a", "b"}) || !errors.Is(last, context.Canceled) {
		t.Errorf("got %q, then %v; want a and b, then the cancellation", keys, last)
	}
}

func TestListThatNeverEnds(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, serverConfig(serve(t, listing(func(string) ([2]string, string) { return [2]string{"a", "b"}, "again" })).URL))
	n, failed := 0, false
	for _, err := range s.List(t.Context(), "") {
		if n++; n > 10 {
			t.Fatal("the listing goes on for ever")
		}
		failed = failed || err != nil
	}
	if !failed {
		t.Error("got no error")
	}
}

func TestListCutOff(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, serverConfig(serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5000")
		_, _ = io.WriteString(w, `<?xml version="1.0"?><ListBucketResult><Contents><Key>a</Key></Contents>`)
	}).URL))
	n := 0
	for info, err := range s.List(t.Context(), "") {
		n++
		if err == nil || store.KindOf(err) != store.Transient {
			t.Errorf("got %+v, %v; want a transient error", info, err)
		}
	}
	if n != 1 {
		t.Errorf("got %d answers, want one error", n)
	}
}
