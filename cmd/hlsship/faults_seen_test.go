package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/spool"
)

// plant is a store that can be told to fail, and the packagers of a few streams.
type plant struct {
	url string
	// fails, unless nil, answers instead of the store.
	fails   atomic.Pointer[http.HandlerFunc]
	numbers map[string]int
}

func newPlant(t *testing.T) *plant {
	t.Helper()
	p, backend := &plant{numbers: map[string]int{}}, s3mem.New()
	if err := backend.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	s3 := gofakes3.New(backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fails := p.fails.Load(); fails != nil {
			(*fails)(w, r)
			return
		}
		s3.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// answers has the store answer all with an error.
func (p *plant) answers(status int, code string) {
	fails := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amz-Request-Id", "REQ1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>`+code+`</Code><Message>no</Message><RequestId>REQ1</RequestId></Error>`)
	})
	p.fails.Store(&fails)
}

// segment writes the next segment of the stream in a folder, and the playlist that lists it. A missing one is listed only.
func (p *plant) segment(t *testing.T, folder string, missing, ends bool) (name string) {
	t.Helper()
	n := p.numbers[folder]
	p.numbers[folder]++
	name = filepath.Join(folder, fmt.Sprintf("seg%d.ts", n))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if !missing {
		write(t, name, strings.Repeat("x", 1000+n))
	}
	text := fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXTINF:1,\n%s\n", n, filepath.Base(name))
	if ends {
		text += "#EXT-X-ENDLIST\n"
	}
	write(t, filepath.Join(folder, "live.m3u8.tmp"), text)
	if err := os.Rename(filepath.Join(folder, "live.m3u8.tmp"), filepath.Join(folder, "live.m3u8")); err != nil {
		t.Fatal(err)
	}
	return name
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestFaultsAreSeen causes one fault after the other to three channels, and looks whether the state is right everywhere: in
// /status.json, by "hlsship status", as a metric and in the log; and whether it goes again.
func TestFaultsAreSeen(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("plays in real time")
	}
	plant, root := newPlant(t), t.TempDir()
	sport, news, locked := filepath.Join(root, "sport"), filepath.Join(root, "news"), filepath.Join(root, "locked")
	var entries strings.Builder
	for _, dir := range []string{sport, news, locked} {
		plant.segment(t, filepath.Join(dir, "hi"), false, false)
		fmt.Fprintf(&entries, "- {name: %s, dir: %s, destination: 's3://bucket/{name}'}\n", filepath.Base(dir), dir)
	}
	other, err := spool.Open(spool.Config{Dir: locked})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	env := []string{"HLSSHIP_ENDPOINT=" + plant.url, "AWS_ACCESS_KEY_ID=" + testAccess, "AWS_SECRET_ACCESS_KEY=" + testSecret}
	p := startIn(t, env, "run", "--http-listen", "127.0.0.1:0", "--hold-warn", "500ms", "--log-files=false",
		"--config", configFile(t, "channels:\n"+entries.String()))
	address := p.says(t, `listening for HTTP.* address=(\S+)`)[1]

	// shows waits until all say the same of a channel, of its store or of a stream.
	shows := func(what, channel, stream, word string, code int) {
		t.Helper()
		asks(t, address, "/metrics", fmt.Sprintf(`hlsship_%s_state\{channel="%s",state="%s"%s\} 1`, what, channel, word, stream))
		report, _, err := reported(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		if said := table(report); !regexp.MustCompile(`(?m)`+word).MatchString(said) || report.Faulty() != (code != 0) {
			t.Errorf("%s of %s is %s: status has faults: %v, and says\n%s", what, channel, word, report.Faulty(), said)
		}
	}
	hi := `,stream="hi"`
	shows("stream", "sport", hi, string(state.Live), 1) // another one restarts
	shows("channel", "locked", "", string(state.Restarting), 1)
	p.says(t, "channel failed, it is started again.*in use by process")
	other.Close()
	shows("channel", "locked", "", string(state.Running), 0)
	shows("stream", "locked", hi, string(state.Live), 0)

	// The packagers of all end well but for one, which is killed.
	for _, dir := range []string{sport, locked} {
		plant.segment(t, filepath.Join(dir, "hi"), false, true)
		shows("stream", filepath.Base(dir), hi, string(state.Ended), 0)
	}
	shows("stream", "news", hi, string(state.Stalled), 1)
	p.says(t, `level=WARN msg="streams are stalled: no new playlist, and no ENDLIST" channel=news streams=1 stream=hi`)
	plant.segment(t, filepath.Join(news, "hi"), false, false)
	shows("stream", "news", hi, string(state.Live), 0)
	p.says(t, `level=WARN msg="streams are stalled no more" channel=news`)

	// A file is missing, and comes.
	missing := plant.segment(t, filepath.Join(news, "hi"), true, false)
	shows("stream", "news", hi, string(state.Held), 1)
	p.says(t, `level=WARN msg="playlist held back" channel=news playlist=hi/live.m3u8 stream=hi waits_for=hi/seg\d+.ts reason=missing`)
	write(t, missing, "here it is")
	shows("stream", "news", hi, string(state.Live), 0)
	p.says(t, `level=WARN msg="no playlist is held back any more" channel=news`)

	// The store is overloaded, then it refuses, then it does what it is asked.
	plant.answers(http.StatusServiceUnavailable, "SlowDown")
	plant.segment(t, filepath.Join(news, "hi"), false, false)
	shows("store", "news", "", string(state.Unreachable), 0)
	shows("stream", "news", hi, string(state.Behind), 0)
	p.says(t, `level=WARN msg="store does not answer.*channel=news.*cure="`)
	plant.answers(http.StatusForbidden, "InvalidAccessKeyId")
	shows("store", "news", "", string(state.Refusing), 1)
	asks(t, address, "/status.json", `"state":"refusing".*"error":"[^"]*InvalidAccessKeyId[^"]*REQ1`)
	p.says(t, `level=ERROR msg="store has another fault now" channel=news state=refusing.*InvalidAccessKeyId.*cure=`)
	plant.fails.Store(nil)
	shows("store", "news", "", string(state.Up), 0)
	p.says(t, `level=ERROR msg="store answers again" channel=news lasted=`)
	plant.segment(t, filepath.Join(news, "hi"), false, true)
	shows("stream", "news", hi, string(state.Ended), 0)
	if strings.Contains(p.output(), "segment stored") {
		t.Error("--log-files=false does not spare the lines of files")
	}
	p.signal(t, os.Interrupt)
	p.exits(t, exitDone)
}
