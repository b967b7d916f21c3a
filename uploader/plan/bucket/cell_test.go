package bucket

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/uploader/plan/disk"
)

func version(id uint64) *disk.Version { return disk.Stored(id, 1) }

// TestCell plays what happens to a key, and tells what is known then.
func TestCell(t *testing.T) {
	t.Parallel()
	v := version(1)
	for name, tt := range map[string]struct {
		play func(c *Cell)
		want string
	}{
		"nobody asked": {func(*Cell) {}, "unknown"},
		"nobody knows is not that there is nothing": {func(c *Cell) { c.Vacate(); c.Forget() }, "unknown"},
		"there is nothing":                          {func(c *Cell) { c.Hold(v, "a"); c.Vacate() }, "absent"},
		"it was stored":                             {func(c *Cell) { c.Ask(); c.Hold(v, "a") }, `ours=1 etag="a"`},
		"it was asked for":                          {func(c *Cell) { c.Ask(); c.Show("a") }, `there etag="a"`},
		"it is compared with other bytes":           {func(c *Cell) { c.Hold(v, "a"); c.Differs("b") }, `ours=1 etag="b"`},
		"a condition failed, and it is another one": {func(c *Cell) { c.Hold(v, "a"); c.Clash(); c.Differs("b") }, `there etag="b"`},
		"a condition failed":                        {func(c *Cell) { c.Hold(v, "a"); c.Clash() }, "ours?contested=1"},
		"a note says so":                            {func(c *Cell) { c.Believe(v, "a") }, `ours?proof=1 etag="a"`},
		"a note says so, and an ETag agrees with it": {func(c *Cell) { c.Believe(v, "a"); c.Equal(v, "a", false) },
			`ours?proof=1 etag="a"`},
		"a note says so, and the store agrees with it": {func(c *Cell) { c.Believe(v, "a"); c.Equal(v, "a", true) }, `ours=1 etag="a"`},
		"a note said so, and it is sent anew":          {func(c *Cell) { c.Believe(v, "a"); c.Forget() }, "unknown"},
		"the bucket is another one":                    {func(c *Cell) { c.Hold(v, "a"); c.Vanish() }, `unknown before="a"`},
		"the bucket is another one twice over":         {func(c *Cell) { c.Hold(v, "a"); c.Vanish(); c.Vanish() }, `unknown before="a"`},
		"other bytes came since":                       {func(c *Cell) { c.Hold(v, "a"); c.Vanish(); c.Ask(); c.Renew() }, "unknown"},
		"a playlist was stored while it was asked for": {func(c *Cell) { c.Ask(); c.Wrote("a") }, `there? etag="a"`},
		"a condition failed, and nobody needs to know": {func(c *Cell) { c.Hold(v, "a"); c.Clash(); c.Unask() }, "ours?contested=1"},
		"a playlist is contested, and forgotten":       {func(c *Cell) { c.Wrote("a"); c.Contest(); c.Forget() }, "unknown?contested"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c Cell
			tt.play(&c)
			if got := spare(c.String()); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// spare returns what is known of a cell without what is known of its version but for the number.
func spare(text string) string {
	before, behind, found := strings.Cut(text, "(")
	if !found {
		return text
	}
	_, behind, _ = strings.Cut(behind, ")")
	return before + behind
}

// TestShrunkIsTold has at random happen to keys what happens to them: whenever one had bytes of ours and has them no more, that is told,
// since what was satisfied by it is to be looked at again; and what is believed agrees with itself.
func TestShrunkIsTold(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		dice := rand.New(rand.NewPCG(seed, 1))
		var c Cell
		for step := range 30 {
			had, etag, v := c.Ours(), fmt.Sprint(dice.IntN(3)), version(1+dice.Uint64N(3))
			var told Change
			switch dice.IntN(14) {
			case 0:
				told = c.Hold(v, etag)
			case 1:
				told = c.Believe(v, etag)
			case 2:
				told = c.Equal(v, etag, dice.IntN(2) == 0)
			case 3:
				c.Show(etag)
			case 4:
				told = c.Differs(etag)
			case 5:
				told = c.Vacate()
			case 6:
				told = c.Forget()
			case 7:
				told = c.Vanish()
			case 8:
				c.Clash()
			case 9:
				c.Ask()
			case 10:
				c.Renew()
			case 11:
				c.Contest()
			case 12:
				c.Landed(etag)
			case 13:
				c.Unask()
			}
			switch {
			case had != nil && c.Ours() == nil && told != Shrunk:
				t.Fatalf("seed %d, step %d: it has our bytes no more, and nobody is told: %s", seed, step, &c)
			case (c.Ours() != nil) != (c.Belief() == Ours):
				t.Fatalf("seed %d, step %d: %s", seed, step, &c)
			case c.ETag() != "" && !c.Exists():
				t.Fatalf("seed %d, step %d: what is not there has an ETag: %s", seed, step, &c)
			case c.Unproven() && c.Ours() == nil:
				t.Fatalf("seed %d, step %d: nothing is to be proven: %s", seed, step, &c)
			}
			if match, absent := c.Condition(); match != "" && absent || absent && c.Exists() {
				t.Fatalf("seed %d, step %d: written if %q and if there is nothing: %s", seed, step, match, &c)
			}
		}
	}
}

// TestConditionsThatNeverHold: a store of which no condition ever holds is written to without, and one of which some did keeps them for
// all keys but for one.
func TestConditionsThatNeverHold(t *testing.T) {
	t.Parallel()
	b, keys := New(false), make([]Cell, 2)
	for i := range MaxConflicts {
		if useless := b.Conflict(&keys[i%2], true); useless != (i == MaxConflicts-1) {
			t.Errorf("after %d: useless is %t", i+1, useless)
		}
	}
	if b.Conditional() || keys[0].Blind() || b.Conflict(&keys[0], true) {
		t.Error("it is written to on conditions, or that is told twice")
	}
	b, keys = New(false), make([]Cell, 2)
	b.Hold()
	for range MaxConflicts - 1 {
		b.Conflict(&keys[0], true)
	}
	b.Conflict(&keys[0], false) // somebody else wrote: that is what conditions are for
	for range MaxConflicts {
		if keys[0].Blind() {
			t.Error("blind too early")
		}
		b.Conflict(&keys[0], true)
	}
	if !keys[0].Blind() || keys[1].Blind() || !b.Conditional() {
		t.Errorf("blind: %t and %t, conditional: %t", keys[0].Blind(), keys[1].Blind(), b.Conditional())
	}
}
