package uploader_test

import (
	"fmt"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hlsship/hlsship/state"
)

// answers are what the uploader's log says became of files. The zero value knows nothing.
type answers struct {
	mu     sync.Mutex
	stored map[string]bool // the store said so
	lost   map[string]bool // for want of room
}

// hear takes in a line of the log, and returns the file that it says is lost for want of room, "" for none.
func (a *answers) hear(entry []byte) (lost string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stored == nil {
		a.stored, a.lost = map[string]bool{}, map[string]bool{}
	}
	if m := regexp.MustCompile(`msg="segment stored" key=live/(\S+)`).FindSubmatch(entry); m != nil {
		a.stored[string(m[1])] = true
	}
	if m := regexp.MustCompile(`msg="segment lost" path=(\S+) .*reason=budget`).FindSubmatch(entry); m != nil {
		lost = string(m[1])
		a.lost[lost] = true
	}
	return lost
}

// missing returns the files that were lost for want of room, and of which the store never said that it has them. If it has one all the
// same, as its PUT was broken off and arrived, be it before the loss or after it, nobody can know.
func (a *answers) missing() (names []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name := range a.lost {
		if !a.stored[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// unanswered tells the viewer what nobody can know, before it says what could be published.
func (th *theatre) unanswered() {
	for _, name := range th.answers.missing() {
		if _, stored := th.memory.Contents()["live/"+name]; stored {
			th.viewer.Unanswered(name)
		}
	}
}

// replies is an Observer that knows how no request ends: metrics count on it for the number of their series.
type replies struct {
	observing
	t *testing.T
}

func (replies) Store(state.Store) {}

func (r replies) Attempted(op, kind, result string, _ int64, _ time.Duration) {
	if op != "put" && (result == "precondition" || result == "unsupported") || op == "get" && result == "void" {
		r.t.Errorf("a %s of %s ended as %s", op, kind, result)
	}
}

// TestAnswersMissing: nobody knows of what was lost that it is stored, unless the store said so before or after.
func TestAnswersMissing(t *testing.T) {
	t.Parallel()
	const stored, lost = `level=INFO msg="segment stored" key=live/a.ts stream=.`, `level=ERROR msg="segment lost" path=a.ts stream=. reason=%s cure=x`
	for name, test := range map[string]struct {
		log  []string
		want string
	}{
		"lost":                        {[]string{fmt.Sprintf(lost, "budget")}, "[a.ts]"},
		"stored":                      {[]string{stored}, "[]"},
		"stored, and lost":            {[]string{stored, fmt.Sprintf(lost, "budget")}, "[]"},
		"lost, and stored in the end": {[]string{fmt.Sprintf(lost, "budget"), stored}, "[]"},
		"gone":                        {[]string{fmt.Sprintf(lost, "gone")}, "[]"},
	} {
		var a answers
		for _, entry := range test.log {
			a.hear([]byte(entry))
		}
		if got := fmt.Sprint(a.missing()); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
