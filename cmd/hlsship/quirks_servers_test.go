//go:build linux

package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/check"
	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

var allServers = flag.Bool("stores.all", false, "TestServers runs every server that is installed and prints the table")

// served is what came of one server.
type served struct {
	server                           storetest.RealServer
	version, conditional             string
	checksums                        []string
	segments, versions, publications int
	violations                       int
}

// withHeaders tells the headers of objects to the conformance suite.
type withHeaders struct{ *s3.Store }

func (s withHeaders) Headers(ctx context.Context, key string) (contentType, cacheControl string, err error) {
	h, err := s.Inspect(ctx, key, "https://player.example")
	return h.Get("Content-Type"), h.Get("Cache-Control"), err
}

// TestServers holds hlsship against programs that speak S3 and are not ours: the contract of a Store, what check says of
// them, and a short live stream.
func TestServers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: needs real servers")
	}
	var table []*served
	for _, server := range storetest.RealServers() {
		if !server.Cheap && !*allServers {
			continue
		}
		t.Run(server.Name, func(t *testing.T) {
			one := &served{server: server}
			one.run(t) // which skips what is not installed
			table = append(table, one)
		})
	}
	if *allServers {
		reportServers(t, table)
	}
}

// run fills in the row.
func (o *served) run(t *testing.T) {
	place := o.server.Start(t)
	at := s3.Config{Endpoint: place.Endpoint, Region: place.Region, Bucket: place.Bucket,
		Credentials: s3.Credentials{AccessKey: place.AccessKey, SecretKey: s3.Secret(place.SecretKey)}}
	var err error
	if o.version, err = o.server.Version(t.Context()); err != nil {
		t.Error(err)
	}
	t.Run("contract", func(t *testing.T) {
		storetest.Conformance(t, func(t *testing.T) store.Store { return withHeaders{openStore(t, at)} }, o.server.Skips...)
	})
	t.Run("checksums", func(t *testing.T) { o.sums(t, at) })
	t.Run("check", func(t *testing.T) { o.check(t, at) })
	t.Run("stream", func(t *testing.T) { o.ship(t, place) })
}

func openStore(t *testing.T, c s3.Config) *s3.Store {
	t.Helper()
	store, err := s3.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// sums tries the ways to tell what bytes to expect.
func (o *served) sums(t *testing.T, at s3.Config) {
	for _, sum := range []s3.Checksum{s3.ChecksumMD5, s3.ChecksumCRC32C, s3.ChecksumNone} {
		at.Checksum = sum
		bucket := openStore(t, at)
		content := []byte("guarded by " + sum)
		_, err := bucket.Put(t.Context(), store.Object{Key: "sums/" + string(sum), Body: bytes.NewReader(content), Size: int64(len(content))})
		got, _, readErr := bucket.Get(t.Context(), "sums/"+string(sum), 1<<10)
		if err == nil && readErr == nil && bytes.Equal(got, content) {
			o.checksums = append(o.checksums, string(sum))
		} else if sum == s3.ChecksumMD5 {
			t.Errorf("the default does not work: %v, %v, %q", err, readErr, got)
		}
	}
}

// check has package check look at it, and keeps what that says of conditional writes.
func (o *served) check(t *testing.T, at s3.Config) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "seg0.ts"), make([]byte, 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	found := check.Run(t.Context(), check.Config{Dir: dir, Settle: time.Second, SpoolOff: true, Store: at, Prefix: "checked/", Conditional: true})
	for _, f := range found {
		if rest, about := strings.CutPrefix(f.ID, "conditional"); about {
			o.conditional = strings.TrimPrefix(rest, "-")
			if rest == "" {
				o.conditional = "yes"
			}
		}
		if f.Level == check.Error && !strings.HasPrefix(f.ID, "dir") {
			t.Errorf("%+v", f)
		}
	}
}

// ship ships a short stream, which a proxy before the server shows to the viewer.
func (o *served) ship(t *testing.T, place *storetest.GatewayServer) {
	viewer := storetest.NewViewer(quirkPrefix)
	proxy, err := storetest.NewProxy(place, viewer)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	behind := *place
	behind.Endpoint = front.URL
	s := newQuirky(t, viewer, &behind)
	pass(5 * time.Second)
	s.finish()
	front.Close()
	proxy.Close()
	if err := proxy.Err(); err != nil {
		t.Error(err)
	}
	if longest := s.stood(s.began, s.last); longest > quirkGap {
		t.Errorf("the live edge stood still for %v", longest)
	}
	counts := viewer.Counts()
	o.segments, o.versions, o.publications, o.violations = counts.Finished, counts.Listed, counts.Publications, len(viewer.Violations())
	if t.Failed() {
		t.Logf("the log:\n%.6000s", s.log)
	}
}

// lacking returns the cases that a server fails, by reason.
func lacking(skips []storetest.Skip) string {
	var parts []string
	for i := 0; i < len(skips); {
		reason, names := skips[i].Reason, []string{}
		for ; i < len(skips) && skips[i].Reason == reason; i++ {
			names = append(names, skips[i].Name)
		}
		parts = append(parts, strings.Join(names, ", ")+" ("+reason+")")
	}
	return strings.Join(parts, "; ")
}

// reportServers prints the table, and with -update writes it into the documents.
func reportServers(t *testing.T, table []*served) {
	t.Helper()
	slices.SortStableFunc(table, func(a, b *served) int {
		return strings.Compare(strings.ToLower(a.server.Name), strings.ToLower(b.server.Name))
	})
	var b strings.Builder
	b.WriteString("| Server | Version | Cases of the contract | Does not do | Conditional writes | Checksums | Stream: segments | playlists published | violations |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, o := range table {
		total := storetest.Cases()
		fmt.Fprintf(&b, "| %s | %s | %d of %d | %s | %s | %s | %d | %d of %d | %d |\n", o.server.Name, o.version, total-len(o.server.Skips), total,
			lacking(o.server.Skips), o.conditional, strings.Join(o.checksums, ", "), o.segments, o.publications, o.versions, o.violations)
	}
	t.Logf("\n%s", b.String())
	if !isSet("update") || t.Failed() || slices.ContainsFunc(table, func(o *served) bool { return o.publications == 0 }) {
		return // with -run, not all of them were run
	}
	root, err := storetest.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	insert(t, filepath.Join(root, "docs", "stores.md"), `stores: written by "make test-stores"`, b.String())
}
