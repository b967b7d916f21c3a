package storetest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// proxied starts a gateway and a Proxy in front of it, and returns a client of the Proxy.
func proxied(t *testing.T, v *Viewer) (*Proxy, *GatewayServer, *minio.Client) {
	t.Helper()
	g := Gateway(t)
	p, err := NewProxy(g, v)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(p)
	t.Cleanup(func() {
		server.Close()
		p.Close()
		if err := p.Err(); err != nil {
			t.Errorf("proxy: %v", err)
		}
	})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := minio.New(strings.TrimPrefix(server.URL, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(g.AccessKey, g.SecretKey, ""), Region: g.Region,
		BucketLookup: minio.BucketLookupPath, MaxRetries: 1, Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, g, client
}

func send(t *testing.T, client *minio.Client, g *GatewayServer, key, content string, o minio.PutObjectOptions) {
	t.Helper()
	if _, err := client.PutObject(t.Context(), g.Bucket, key, strings.NewReader(content), int64(len(content)), o); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

func rulesOf(v *Viewer) []Rule {
	rules := []Rule{}
	for _, b := range v.Violations() {
		rules = append(rules, b.Rule)
	}
	return rules
}

func TestProxyTellsTheViewer(t *testing.T) {
	t.Parallel()
	v := NewViewer("chan nel/")
	s := stage{v}
	p, g, client := proxied(t, v)
	text, next := media("a 1+ü.ts"), media("a 1+ü.ts", "b.ts")
	s.finish("a 1+ü.ts=one", "b.ts=two")
	s.list("index.m3u8", text)
	s.list("index.m3u8", next)

	// A signature chunk by chunk, and one over a plain body.
	send(t, client, g, "chan nel/a 1+ü.ts", "one", minio.PutObjectOptions{})
	send(t, client, g, "chan nel/index.m3u8", text, minio.PutObjectOptions{DisableContentSha256: true, SendContentMd5: true})
	if n, ok := v.Published("index.m3u8"); n != 1 || !ok {
		t.Fatalf("published: got %d, %t, want 1, true", n, ok)
	}
	if got := rulesOf(v); len(got) != 0 {
		t.Fatalf("violations: got %v, want none", v.Violations())
	}
	send(t, client, g, "chan nel/index.m3u8", next, minio.PutObjectOptions{})
	send(t, client, g, "chan nel/b.ts", "tw", minio.PutObjectOptions{})
	want := []Rule{RulePlaylistFirst, RuleHalfSegment, RuleWrongVersion}
	if got := rulesOf(v); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("violations: got %v, want %v", v.Violations(), want)
	}

	puts := p.Puts()
	if len(puts) != 4 {
		t.Fatalf("puts: got %+v, want 4", puts)
	}
	if got := puts[0]; got.Key != "chan nel/a 1+ü.ts" || got.Size != 3 || got.Status != 200 || got.End.Before(got.Start) {
		t.Errorf("put: got %+v", got)
	}
}

func TestProxySeesRemovals(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(ctx context.Context, c *minio.Client, bucket, key string) error{
		"DeleteObject": func(ctx context.Context, c *minio.Client, bucket, key string) error {
			return c.RemoveObject(ctx, bucket, key, minio.RemoveObjectOptions{})
		},
		"DeleteObjects": func(ctx context.Context, c *minio.Client, bucket, key string) error {
			objects := make(chan minio.ObjectInfo, 1)
			objects <- minio.ObjectInfo{Key: key}
			close(objects)
			for failed := range c.RemoveObjects(ctx, bucket, objects, minio.RemoveObjectsOptions{}) {
				return failed.Err
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := NewViewer("")
			s := stage{v}
			_, g, client := proxied(t, v)
			s.finish("a.ts=one")
			s.list("index.m3u8", media("a.ts"))
			send(t, client, g, "a.ts", "one", minio.PutObjectOptions{})
			send(t, client, g, "index.m3u8", media("a.ts"), minio.PutObjectOptions{})
			if err := remove(t.Context(), client, g.Bucket, "a.ts"); err != nil {
				t.Fatal(err)
			}
			if got := rulesOf(v); fmt.Sprint(got) != fmt.Sprint([]Rule{RulePlaylistFirst}) {
				t.Errorf("violations: got %v, want the removed segment", v.Violations())
			}
		})
	}
}

// A wrong secret stores nothing and so tells nothing.
func TestProxyRefusedPut(t *testing.T) {
	t.Parallel()
	v := NewViewer("")
	p, g, client := proxied(t, v)
	wrong, err := minio.New(client.EndpointURL().Host, &minio.Options{
		Creds: credentials.NewStaticV4(g.AccessKey, "wrong", ""), Region: g.Region,
		BucketLookup: minio.BucketLookupPath, MaxRetries: 1, Transport: &http.Transport{DisableKeepAlives: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wrong.PutObject(t.Context(), g.Bucket, "index.m3u8", strings.NewReader("x"), 1, minio.PutObjectOptions{}); err == nil {
		t.Fatal("put with a wrong secret: got nil, want an error")
	}
	if got := v.Counts().Publications; got != 0 {
		t.Errorf("publications: got %d, want 0", got)
	}
	if puts := p.Puts(); len(puts) != 1 || puts[0].Status != http.StatusForbidden {
		t.Errorf("puts: got %+v, want one with 403", puts)
	}
}

func TestProxyLargeAndUnread(t *testing.T) {
	t.Parallel()
	v := NewViewer("")
	s := stage{v}
	p, g, client := proxied(t, v)
	p.Unread = func(key string) bool { return key == "b.ts" }
	large := bytes.Repeat([]byte("0123456789abcdef"), 12<<16) // 12 MiB: three parts
	v.Finished("a.ts", large)
	s.list("index.m3u8", media("a.ts", "b.ts"))
	if _, err := client.PutObject(t.Context(), g.Bucket, "a.ts", bytes.NewReader(large), int64(len(large)),
		minio.PutObjectOptions{PartSize: 5 << 20, NumThreads: 1}); err != nil {
		t.Fatal(err)
	}
	send(t, client, g, "b.ts", "whatever", minio.PutObjectOptions{})
	send(t, client, g, "index.m3u8", media("a.ts", "b.ts"), minio.PutObjectOptions{})
	if got := rulesOf(v); len(got) != 0 {
		t.Errorf("violations: got %v, want none", v.Violations())
	}
	if got := v.Counts(); got.Changes != 3 || got.Publications != 1 {
		t.Errorf("counts: got %+v, want 3 changes and 1 publication", got)
	}
}

// PUTs under way at once are told in the order of their completion, and those of one key one by one.
func TestProxyOrder(t *testing.T) {
	t.Parallel()
	const delay = 50 * time.Millisecond
	v := NewViewer("")
	s := stage{v}
	p, g, client := proxied(t, v)
	p.SetDelay(delay)
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("%d.ts", i))
		s.finish(names[i] + "=x")
	}
	s.list("index.m3u8", media(names...))
	var wg sync.WaitGroup
	for _, name := range append(names, names...) {
		wg.Go(func() {
			if _, err := client.PutObject(t.Context(), g.Bucket, name, strings.NewReader("x"), 1, minio.PutObjectOptions{}); err != nil {
				t.Errorf("put %s: %v", name, err)
			}
		})
	}
	wg.Wait()
	send(t, client, g, "index.m3u8", media(names...), minio.PutObjectOptions{})
	v.Finale()
	if got := v.Violations(); len(got) != 0 {
		t.Errorf("violations: got %v, want none", got)
	}
	puts := p.Puts()
	if len(puts) != 2*len(names)+1 {
		t.Errorf("puts: got %d, want %d", len(puts), 2*len(names)+1)
	}
	for _, put := range puts {
		if took := put.End.Sub(put.Start); took < delay {
			t.Errorf("put of %s took %v, want at least %v", put.Key, took, delay)
		}
	}
}

// A client that gives a PUT up is gone; the object is not, and the viewer hears of it.
func TestProxyClientGivesUp(t *testing.T) {
	t.Parallel()
	v := NewViewer("")
	g := Gateway(t)
	stored := make(chan struct{})
	// A server that stores the object and keeps the answer to itself.
	mute := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := NewProxy(g, NewViewer("none/"))
		if err != nil {
			t.Error(err)
			return
		}
		defer p.Close()
		if r.Method != http.MethodPut {
			p.ServeHTTP(w, r)
			return
		}
		p.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithoutCancel(r.Context())))
		close(stored)
		<-r.Context().Done()
	}))
	defer mute.Close()
	behind := *g
	behind.Endpoint = mute.URL
	p, err := NewProxy(&behind, v)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var handled sync.WaitGroup
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handled.Add(1)
		defer handled.Done()
		p.ServeHTTP(w, r)
	}))
	defer front.Close()
	client, err := minio.New(strings.TrimPrefix(front.URL, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(g.AccessKey, g.SecretKey, ""), Region: g.Region,
		BucketLookup: minio.BucketLookupPath, MaxRetries: 1, Transport: &http.Transport{DisableKeepAlives: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-stored
		cancel()
	}()
	if _, err := client.PutObject(ctx, g.Bucket, "index.m3u8", strings.NewReader("#EXTM3U\n"), 8, minio.PutObjectOptions{}); err == nil {
		t.Fatal("put: got nil, want an error")
	}
	handled.Wait()
	if got := rulesOf(v); fmt.Sprint(got) != fmt.Sprint([]Rule{RuleTornPlaylist}) {
		t.Errorf("violations: got %v, want the playlist that nobody listed", v.Violations())
	}
	if err := p.Err(); err != nil {
		t.Errorf("proxy: %v", err)
	}
}

func TestProxyTellsOfADeletedBucket(t *testing.T) {
	t.Parallel()
	v := NewViewer("live/")
	s := stage{v}
	p, g, client := proxied(t, v)
	text := media("a.ts")
	s.finish("a.ts=1")
	s.list("index.m3u8", text)
	send(t, client, g, "live/a.ts", "1", minio.PutObjectOptions{})
	send(t, client, g, "live/index.m3u8", text, minio.PutObjectOptions{})
	bucket := filepath.Join(g.Root, g.Bucket)
	keys, err := p.Vanish(func() error { return os.RemoveAll(bucket) })
	if err != nil || fmt.Sprint(keys) != "[live/index.m3u8 live/a.ts]" {
		t.Fatalf("vanished: %q, %v", keys, err)
	}
	if _, ok := v.Published("index.m3u8"); ok {
		t.Error("the viewer still sees a playlist")
	}
	// A store without its bucket refuses, which is no fault of the Proxy's.
	if _, err := client.PutObject(t.Context(), g.Bucket, "live/a.ts", strings.NewReader("1"), 1, minio.PutObjectOptions{}); err == nil {
		t.Error("stored in a bucket that is not there")
	}
	if err := os.Mkdir(bucket, 0o755); err != nil {
		t.Fatal(err)
	}
	send(t, client, g, "live/index.m3u8", text, minio.PutObjectOptions{})
	if got := rulesOf(v); fmt.Sprint(got) != fmt.Sprint([]Rule{RulePlaylistFirst}) {
		t.Errorf("violations: got %v, want that of a playlist in an empty bucket", v.Violations())
	}
}
