package plan

import "testing"

// TestAssetLists holds that an X-ASSET-LIST is shipped if it is there, and waited for by nobody.
func TestAssetLists(t *testing.T) {
	t.Parallel()
	asset := func(uri string) string { return `#EXT-X-DATERANGE:ID="a",X-ASSET-LIST="` + uri + `"` }
	for name, test := range map[string]func(d *desk){
		"that an ad server answers for": func(d *desk) {
			d.playlist("x.m3u8", playlistText(0, false, asset("ads/decide.json?pod=1"), "a.ts"))
			d.fresh("x.m3u8")
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
		},
		"called like a playlist, a variable, or outside": func(d *desk) {
			d.playlist("x.m3u8", playlistText(0, false, asset("ads.m3u8"), asset("{$x}"), asset("/ads.ts"), asset("../../ads"), "a.ts"))
			d.fresh("x.m3u8")
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
		},
		"that is there": func(d *desk) {
			d.media("ads.json")
			d.playlist("x.m3u8", playlistText(0, false, asset("ads.json"), "a.ts"))
			d.fresh("x.m3u8")
			d.want("put a.ts", "put ads.json")
			d.done("put a.ts")
			d.want("publish x.m3u8")
		},
		"that comes later": func(d *desk) {
			d.playlist("x.m3u8", playlistText(0, false, asset("ads.json"), "a.ts"))
			d.fresh("x.m3u8")
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.media("ads.json")
			d.want("put ads.json")
		},
		"that is a segment as well": func(d *desk) {
			d.playlist("x.m3u8", playlistText(0, false, asset("b.ts"), "b.ts", asset("a.ts"), asset("a.ts"), "a.ts"))
			d.fresh("x.m3u8")
			d.want("put a.ts")
			d.done("put a.ts")
			d.want()
			d.media("b.ts")
			d.want("put b.ts")
			d.done("put b.ts")
			d.want("publish x.m3u8")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.media("a.ts")
			test(d)
			if b := d.plan.Blocked(); len(d.under) == 0 && len(b) > 0 {
				t.Errorf("blocked: %+v", b)
			}
		})
	}
}

// TestPathsTooLong holds that a playlist which names what no key has room for is held, and says why.
func TestPathsTooLong(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		line string
		held bool
	}{
		"a segment": {"sub/seg-00001.ts", true}, "a segment that just fits": {"sub/seg-001.ts", false}, "in bytes": {"sub/ééé.ts", true},
		"an init section": {`#EXT-X-MAP:URI="sub/init-0001.mp4"`, true}, "an asset list": {`#EXT-X-DATERANGE:X-ASSET-LIST="sub/asset-0001.json"`, false},
		"a hint": {`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="sub/seg-00001.ts"`, false}, "elsewhere": {"https://cdn.example.net/sub/seg-00001.ts", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{MaxPath: len("sub/seg-001.ts")})
			if name == "in bytes" {
				d.plan.cfg.MaxPath = len("sub/ééé.ts") - 1
			}
			d.playlist("x.m3u8", playlistText(0, false, tt.line))
			b := d.plan.Blocked()
			if held := len(b) == 1 && b[0].Reason == "long"; held != tt.held || held && b[0].Cure() == (Wait{}).Cure() {
				t.Errorf("blocked: %+v", b)
			}
		})
	}
}
