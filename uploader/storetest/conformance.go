package storetest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/uploader/store"
)

// Skip is a case of Conformance that a Store is known to fail: the Name of the case, and the Reason.
type Skip struct{ Name, Reason string }

// Headers may be implemented by a Store under test, to have the headers checked too.
type Headers interface {
	// Headers returns what the object is served with.
	Headers(ctx context.Context, key string) (contentType, cacheControl string, err error)
}

// Conformance checks that what open returns fulfils the contract of store.Store. open is called once
// for each case; the bucket may be shared, as every case keeps to a prefix of its own, but must be
// empty below "conformance/". The cases run in parallel.
func Conformance(t *testing.T, open func(t *testing.T) store.Store, skips ...Skip) {
	t.Helper()
	reasons := map[string]string{}
	for _, s := range skips {
		reasons[s.Name] = s.Reason
	}
	for _, c := range conformanceCases() {
		reason := reasons[c.name]
		delete(reasons, c.name)
		t.Run(c.name, func(t *testing.T) {
			if reason != "" {
				t.Skip(reason)
			}
			t.Parallel()
			s := open(t)
			c.run(t, conformance{s, "conformance/" + strings.ReplaceAll(c.name, " ", "-") + "/"})
		})
	}
	for name := range reasons {
		t.Errorf("no case is named %q", name)
	}
}

type conformanceCase struct {
	name string
	run  func(*testing.T, conformance)
}

func conformanceCases() []conformanceCase {
	return []conformanceCase{
		{"roundtrip", checkRoundtrip},
		{"empty object", checkEmpty},
		{"hard keys", checkHardKeys},
		{"overwrite", checkOverwrite},
		{"modified is by the caller's clock", checkModified},
		{"finished is kept or forgotten", checkFinished},
		{"large object", checkLarge},
		{"missing object", checkMissing},
		{"get limit", checkLimit},
		{"headers", checkHeaders},
		{"list order and prefix", checkListOrder},
		{"key below key", checkKeyBelowKey},
		{"list many", checkListMany},
		{"list stops early", checkListStops},
		{"if absent", checkIfAbsent},
		{"if match", checkIfMatch},
		{"if match on missing", checkIfMatchMissing},
		{"if absent race", checkIfAbsentRace},
		{"cancelled", checkCancelled},
		{"cancelled while reading", checkCancelledReading},
		{"short body", checkShortBody},
		{"grown body", checkGrownBody},
		{"failing body", checkFailingBody},
		{"body left alone", checkBodyLeftAlone},
		{"impossible sizes", checkSizes},
		{"paced", checkPaced},
		{"paced and cancelled", checkPacedCancelled},
		{"concurrent puts are atomic", checkAtomic},
		{"append", checkAppend},
		{"append to another", checkAppendToAnother},
		{"append of a failing body", checkAppendFailing},
	}
}

// conformance is one case's store and the prefix that it keeps to.
type conformance struct {
	store.Store
	prefix string
}

// object returns a plain PUT of content under the case's prefix.
func (c conformance) object(name, content string) store.Object {
	return store.Object{
		Key: c.prefix + name, Body: strings.NewReader(content), Size: int64(len(content)),
		ContentType: "video/mp2t", CacheControl: "public, max-age=60",
	}
}

// put stores content and returns its ETag.
func (c conformance) put(t *testing.T, name, content string) string {
	t.Helper()
	etag, err := c.Put(t.Context(), c.object(name, content))
	if err != nil {
		t.Fatalf("put %q: %v", name, err)
	}
	if etag == "" || strings.Contains(etag, `"`) {
		t.Fatalf("put %q: got ETag %q, want one without quotes", name, etag)
	}
	return etag
}

// want checks that name holds content.
func (c conformance) want(t *testing.T, name, content string) {
	t.Helper()
	data, info, err := c.Get(t.Context(), c.prefix+name, 64<<20)
	if err != nil {
		t.Fatalf("get %q: %v", name, err)
	}
	if !bytes.Equal(data, []byte(content)) {
		t.Fatalf("get %q: got %d bytes %.40q, want %d bytes %.40q", name, len(data), data, len(content), content)
	}
	if info.Size != int64(len(content)) || info.Key != c.prefix+name {
		t.Fatalf("get %q: got info %+v, want key and size of what was put", name, info)
	}
}

// wantNone checks that there is no object of that name.
func (c conformance) wantNone(t *testing.T, name string) {
	t.Helper()
	_, err := c.Stat(t.Context(), c.prefix+name)
	wantKind(t, "stat", c.prefix+name, err, store.NotFound)
}

// names lists the case's objects, without its prefix.
func (c conformance) names(t *testing.T, prefix string) []string {
	t.Helper()
	var names []string
	for info, err := range c.List(t.Context(), c.prefix+prefix) {
		if err != nil {
			t.Fatalf("list %q: %v", prefix, err)
		}
		names = append(names, strings.TrimPrefix(info.Key, c.prefix))
	}
	return names
}

// wantKind checks that err is an *store.Error for that call and of that kind.
func wantKind(t *testing.T, op, key string, err error, kind store.ErrorKind) {
	t.Helper()
	e, ok := errors.AsType[*store.Error](err)
	if !ok {
		t.Fatalf("%s %q: got error %v, want an *store.Error of kind %v", op, key, err, kind)
	}
	if e.Op != op || e.Key != key || e.Kind != kind {
		t.Fatalf("%s %q: got %s %q of kind %v (%v), want kind %v", op, key, e.Op, e.Key, e.Kind, err, kind)
	}
}

// Cases returns how many cases Conformance has.
func Cases() int { return len(conformanceCases()) }
