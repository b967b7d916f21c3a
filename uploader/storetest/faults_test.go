package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// TestIncidents lets one PUT meet every fault that answers at once.
func TestIncidents(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		fault  storetest.Fault
		kind   store.ErrorKind
		after  time.Duration
		cause  error
		cure   bool
		stored bool
	}{
		{name: "slow down", fault: storetest.SlowDown(3 * time.Second), kind: store.Transient, after: 3 * time.Second},
		{name: "internal error", fault: storetest.InternalError(), kind: store.Transient},
		{name: "outage", fault: storetest.Outage(), kind: store.Transient, cause: syscall.ECONNREFUSED},
		{name: "reset", fault: storetest.Reset(), kind: store.Transient, cause: syscall.ECONNRESET},
		{name: "lost response", fault: storetest.LostResponse(), kind: store.Transient, cause: syscall.ECONNRESET, stored: true},
		{name: "captive portal", fault: storetest.CaptivePortal(), kind: store.Transient, cure: true},
		{name: "wrong credentials", fault: storetest.WrongCredentials(), kind: store.Alarm, cure: true},
		{name: "expired token", fault: storetest.ExpiredToken(), kind: store.Alarm, cure: true},
		{name: "no bucket", fault: storetest.NoBucket(), kind: store.Alarm, cure: true},
		{name: "clock skew", fault: storetest.ClockSkew(), kind: store.Alarm, cure: true},
		{name: "bucket full", fault: storetest.BucketFull(), kind: store.Alarm, cure: true},
		{name: "header rejected", fault: storetest.HeaderRejected(), kind: store.Alarm, cure: true},
		{name: "any other", fault: storetest.Failing(store.Permanent, time.Second, "odd"), kind: store.Permanent, after: time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := storetest.NewMemory()
			f := storetest.NewFaults(m)
			f.Inject(storetest.Incident{Op: "put", Times: 1, Fault: tt.fault})
			etag, err := f.Put(t.Context(), object("a", "x"))
			e, ok := errors.AsType[*store.Error](err)
			if !ok || etag != "" {
				t.Fatalf("got ETag %q, error %v; want an *store.Error", etag, err)
			}
			if e.Op != "put" || e.Key != "a" || e.Kind != tt.kind || e.RetryAfter != tt.after || (e.Cure != "") != tt.cure {
				t.Errorf("got %+v, want kind %v, retry after %v, cure %v", *e, tt.kind, tt.after, tt.cure)
			}
			if tt.cause != nil && !errors.Is(err, tt.cause) {
				t.Errorf("got %v, want %v", err, tt.cause)
			}
			if _, stored := m.Contents()["a"]; stored != tt.stored {
				t.Errorf("stored: got %v, want %v", stored, tt.stored)
			}
			if _, err := f.Put(t.Context(), object("a", "x")); err != nil {
				t.Errorf("after the incident: %v", err)
			}
		})
	}
}

// TestIncidentsConcern counts which calls of a fixed series fail.
func TestIncidentsConcern(t *testing.T) {
	t.Parallel()
	calls := []string{"put live/a.ts", "put live/b.ts", "put live/a.m3u8", "stat live/a.ts", "get live/a.ts", "list live/", "put a.ts"}
	for _, tt := range []struct {
		name     string
		incident storetest.Incident
		want     []string
	}{
		{"everything", storetest.Incident{}, calls},
		{"one operation", storetest.Incident{Op: "stat"}, []string{"stat live/a.ts"}},
		{"last element", storetest.Incident{Op: "put", Key: "*.ts"}, []string{"put live/a.ts", "put live/b.ts", "put a.ts"}},
		{"whole key", storetest.Incident{Key: "live/*.ts"}, []string{"put live/a.ts", "put live/b.ts", "stat live/a.ts", "get live/a.ts"}},
		{"only the first two", storetest.Incident{Op: "put", Times: 2}, []string{"put live/a.ts", "put live/b.ts"}},
		{"bad pattern", storetest.Incident{Key: "["}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := storetest.NewFaults(storetest.NewMemory())
			tt.incident.Fault = storetest.Outage()
			lift := f.Inject(tt.incident)
			if got := refused(t, f, calls); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			lift()
			if got := refused(t, f, calls); len(got) > 0 {
				t.Errorf("once lifted: got %q, want none", got)
			}
			f.Inject(storetest.Incident{Fault: storetest.Outage()})
			f.Clear()
			if got := refused(t, f, calls); len(got) > 0 {
				t.Errorf("once cleared: got %q, want none", got)
			}
		})
	}
}

// refused makes the calls and returns those that met an outage.
func refused(t *testing.T, s store.Store, calls []string) (failed []string) {
	t.Helper()
	for _, call := range calls {
		var err error
		switch op, key, _ := strings.Cut(call, " "); op {
		case "put":
			_, err = s.Put(t.Context(), object(key, "x"))
		case "stat":
			_, err = s.Stat(t.Context(), key)
		case "get":
			_, _, err = s.Get(t.Context(), key, 10)
		case "list":
			for _, e := range s.List(t.Context(), key) {
				err = e
			}
		}
		if errors.Is(err, syscall.ECONNREFUSED) {
			failed = append(failed, call)
		}
	}
	return failed
}

