//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// night is three channels of four streams each on their way to a real store, and a Prometheus that looks on.
type night struct {
	whole    *testing.T // with which processes end, not with the part of it that started them
	dir      string     // of the channels
	gateway  *storetest.GatewayServer
	wire     *wire
	encoders map[string]*encoder // by channel
	settings string              // of all channels, beside those that the test begins with
	config   string              // the file
	secret   string              // the file with the secret key
	address  string              // of hlsship's HTTP port
	program  *process
	over     string // what the programs wrote that have ended
	*prometheus
	manager alertmanager
}

// nightChannels are the names of the channels.
func nightChannels() []string { return []string{"music", "news", "sport"} }

// newNight starts all but hlsship and Prometheus.
func newNight(t *testing.T) *night {
	t.Helper()
	n := &night{whole: t, dir: t.TempDir(), gateway: storetest.Gateway(t), encoders: map[string]*encoder{}, manager: readManager(t)}
	n.wire = openWire(t, loopback(), strings.TrimPrefix(n.gateway.Endpoint, "http://"), nil)
	n.config, n.secret = filepath.Join(t.TempDir(), "hlsship.yml"), filepath.Join(t.TempDir(), "secret")
	write(t, n.secret, n.gateway.SecretKey)
	for _, name := range nightChannels() {
		n.encoders[name] = startEncoder(t, filepath.Join(n.dir, name))
	}
	n.configure(t, "")
	return n
}

// configure writes the configuration, with further settings of all channels. The program that runs takes it by itself.
func (n *night) configure(t *testing.T, more string) {
	t.Helper()
	var channels strings.Builder
	for _, name := range nightChannels() {
		settle := ""
		if name == "news" && isSet("night.all") {
			settle = ", settle: 15s" // for so long a playlist waits for bytes of its own run
		}
		fmt.Fprintf(&channels, "- {name: %s, dir: %q, destination: 's3://%s/{name}'%s}\n", name, filepath.Join(n.dir, name), n.gateway.Bucket, settle)
	}
	access := filepath.Join(filepath.Dir(n.config), "access")
	write(t, access, n.gateway.AccessKey)
	fresh := n.config + ".new"
	write(t, fresh, fmt.Sprintf("endpoint: http://%s\naccess_key_file: %s\nsecret_key_file: %s\nhold_warn: 3s\nlog_files: false\n%schannels:\n%s",
		n.wire.address, access, n.secret, more, &channels))
	if err := os.Rename(fresh, n.config); err != nil {
		t.Fatal(err)
	}
}

// start runs hlsship, at the address that it had before.
func (n *night) start(t *testing.T) {
	t.Helper()
	listen := n.address
	if listen == "" {
		listen = loopback() + ":0"
	}
	n.program = startIn(n.whole, nil, "run", "--config", n.config, "--http-listen", listen)
	n.address = n.program.says(t, `listening for HTTP.* address=(\S+)`)[1]
}

// kill gives hlsship no time for a last word.
func (n *night) kill(t *testing.T) {
	t.Helper()
	n.program.signal(t, syscall.SIGKILL)
	n.program.exits(t, -1)
	n.over += n.program.output()
}

// spoil has the wire fail, or do as it should.
func (n *night) spoil(t *testing.T, f fault) {
	t.Helper()
	if err := n.wire.set(f); err != nil {
		t.Fatal(err)
	}
}

// log is all that hlsship wrote so far, in all its lives.
func (n *night) log() string { return n.over + n.program.output() }

// report asks hlsship how it does. It is nil while nobody answers.
func (n *night) report(t *testing.T) *state.Report {
	t.Helper()
	r, _, err := reported(t.Context(), n.address)
	if err != nil {
		return nil
	}
	return r
}

// status runs "hlsship status".
func (n *night) status(t *testing.T) (said string, code int) {
	t.Helper()
	p := startIn(t, nil, "status", "--http", n.address)
	<-p.ended
	_ = p.cmd.Wait() // the exit code says it
	return p.output(), p.cmd.ProcessState.ExitCode()
}

// until asks again and again until the question is answered with nothing, or fails with the last answer.
func (n *night) until(t *testing.T, what string, question func() string) {
	t.Helper()
	limit, tick := time.After(4*deadline), time.NewTicker(100*time.Millisecond)
	defer tick.Stop()
	for {
		answer := question()
		if answer == "" {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s: %s\nhlsship wrote:\n%s", what, answer, tail(n.log(), 12000))
		}
	}
}

// tail returns the end of a text, in whole lines.
func tail(text string, most int) string {
	if len(text) <= most {
		return text
	}
	_, rest, _ := strings.Cut(text[len(text)-most:], "\n")
	return "…\n" + rest
}

// place is a channel, its store or one of its streams, and the state that it is to be in.
type place struct{ channel, stream, state string }

// places reads them from a text such as "sport/hi held, news store up, music running".
func places(text string) []place {
	var all []place
	for _, one := range strings.Split(text, ", ") {
		at, word, _ := strings.Cut(one, " ")
		channel, stream, _ := strings.Cut(at, "/")
		if rest, ok := strings.CutPrefix(word, "store "); ok {
			stream, word = "store", rest
		}
		all = append(all, place{channel, stream, word})
	}
	return all
}

