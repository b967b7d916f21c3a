package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/metrics"
	"github.com/hlsship/hlsship/state"
)

// TestStatus asks a process how it does, as people and as programs do.
func TestStatus(t *testing.T) {
	t.Parallel()
	m := metrics.New("1.2.3", "abc")
	server := metrics.NewServer(m, slog.New(slog.DiscardHandler))
	address, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx) }()
	defer func() {
		cancel()
		<-done
	}()
	u := m.Channel("", "/srv to s3://bucket").Uploader()
	m.State("", state.Channel{State: state.Running})
	u.Stream(state.Stream{Name: "hi", State: state.Live})
	status := func(code int, args ...string) string {
		t.Helper()
		var out, log bytes.Buffer
		p := program{stdout: &out, stderr: &log}
		if got := p.run(t.Context(), append([]string{"hlsship", "status"}, args...)); got != code {
			t.Errorf("%v: exit code %d, want %d: %s", args, got, code, &log)
		}
		return out.String() + log.String()
	}
	if out := status(exitDone, "--http", address.String()); !strings.Contains(out, "1 live") || !strings.Contains(out, "running") {
		t.Errorf("it says %s", out)
	}
	for name, s := range map[string]state.Stream{
		"held":    {Name: "lo\x1b[2J", State: state.Held, WaitsFor: "never.ts", Reason: "missing", Cure: "see the packager"},
		"stalled": {Name: "lo\x1b[2J", State: state.Stalled},
	} {
		u.Stream(s)
		out := status(exitFailed, "--http", address.String())
		if at, live := strings.Index(out, name), strings.Index(out, "hi "); at < 0 || live < at || strings.Contains(out, "\x1b") || !strings.Contains(out, "⚠ 1 of 2 "+name) {
			t.Errorf("%s: it says %s", name, out)
		}
	}
	u.Forgotten("lo\x1b[2J")
	u.Store(state.Store{State: state.Refusing, Error: "404 NoSuchBucket", Cure: "Create the bucket"})
	if out := status(exitFailed, "--http", "http://"+address.String()+"/"); !strings.Contains(out, "store refusing") || !strings.Contains(out, "404 NoSuchBucket. Create the bucket") {
		t.Errorf("it says %s", out)
	}
	var r state.Report
	if err := json.Unmarshal([]byte(status(exitFailed, "--json", "--http", address.String())), &r); err != nil || r.Channels[0].Store.State != state.Refusing {
		t.Errorf("%v: %+v", err, r)
	}
	if out := status(exitFailed, "--http", "127.0.0.1:1"); !strings.Contains(out, "does hlsship run") {
		t.Errorf("without an answer it says %s", out)
	}
	if out := status(exitUsage, "--http-listen", "off"); !strings.Contains(out, "off") {
		t.Errorf("without an address it says %s", out)
	}
}
