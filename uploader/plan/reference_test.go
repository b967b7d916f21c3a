package plan

import "testing"

// TestPlanReferencesBeyondFiles has references of which the text alone does not say the file, or that are
// none.
func TestPlanReferencesBeyondFiles(t *testing.T) {
	t.Parallel()
	tests := map[string]func(d *desk){
		"an imported variable holds the playlist until a version says the value": func(d *desk) {
			d.media("v1/a.ts", "b.ts")
			d.playlist("x.m3u8", playlistText(0, false, `#EXT-X-DEFINE:IMPORT="dir"`, "{$dir}/a.ts", "b.ts"))
			d.fresh("x.m3u8")
			d.want("put b.ts")
			d.done("put b.ts")
			d.want()
			if w := d.plan.Blocked(); len(w) != 1 || w[0].Reason != "variable" || w[0].Name != "{$dir}/a.ts" {
				d.t.Errorf("blocked: %+v", w)
			}
			d.playlist("x.m3u8", playlistText(0, false, `#EXT-X-DEFINE:NAME="dir",VALUE="v1"`, "{$dir}/a.ts", "b.ts"))
			d.want("put v1/a.ts")
			d.done("put v1/a.ts")
			d.want("publish x.m3u8")
		},
		"a variable in the query holds nothing": func(d *desk) {
			d.media("a.ts")
			d.playlist("x.m3u8", playlistText(0, false, `#EXT-X-DEFINE:QUERYPARAM="token"`, "a.ts?t={$token}"))
			d.fresh("x.m3u8")
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
		},
		"a steering server at the origin's root holds nothing": func(d *desk) {
			d.playlist("x.m3u8", "#EXTM3U\n#EXT-X-CONTENT-STEERING:SERVER-URI=\"/steering?video=00012\",PATHWAY-ID=\"A\"\n"+
				"#EXT-X-STREAM-INF:BANDWIDTH=1,PATHWAY-ID=\"A\"\nhttps://a.example/low.m3u8\n")
			d.fresh("x.m3u8")
			d.want("publish x.m3u8")
		},
		"a delta update is no new run": func(d *desk) {
			d.media("7.ts", "8.ts", "9.ts")
			d.playlist("x.m3u8", playlistText(7, false, "7.ts", "8.ts", "9.ts"))
			d.fresh("x.m3u8")
			d.want("put 7.ts", "put 8.ts", "put 9.ts")
			d.done("put 7.ts", "put 8.ts", "put 9.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			// Counted without those skipped, its last number is 7.
			d.playlist("x.m3u8", playlistText(7, false, "#EXT-X-SKIP:SKIPPED-SEGMENTS=2", "9.ts"))
			d.want("publish x.m3u8")
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newDesk(t, Config{}))
		})
	}
}
