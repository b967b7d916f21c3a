package storetest

import "testing"

// TestDoubt: what may follow from bytes that nobody saw is doubtful, and nothing else is.
func TestDoubt(t *testing.T) {
	t.Parallel()
	list, longer := []byte(media("a.ts")), []byte(media("a.ts", "b.ts"))
	for _, tt := range []struct {
		name     string
		happens  func(v *Viewer)
		missed   string
		rule     Rule
		doubtful bool
	}{
		{"segment stored that was missed", func(v *Viewer) { v.Changed("a.ts", []byte("a")) }, "a.ts", RuleHalfSegment, true},
		{"another was missed", func(v *Viewer) { v.Changed("a.ts", []byte("a")) }, "b.ts", RuleHalfSegment, false},
		{"playlist published that was missed", func(v *Viewer) { v.Changed("i.m3u8", list) }, "i.m3u8", RuleTornPlaylist, true},
		{"another playlist was missed", func(v *Viewer) { v.Changed("i.m3u8", list) }, "j.m3u8", RuleTornPlaylist, false},
		{"published with a segment that was missed", func(v *Viewer) {
			v.Listed("i.m3u8", list)
			v.Changed("a.ts", []byte("a"))
			v.Changed("i.m3u8", list)
		}, "a.ts", RuleWrongVersion, true},
		{"published with a segment that is not stored, and was missed", func(v *Viewer) {
			v.Listed("i.m3u8", list)
			v.Changed("i.m3u8", list)
		}, "a.ts", RulePlaylistFirst, false},
		{"stored by a name that a missed playlist may give", func(v *Viewer) {
			v.Finished("a.ts", []byte("a"))
			v.Changed("a.ts", []byte("a"))
		}, "i.m3u8", RuleNeverNamed, true},
		{"stored by a name that no missed segment can give", func(v *Viewer) {
			v.Finished("a.ts", []byte("a"))
			v.Changed("a.ts", []byte("a"))
		}, "b.ts", RuleNeverNamed, false},
		{"never stored, though other bytes were missed", func(v *Viewer) {
			v.Finished("a.ts", []byte("a"))
			v.Listed("i.m3u8", list)
			v.Finale()
		}, "a.ts", RuleUnstored, false},
		{"stored with what was missed", func(v *Viewer) {
			v.Finished("a.ts", []byte("a"))
			v.Listed("i.m3u8", list)
			v.Changed("a.ts", []byte("b"))
			v.Finale()
		}, "a.ts", RuleUnstored, true},
		{"unpublished, for a segment that was missed", func(v *Viewer) {
			v.Finished("a.ts", []byte("a"))
			v.Finished("b.ts", []byte("b"))
			v.Listed("i.m3u8", longer)
			v.Finale()
		}, "b.ts", RuleUnpublished, true},
		{"unpublished, though no segment of it was missed", func(v *Viewer) {
			v.Finished("a.ts", []byte("a"))
			v.Listed("i.m3u8", list)
			v.Finale()
		}, "b.ts", RuleUnpublished, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, first := range []bool{false, true} { // it is the same whether it is told before or afterwards
				v := NewViewer("")
				if first {
					v.Missed(tt.missed)
				}
				tt.happens(v)
				if !first {
					v.Missed(tt.missed)
				}
				found := false
				for _, violation := range v.Violations() {
					if violation.Rule != tt.rule {
						continue
					}
					if found = true; violation.Doubtful != tt.doubtful {
						t.Errorf("%v is doubtful: %v, want %v", violation, violation.Doubtful, tt.doubtful)
					}
				}
				if !found {
					t.Errorf("no violation of %q among %v", tt.rule, v.Violations())
				}
			}
		})
	}
}
