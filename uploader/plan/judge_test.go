package plan

import (
	"testing"
	"time"
)

// TestJudge is every rule about which bytes a playlist means, each row named after the situation that it comes from. Unless a row says
// otherwise a live playlist and its newest segment were finished at 100 s, in that order, and it is 100.1 s.
func TestJudge(t *testing.T) {
	t.Parallel()
	at := func(seconds float64) time.Time { return time.Unix(0, int64(seconds*1e9)) }
	mod := func(seconds float64) int64 { return at(seconds).UnixNano() }
	met := func(s *sight) { s.list.origin, s.bytes.origin = atRest, atRest }
	old := func(s *sight) { s.bytes.seen, s.bytes.modified, s.bytes.run = at(50), mod(50), runBefore }
	for name, tt := range map[string]struct {
		play func(s *sight)
		want verdict
	}{
		"a segment that was just finished": {func(*sight) {}, verdict{ruling: accepted}},
		"an advertisement of last year": {func(s *sight) {
			s.bytes.seen, s.bytes.modified, s.bytes.origin = at(1), mod(1), atRest
		}, verdict{ruling: accepted}},
		"a slate that a library copied with its times": {func(s *sight) { s.bytes.modified = mod(1) }, verdict{ruling: accepted}},

		"a name used again, its file not rewritten yet": {func(s *sight) { s.bytes.order = backward },
			verdict{ruling: tooEarly, again: at(100.25), why: "older than the segment before it"}},
		"the same a moment later":          {func(s *sight) { s.bytes.order, s.now = backward, at(100.25) }, verdict{ruling: accepted, vetted: true}},
		"the same in the next version":     {func(s *sight) { s.bytes.order = vetted }, verdict{ruling: accepted}},
		"the same among files met at rest": {func(s *sight) { s.bytes.order, s.bytes.origin = backward, atRest }, verdict{ruling: accepted}},

		"an init section that its packager truncated": {func(s *sight) { s.bytes.state = bytesEmpty }, verdict{why: "empty"}},
		"a playlist of an earlier process, over newer bytes": {func(s *sight) { s.list.origin, s.bytes.modified = inherited, mod(101) },
			verdict{why: "younger than the playlist, which an earlier process kept"}},
		"a playlist of an earlier process, with its own bytes": {func(s *sight) { s.list.origin, s.bytes.origin = inherited, inherited }, verdict{ruling: accepted}},
		"the same over younger bytes of that process": {func(s *sight) { s.list.origin, s.bytes.origin, s.bytes.modified = inherited, inherited, mod(101) },
			verdict{rebind: true, again: at(102), why: "others than it meant"}},

		"a hint at the next part": {func(s *sight) { s.reference.strict, s.bytes.seen = hint, at(100.05) }, verdict{ruling: accepted}},
		"a hint, and the part before": {func(s *sight) {
			s.reference.strict, s.bytes.seen, s.bytes.modified = hint, at(99), mod(99)
		}, verdict{}},
		"an asset list": {func(s *sight) { s.reference.strict = optional; old(s) }, verdict{ruling: accepted}},

		"met at rest, the file as old as it should be": {func(s *sight) { met(s); s.bytes.modified = mod(99) }, verdict{ruling: accepted}},
		"met at rest, the file younger": {func(s *sight) { met(s); s.bytes.modified = mod(101) },
			verdict{rebind: true, again: at(102), why: "others than it meant"}},
		"met at rest, the file younger, and nothing newer came": {func(s *sight) { met(s); s.bytes.modified, s.now = mod(101), at(102) },
			verdict{ruling: accepted, rebind: true}},
		"met at rest, the file younger, and a newer playlist": {func(s *sight) { met(s); s.bytes.modified, s.list.newest = mod(101), false },
			verdict{rebind: true, why: "others than it meant, and there is a newer version of the playlist"}},
		"met at rest, the file rewritten by a clock set back": {func(s *sight) { met(s); s.bytes.modified, s.bytes.replaces = mod(99), true },
			verdict{rebind: true, again: at(102), why: "others than it meant"}},
		"the same, and an earlier process published the playlist": {func(s *sight) {
			met(s)
			s.bytes.modified, s.bytes.replaces, s.list.prior = mod(99), true, true
		}, verdict{ruling: accepted}},
		"met at rest, and the file finished since": {func(s *sight) { s.list.origin, s.bytes.seen, s.bytes.modified = atRest, at(100.05), mod(99) },
			verdict{rebind: true, again: at(102.05), why: "others than it meant"}},
		"met at rest, and the file still grows": {func(s *sight) {
			s.list.origin, s.bytes.growing, s.bytes.seen, s.bytes.modified = atRest, true, at(100.05), mod(99)
		}, verdict{ruling: accepted}},

		"its bytes were written over, others came": {func(s *sight) { s.reference.rebinds = true },
			verdict{again: at(102), why: "others than it meant"}},
		"the same, and no newer playlist in Settle": {func(s *sight) { s.reference.rebinds, s.now = true, at(102) }, verdict{ruling: accepted}},
		"the same in a version that is not the newest": {func(s *sight) { s.reference.rebinds, s.list.newest, s.now = true, false, at(200) },
			verdict{why: "others than it meant, and there is a newer version of the playlist"}},

		"the same, and a newer one came when Settle was over": {func(s *sight) {
			s.reference.rebinds, s.list.newest, s.list.replaced, s.now = true, false, at(102), at(200)
		}, verdict{ruling: accepted}},
		"the same, and a newer one came before": {func(s *sight) {
			s.reference.rebinds, s.list.newest, s.list.replaced, s.now = true, false, at(102).Add(-1), at(200)
		}, verdict{why: "others than it meant, and there is a newer version of the playlist"}},
		"the same, and the bytes came later than the playlist": {func(s *sight) {
			s.reference.rebinds, s.list.newest, s.list.replaced, s.bytes.seen, s.now = true, false, at(102), at(101), at(200)
		}, verdict{why: "others than it meant, and there is a newer version of the playlist"}},
		"the same, and the playlist came later than the bytes": {func(s *sight) {
			s.reference.rebinds, s.list.newest, s.list.replaced, s.bytes.seen, s.now = true, false, at(101), at(90), at(200)
		}, verdict{why: "others than it meant, and there is a newer version of the playlist"}},
		"met at rest, other bytes of its own clock, and the store told late": {func(s *sight) {
			met(s)
			s.bytes.modified, s.bytes.replaces, s.list.newest, s.list.replaced, s.now = mod(99), true, false, at(102.2), at(106)
		}, verdict{ruling: accepted, rebind: true}},

		"a packager that restarted, and its old segment": {old, verdict{again: at(112), why: "perhaps of the packager's run before"}},
		"the same with segments of half a second": {func(s *sight) { old(s); s.list.target = 500 * time.Millisecond },
			verdict{again: at(102), why: "perhaps of the packager's run before"}},
		"a packager that restarted, and its old key": {func(s *sight) { old(s); s.reference.media = false },
			verdict{again: at(102), why: "perhaps of the packager's run before"}},
		"the same when new bytes came for other names": {func(s *sight) { old(s); s.list.fresh = at(105) },
			verdict{again: at(117), why: "perhaps of the packager's run before"}},
		"an old segment that stayed":                  {func(s *sight) { old(s); s.now = at(112) }, verdict{ruling: acceptedOld}},
		"an old segment that an earlier version took": {func(s *sight) { old(s); s.bytes.run = trusted }, verdict{ruling: accepted}},

		"a segment that is being compared":       {func(s *sight) { s.bytes = bytesSight{state: bytesAsked} }, verdict{}},
		"a segment whose bytes are lost":         {func(s *sight) { s.bytes = bytesSight{state: bytesLost} }, verdict{}},
		"a segment that was deleted":             {func(s *sight) { s.bytes = bytesSight{state: bytesGone} }, verdict{ask: true}},
		"a segment that is not there yet":        {func(s *sight) { s.bytes = bytesSight{state: bytesNone} }, verdict{again: at(102)}},
		"a segment that did not come":            {func(s *sight) { s.bytes, s.now = bytesSight{state: bytesNone}, at(102) }, verdict{look: true}},
		"the same of a playlist met at rest":     {func(s *sight) { s.bytes, s.now, s.list.origin = bytesSight{state: bytesNone}, at(102), atRest }, verdict{look: true}},
		"an asset list that is not there":        {func(s *sight) { s.bytes, s.reference.strict, s.now = bytesSight{state: bytesNone}, optional, at(200) }, verdict{}},
		"a time that a manifest counts too far":  {func(s *sight) { s.bytes, s.reference.strict = bytesSight{state: bytesNone}, soft }, verdict{again: at(100.25)}},
		"a time counted too far, a moment later": {func(s *sight) { s.bytes, s.reference.strict, s.now = bytesSight{state: bytesNone}, soft, at(100.25) }, verdict{ruling: letGo}},
		"the same while files are met":           {func(s *sight) { s.bytes, s.reference.strict, s.met = bytesSight{state: bytesNone}, soft, at(103) }, verdict{again: at(103)}},
		"the same, met at rest": {func(s *sight) {
			s.bytes, s.reference.strict, s.list.origin = bytesSight{state: bytesGone}, soft, atRest
		}, verdict{again: at(102)}},
		"the same while it is compared": {func(s *sight) { s.bytes, s.reference.strict = bytesSight{state: bytesAsked}, soft }, verdict{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sight{
				now: at(100.1), settle: 2 * time.Second, met: at(10),
				reference: referenceSight{media: true},
				list:      listSight{seen: at(100), modified: mod(100), newest: true, target: 4 * time.Second},
				bytes:     bytesSight{seen: at(100), modified: mod(100)},
			}
			tt.play(&s)
			got := judge(&s)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if !got.again.IsZero() {
				if s.now = got.again.Add(-1); judge(&s) != got {
					t.Errorf("it says %+v until then, and %+v", got, judge(&s))
				}
				if s.now = got.again; judge(&s) == got {
					t.Error("nothing changes at the time that it says")
				}
			}
		})
	}
}
