package uploader_test

import (
	"flag"
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/storetest"
)

var orderContinuous = flag.Bool("order.continuous", false, "all streams of TestOrder have continuous playlists")

// TestOrderOfContinuousPlaylists is TestOrder with playlists that go on: seeds of which all are known to hold, as of a thousand others a few do not. See
// CONTRIBUTING.md. It plays nothing where flags say which streams TestOrder plays.
func TestOrderOfContinuousPlaylists(t *testing.T) {
	t.Parallel()
	if *orderSeed != 0 || *orderRuns == 1 || *orderContinuous {
		t.Skip("one stream is repeated")
	}
	playOrder(t, 2301900, 100, true)
}

// oracle is told what the packager does.
type oracle interface {
	Begins(run int)
	Finished(path string, content []byte)
	Grown(path string, content []byte)
	Listed(path string, content []byte, next ...string)
}

// exact is a Viewer of playlists that are shipped as they are.
type exact struct{ *storetest.Viewer }

func (exact) Begins(int) {}

// edited is a Viewer of what is shipped as it is, and an Audience of the rest.
type edited struct {
	exact
	audience *storetest.Audience
}

func (e edited) Begins(run int) { e.audience.Begins(run) }

func (e edited) Finished(name string, content []byte) {
	e.exact.Finished(name, content)
	e.audience.Finished(name, content)
}

func (e edited) Grown(name string, content []byte) {
	e.exact.Grown(name, content)
	e.audience.Grown(name, content)
}

func (e edited) Listed(name string, content []byte, next ...string) {
	if isEdited(name) {
		e.audience.Listed(name, content, next...)
		return
	}
	e.exact.Listed(name, content, next...)
}

// isEdited reports whether the packager's playlist of that name is edited.
func isEdited(name string) bool { return path.Ext(name) == ".m3u8" && path.Base(name) != "master.m3u8" }

// continuous is how playlists go on over restarts of their packager; the zero value is not at all.
type continuous struct {
	config   *uploader.Continuous
	audience *storetest.Audience
	silence  time.Duration // how long the store is out of reach when a process starts
}

func (c continuous) String() string {
	return fmt.Sprintf("continuous %+v silence %v", c.config, c.silence)
}

// randomContinuous decides how playlists go on.
func (th *theatre) randomContinuous() (c continuous) {
	dice := th.dice(15)
	c.config = &uploader.Continuous{Gaps: dice.IntN(4) == 0, EndDelay: 10 * time.Second}
	switch dice.IntN(4) {
	case 0:
		c.config.EndDelay = 0
	case 1:
		c.config.EndDelay = time.Duration(dice.IntN(5000)) * time.Millisecond
	}
	if dice.IntN(3) == 0 {
		c.config.GiveUpAfter = time.Duration(1+dice.IntN(10)) * time.Second
	}
	c.audience = storetest.NewAudience("live/")
	if more := th.dice(18); more.IntN(5) == 0 {
		c.silence = time.Duration(more.IntN(40_000)) * time.Millisecond
	}
	return c
}

// begins has the store be out of reach as a process starts.
func (c continuous) begins(faults *storetest.Faults) {
	if c.silence > 0 {
		time.AfterFunc(c.silence, faults.Inject(storetest.Incident{Fault: storetest.Outage()}))
	}
}

func (th *theatre) oracle() oracle {
	if th.audience == nil {
		return exact{th.viewer}
	}
	return edited{exact{th.viewer}, th.audience}
}

// goesOn prepares the Audience for what the packager does.
func (th *theatre) goesOn(p *packager, site hls.Site) {
	a := th.audience
	if a == nil {
		return
	}
	a.Site, a.EndDelay, a.GiveUp = site, th.config.EndDelay, th.config.GiveUpAfter
	if a.GiveUp == 0 {
		a.GiveUp = 2 * p.segment
	}
	if p.scene == relapses { // nobody can tell it from another run
		p.scene = noScene
	}
	p.corrects = false            // a key has one version
	a.AllowUnnamed = th.kills > 0 // older neighbours found at a start
	p.outside = false             // it would be taken out of its place in each version, as no packager does
	a.Steady = th.kills == 0 && p.ring == 0 && !p.rewrites && !p.withdraws && p.standby == 0 && p.scene != relapses &&
		!(p.single && p.numbersOn && p.runs > 1) && !(p.parts > 0 && p.numbersOn && p.endlist) // a list without a segment, and without its end
}

// suits has the circumstances suit playlists that go on, once they are known. Of a store that cannot be asked for bytes, other bytes are feared. A
// line is as slow as it is for what is sent, and segments that playlists of several folders, or manifests, name are sent for each.
func (th *theatre) suits(p *packager) {
	if th.audience == nil {
		return
	}
	if th.opaque && (th.forgetful || th.undated) {
		th.audience.Steady = false
	}
	copies := 1
	for _, more := range []bool{p.elsewhere, p.dash} {
		if more {
			copies++
		}
	}
	th.rate *= float64(copies)
}

// course numbers the runs as they are told apart: one that counts on is of the one before.
func (p *packager) course(run int) int {
	if p.numbersOn {
		return 0
	}
	return run
}

// changed tells of a change of the store.
func (c continuous) changed(key string, content []byte) {
	switch {
	case c.audience == nil:
	case content == nil:
		c.audience.Removed(key)
	default:
		c.audience.Changed(key, content)
	}
}

// judges reports whether it is the Audience that judges a playlist.
func (c continuous) judges(key string) bool {
	if c.audience == nil {
		return false
	}
	return isEdited(key)
}

// lost tells that a file of the directory, or one that is published, is lost.
func (th *theatre) lost(name string) {
	th.viewer.Lost(name)
	if th.audience != nil {
		th.audience.Lost(name)
	}
}

func (th *theatre) restarted() {
	if th.audience != nil {
		th.audience.Restarted()
	}
}

func (th *theatre) drains() {
	if th.audience != nil {
		th.audience.Drained()
	}
}

func (th *theatre) standing(limit time.Duration) {
	if th.audience != nil {
		th.audience.Standing(time.Now(), limit)
	}
}

// finale has the Audience judge the end.
func (th *theatre) finale(p *packager) {
	if th.audience == nil {
		return
	}
	th.audience.Finale(func(list string) string {
		if p.master && !strings.HasPrefix(list, "also/") {
			return "master"
		}
		return path.Dir(list)
	})
	for _, v := range th.audience.Violations() {
		th.t.Error(v)
	}
}
