//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// trouble is a fault that somebody is woken for, or is not.
type trouble struct {
	name string
	// quick is true if it is caused in each run of the tests, and not with -night.all alone.
	quick bool
	// begin causes it, end takes it away.
	begin, end func(*testing.T, *night)
	// shown are the places whose state it is seen by: see places. It is empty if nobody can be asked.
	shown string
	// code is the exit code of "hlsship status", said what it says, logged the line in which it begins, over that in which it ends.
	// Each is a regular expression; lines of the log are looked for in each channel of shown.
	code               int
	said, logged, over string
	// alert is the one that fires for it, "" for none, and along what Alertmanager is silent about because of it. metric is what the
	// alert is about, if it is not the first of shown; the alert follows it within two intervals, but for one that is slow: it wants
	// the fault to come again and again.
	alert  string
	along  []string
	metric string
	slow   bool
}

// everywhere is the text for places that are the same in each channel.
func everywhere(text string) string {
	var all []string
	for _, name := range nightChannels() {
		all = append(all, strings.ReplaceAll(text, "*", name))
	}
	return strings.Join(all, ", ")
}

// unless returns the complaint unless it is well.
func unless(well bool, complaint string) string {
	if well {
		return ""
	}
	return complaint
}

// bucket is the folder that the gateway keeps the bucket in.
func (n *night) bucket() string { return filepath.Join(n.gateway.Root, n.gateway.Bucket) }

func (n *night) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// needs returns how many bytes a second go to the store.
func (n *night) needs(t *testing.T) int {
	t.Helper()
	before, began := n.wire.sent.Load(), time.Now()
	n.awaitTicks(t, 5)
	return int(float64(n.wire.sent.Load()-before) / time.Since(began).Seconds())
}

// awaitTicks waits until the alerts were evaluated so often again.
func (n *night) awaitTicks(t *testing.T, many int) {
	t.Helper()
	began := time.Now()
	n.until(t, "evaluations", func() string {
		all := n.since(t, nightTick, began)
		return unless(len(all) > 0 && len(all[0].Values) >= many, "are too few")
	})
}

// well waits until all is: every channel runs, its store is up, its four streams are live, and no alert is as much as pending.
func (n *night) well(t *testing.T) {
	t.Helper()
	n.until(t, "all is well again", func() string {
		r := n.report(t)
		if r == nil {
			return "hlsship does not answer"
		}
		if r.Title != "12 live" {
			return "the page says " + r.Title + "\n" + table(r)
		}
		for _, p := range places(everywhere("* running") + ", " + everywhere("* store up")) {
			if word := p.word(r); word != p.state {
				return fmt.Sprintf("%s %s is %s", p.channel, p.stream, word)
			}
		}
		for _, pattern := range []string{"hlsship_stream_state{state!~\"live|ended\"} == 1", "hlsship_store_state{state!=\"up\"} == 1", "hlsship_channel_state{state!=\"running\"} == 1", "up == 0", "absent(up)"} {
			if found := n.query(t, pattern); len(found) > 0 {
				return fmt.Sprintf("Prometheus finds %v", found[0].Metric)
			}
		}
		if left := append(n.alerts(t, "firing"), n.alerts(t, "pending")...); len(left) > 0 {
			return fmt.Sprintf("alerts are left: %v", left)
		}
		return ""
	})
}

// TestNight causes one fault after the other while a real Prometheus looks on, and expects of each that the page, "hlsship status", the
// metrics and the log say what is the matter, that somebody is told of it by one alert, and that all of that ends with it.
func TestNight(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("plays in real time")
	}
	n := newNight(t)
	n.start(t)
	haste := quickHaste
	if isSet("night.all") {
		haste = nightHaste
	}
	n.prometheus = startPrometheus(t, n.address, haste)
	for _, x := range nightTroubles() {
		if !x.quick && !isSet("night.all") {
			continue
		}
		t.Run(x.name, func(t *testing.T) { n.suffer(t, x) })
	}
	t.Run("the dashboard", n.dashboard)
	n.program.signal(t, os.Interrupt)
	n.program.exits(t, exitDone)
	for _, line := range warnings(n.log()) {
		if !regexp.MustCompile(` (cure|lasted)="?\S`).MatchString(line) {
			t.Errorf("a line without a cure: %s", line)
		}
	}
}

// suffer causes a trouble and takes it away.
func (n *night) suffer(t *testing.T, x trouble) {
	n.well(t)
	written := len(n.log())
	began := time.Now()
	end := sync.OnceFunc(func() { x.end(t, n) })
	defer end()
	x.begin(t, n)
	caused := time.Now()
	if x.shown != "" {
		n.until(t, "the page", func() string { return n.showing(t, x) })
	}
	t.Logf("the page shows it after %v", time.Since(caused).Round(100*time.Millisecond))
	if said, code := n.status(t); code != x.code || !regexp.MustCompile(x.said).MatchString(said) {
		t.Errorf("hlsship status ends with %d, want %d, and does not say %q:\n%s", code, x.code, x.said, said)
	}
	if x.alert == "" {
		n.awaitTicks(t, 10)
	} else {
		n.until(t, "the alert "+x.alert, func() string {
			return unless(slices.Contains(alertNames(n.alerts(t, "firing")), x.alert), fmt.Sprintf("does not fire; firing %v, pending %v", n.alerts(t, "firing"), n.alerts(t, "pending")))
		})
		t.Logf("the alert fires after %v", time.Since(caused).Round(100*time.Millisecond))
		n.awaitTicks(t, 3) // for another one that is later
	}
	n.told(t, x, began)
	n.follows(t, x, began)
	if x.logged != "" {
		n.logs(t, x.logged, written, x)
	}
	ending := len(n.log())
	lifted := time.Now()
	end()
	n.well(t)
	t.Logf("all is well %v after its end", time.Since(lifted).Round(100*time.Millisecond))
	n.until(t, "hlsship status", func() string {
		said, code := n.status(t)
		return unless(code == exitDone && strings.Contains(said, "12 live"), fmt.Sprintf("ends with %d:\n%s", code, said))
	})
	if x.over != "" {
		n.logs(t, x.over, ending, x)
	}
	n.only(t, x, began)
	for _, line := range warnings(n.log()[min(written, len(n.log())):]) {
		t.Log(line)
	}
}