// selector is the metric that is 1 while the place is in its state.
func (p place) selector() string {
	switch p.stream {
	case "":
		return fmt.Sprintf(`hlsship_channel_state{channel=%q,state=%q}`, p.channel, p.state)
	case "store":
		return fmt.Sprintf(`hlsship_store_state{channel=%q,state=%q}`, p.channel, p.state)
	}
	return fmt.Sprintf(`hlsship_stream_state{channel=%q,stream=%q,state=%q}`, p.channel, p.stream, p.state)
}

// word is the state that a report has for the place.
func (p place) word(r *state.Report) string {
	for _, c := range r.Channels {
		switch {
		case c.Name != p.channel:
		case p.stream == "":
			return string(c.State)
		case p.stream == "store":
			return string(c.Store.State)
		default:
			for _, s := range c.Streams {
				if s.Name == p.stream {
					return string(s.State)
				}
			}
		}
	}
	return "unknown"
}

// warnings returns the lines of a log that are a warning or an error.
func warnings(log string) []string {
	var all []string
	for line := range strings.Lines(log) {
		if regexp.MustCompile(`level=(WARN|ERROR) `).MatchString(line) {
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}

const (
	// nightWindow is how many segments a playlist lists, nightKept how many the encoder keeps.
	nightWindow, nightKept = 5, 300
)

// encoder is the packager of a channel: each second it finishes a segment of three renditions, with the playlist that lists it.
type encoder struct {
	dir string

	mu      sync.Mutex
	numbers map[string]int // by rendition
	silent  bool           // it has ended
	lists   string         // the rendition of which it writes the playlists only
	owed    []string       // what it has not written of it
}

// renditions are the folders of an encoder, and how long a segment of each is.
func renditions() map[string]int { return map[string]int{"hi": 16_000, "lo": 8_000, "audio": 4_000} }

// startEncoder starts one, which has a multivariant playlist in its folder. It stops with the test.
func startEncoder(t *testing.T, dir string) *encoder {
	t.Helper()
	e := &encoder{dir: dir, numbers: map[string]int{}}
	text := "#EXTM3U\n"
	for name, size := range renditions() {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintf("#EXT-X-STREAM-INF:BANDWIDTH=%d\n%s/live.m3u8\n", 8*size, name)
	}
	e.second(t)
	write(t, filepath.Join(dir, "master.m3u8"), text)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				e.second(t)
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return e
}

// second finishes a second of the channel, unless the encoder has ended.
func (e *encoder) second(t *testing.T) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.silent {
		return
	}
	for name := range renditions() {
		e.segment(t, name, "")
	}
}

// segment writes the next segment of a rendition, and its playlist with that last line. It is called with mu held.
func (e *encoder) segment(t *testing.T, rendition, end string) {
	n := e.numbers[rendition]
	e.numbers[rendition]++
	name := e.name(rendition, n)
	if e.lists == rendition {
		e.owed = append(e.owed, name)
	} else {
		e.must(t, os.WriteFile(name, e.bytes(rendition, n), 0o600))
		_ = os.Remove(e.name(rendition, n-nightKept)) // which need not be there
	}
	first := max(0, n-nightWindow+1)
	text := fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:%d\n", first)
	for i := first; i <= n; i++ {
		text += fmt.Sprintf("#EXTINF:1,\nseg%d.ts\n", i)
	}
	playlist := filepath.Join(e.dir, rendition, "live.m3u8")
	e.must(t, os.WriteFile(playlist+".tmp", []byte(text+end), 0o600))
	e.must(t, os.Rename(playlist+".tmp", playlist))
}

func (e *encoder) name(rendition string, n int) string {
	return filepath.Join(e.dir, rendition, fmt.Sprintf("seg%d.ts", n))
}

// bytes are those of a segment that is written now.
func (e *encoder) bytes(rendition string, n int) []byte {
	stamp := fmt.Sprintf("%s %d %d ", rendition, n, time.Now().UnixNano())
	return []byte(strings.Repeat(stamp, renditions()[rendition]/len(stamp)+1)[:renditions()[rendition]])
}

func (e *encoder) must(t *testing.T, err error) {
	if err != nil {
		t.Errorf("encoder: %v", err)
	}
}

// killed has it end in the middle of a segment, and lasts until it goes on.
func (e *encoder) killed(t *testing.T) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.silent = true
	half := e.bytes("hi", e.numbers["hi"])
	e.must(t, os.WriteFile(e.name("hi", e.numbers["hi"]), half[:len(half)/2], 0o600))
}

// ends has it end as it should.
func (e *encoder) ends(t *testing.T) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for name := range renditions() {
		e.segment(t, name, "#EXT-X-ENDLIST\n")
	}
	e.silent = true
}

// goesOn has it run.
func (e *encoder) goesOn() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.silent = false
}

// withhold has it list segments of a rendition and not write them.
func (e *encoder) withhold(rendition string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lists = rendition
}

// restart has it begin a rendition again under the names of its run before, of which it writes the first segment only: what it lists
// beside that has old bytes.
func (e *encoder) restart(t *testing.T, rendition string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.numbers[rendition] = 0
	e.segment(t, rendition, "")
	e.lists = rendition
}

// delivers has it write what it has withheld.
func (e *encoder) delivers(t *testing.T) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range e.owed {
		e.must(t, os.WriteFile(name, e.bytes(e.lists, 0), 0o600))
	}
	e.owed, e.lists = nil, ""
}