// TestSlowIncidents measures, in virtual time, how long a PUT of ten bytes takes.
func TestSlowIncidents(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fault storetest.Fault
		want  time.Duration
	}{
		{"latency", storetest.Latency(2 * time.Second), 2 * time.Second},
		{"latency of", storetest.LatencyOf(func(c storetest.Call) time.Duration { return time.Duration(len(c.Key)) * time.Minute }), time.Minute},
		{"trickle", storetest.Trickle(4), 2500 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				f := storetest.NewFaults(m)
				f.Inject(storetest.Incident{Fault: tt.fault})
				start := time.Now()
				if _, err := f.Put(t.Context(), object("a", "ten bytes!")); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took != tt.want {
					t.Errorf("took %v, want %v", took, tt.want)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if _, err := f.Put(ctx, object("b", "ten bytes!")); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("with a deadline: got %v", err)
				}
				if _, stored := m.Contents()["b"]; stored {
					t.Error("a call that was given up took effect")
				}
			})
		})
	}
}

func TestStallEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		f := storetest.NewFaults(m)
		f.Inject(storetest.Incident{Fault: storetest.Stall()})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		start := time.Now()
		_, err := f.Put(ctx, object("a", "x"))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Hour {
			t.Errorf("got %v after %v, want the deadline after 1h", err, time.Since(start))
		}
		if len(m.Contents()) > 0 {
			t.Error("a stalled PUT was stored")
		}
	})
}

// TestLateArrival is what P3 fears: a PUT that was given up replaces a newer one.
func TestLateArrival(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		f := storetest.NewFaults(m)
		f.Inject(storetest.Incident{Op: "put", Times: 1, Fault: storetest.LateArrival(5 * time.Second)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := f.Put(ctx, object("a", "old")); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want the deadline", err)
		}
		if _, err := f.Put(t.Context(), object("a", "new")); err != nil {
			t.Fatal(err)
		}
		if got := string(m.Contents()["a"]); got != "new" {
			t.Fatalf("before the arrival: got %q, want new", got)
		}
		f.Wait()
		if got := string(m.Contents()["a"]); got != "old" {
			t.Errorf("after the arrival: got %q, want old", got)
		}
	})
}

// TestLateArrivalMeetsConditions shows what conditional writes are for.
func TestLateArrivalMeetsConditions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		f := storetest.NewFaults(m)
		f.Inject(storetest.Incident{Op: "put", Times: 1, Fault: storetest.LateArrival(time.Second)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		old := object("a", "old")
		old.IfAbsent = true
		if _, err := f.Put(ctx, old); err == nil {
			t.Fatal("got no error, want the deadline")
		}
		if _, err := f.Put(t.Context(), object("a", "new")); err != nil {
			t.Fatal(err)
		}
		f.Wait()
		if got := string(m.Contents()["a"]); got != "new" {
			t.Errorf("got %q, want new", got)
		}
	})
}

func TestConditionsUnknownAndIgnored(t *testing.T) {
	t.Parallel()
	m := storetest.NewMemory()
	f := storetest.NewFaults(m)
	if _, err := f.Put(t.Context(), object("a", "x")); err != nil {
		t.Fatal(err)
	}
	conditional := object("a", "y")
	conditional.IfAbsent = true

	lift := f.Inject(storetest.Incident{Fault: storetest.NoConditions()})
	if _, err := f.Put(t.Context(), conditional); store.KindOf(err) != store.Unsupported {
		t.Errorf("unknown: got %v, want unsupported", err)
	}
	if _, err := f.Put(t.Context(), object("b", "x")); err != nil {
		t.Errorf("a plain PUT: %v", err)
	}
	lift()

	f.Inject(storetest.Incident{Fault: storetest.IgnoredConditions()})
	if _, err := f.Put(t.Context(), conditional); err != nil || string(m.Contents()["a"]) != "y" {
		t.Errorf("ignored: got %v and %q, want y", err, m.Contents()["a"])
	}
}

func TestListingForbidden(t *testing.T) {
	t.Parallel()
	f := storetest.NewFaults(storetest.NewMemory())
	f.Inject(storetest.Incident{Fault: storetest.ListingForbidden()})
	if _, err := f.Put(t.Context(), object("a", "x")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Stat(t.Context(), "a"); err != nil {
		t.Errorf("stat of what is there: %v", err)
	}
	if _, err := f.Stat(t.Context(), "b"); store.KindOf(err) != store.Alarm {
		t.Errorf("stat of what is not: got %v, want an alarm", err)
	}
	for _, err := range f.List(t.Context(), "") {
		if store.KindOf(err) != store.Alarm || err == nil {
			t.Errorf("list: got %v, want an alarm", err)
		}
	}
}