// showing returns what the page does not show of a trouble.
func (n *night) showing(t *testing.T, x trouble) string {
	t.Helper()
	r := n.report(t)
	if r == nil {
		return "nobody answers"
	}
	for _, p := range places(x.shown) {
		if word := p.word(r); word != p.state {
			return fmt.Sprintf("%s %s is %s, want %s:\n%s", p.channel, p.stream, word, p.state, table(r))
		}
		if found := n.query(t, p.selector()+" == 1"); len(found) == 0 {
			return p.selector() + " is not 1"
		}
	}
	return ""
}

// told checks what somebody was told of since began, while a trouble lasts: one thing.
func (n *night) told(t *testing.T, x trouble, began time.Time) {
	t.Helper()
	firing := n.fired(t, x, began)
	want := append(slices.Clone(x.along), x.alert)
	for _, name := range alertNames(firing) {
		if !slices.Contains(want, name) {
			t.Errorf("the alert %s fires: %v", name, firing)
		}
	}
	for _, a := range firing {
		if a["stream"] != "" {
			t.Errorf("an alert is about a single stream: %v", a)
		}
	}
	count := 0
	if x.alert != "" {
		count = 1
	}
	if groups := n.manager.notifications(firing); len(groups) != count || count > 0 && groups[0] != x.alert+" hlsship" {
		t.Errorf("Alertmanager tells of %q, of %v", groups, firing)
	}
}

// follows checks that the alert comes within two intervals after its metric.
func (n *night) follows(t *testing.T, x trouble, began time.Time) {
	t.Helper()
	if x.alert == "" || x.slow {
		return
	}
	selector, value := x.metric, 0.0
	if selector == "" {
		selector, value = places(x.shown)[0].selector(), 1
	}
	seen, alerted := n.first(t, selector, value, began), n.first(t, fmt.Sprintf("ALERTS{alertname=%q}", x.alert), 1, began)
	if ticks := n.ticks(t, seen, alerted); seen == 0 || alerted == 0 || ticks > 2 {
		t.Errorf("%s is so at %.3f, the alert is from %.3f on, %d evaluations later, want two at most", selector, seen, alerted, ticks)
	}
}

// logs waits for a line of each channel in which a trouble is shown, or for one of all of them if it is their store's, and expects it once,
// unless it tells of the next try.
func (n *night) logs(t *testing.T, expression string, from int, x trouble) {
	t.Helper()
	re := regexp.MustCompile(expression)
	for _, about := range x.marks() {
		var lines []string
		n.until(t, "the log about "+about, func() string {
			lines = nil
			for line := range strings.Lines(n.log()[from:]) {
				if strings.Contains(line, about) && re.MatchString(line) {
					lines = append(lines, line)
				}
			}
			return unless(len(lines) > 0, fmt.Sprintf("no line matches %q", expression))
		})
		if len(lines) > 1 && len(warnings(lines[0])) > 0 && !x.slow {
			t.Errorf("the log about %s says it %d times:\n%s", about, len(lines), strings.Join(lines, ""))
		}
	}
}

// marks are what the lines about it have: the name of each channel in which it is shown, or their number if it is their store's.
func (x trouble) marks() []string {
	var all []string
	stores := 0
	for _, p := range places(x.shown) {
		if mark := "channel=" + p.channel + " "; !slices.Contains(all, mark) {
			all = append(all, mark)
		}
		if p.stream == "store" {
			stores++
		}
	}
	if stores > 1 {
		return []string{fmt.Sprintf("channels=%d ", stores)}
	}
	return all
}

// only checks that no other alert fired from began on, be it for a moment.
func (n *night) only(t *testing.T, x trouble, began time.Time) {
	t.Helper()
	for _, a := range n.fired(t, x, began) {
		if name := a["alertname"]; name != x.alert && !slices.Contains(x.along, name) {
			t.Errorf("the alert %s fired: %v", name, a)
		}
	}
}

// fired returns the alerts that have fired since began. That Prometheus had no answer for seconds, though hlsship runs, is a machine that
// stood still, and no alert about the trouble.
func (n *night) fired(t *testing.T, x trouble, began time.Time) []map[string]string {
	t.Helper()
	var all []map[string]string
	for _, s := range n.since(t, `ALERTS{alertstate="firing"}`, began) {
		if s.Metric["alertname"] == "HlsshipDown" && x.alert != "HlsshipDown" {
			t.Log("the machine stood still: Prometheus had no answer for seconds")
			continue
		}
		all = append(all, s.Metric)
	}
	return all
}
