//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hlsship/hlsship/uploader/spool"
)

// nightTroubles are the rows of TestNight, in the order in which they come.
func nightTroubles() []trouble {
	return slices.Concat(lockTroubles(), packagerTroubles(), outageTroubles(), refusalTroubles(), spoolTroubles(), programTroubles())
}

// lockTroubles are those of a channel of which another process has the spool.
func lockTroubles() []trouble {
	var lock *spool.Spool
	return []trouble{
		{
			name: "one channel's spool is locked", shown: "music restarting", code: exitFailed,
			begin: func(t *testing.T, n *night) {
				n.kill(t)
				var err error
				if lock, err = spool.Open(spool.Config{Dir: filepath.Join(n.dir, "music")}); err != nil {
					t.Fatal(err)
				}
				n.whole.Cleanup(lock.Close)
				n.start(t)
			},
			end:  func(*testing.T, *night) { lock.Close() },
			said: `failed \d+ times?: .*in use by process \d+.* [Ee]nd that process`, logged: `level=ERROR msg="channel failed, it is started again" .*in use by process.* cure=`,
			alert: "HlsshipChannelFails", slow: true,
		},
	}
}

// packagerTroubles are those of a packager, or of what it leaves.
func packagerTroubles() []trouble {
	return []trouble{
		{
			name: "a packager is killed", quick: true, shown: "sport/hi stalled, sport/lo stalled, sport/audio stalled, sport/sport stalled", code: exitFailed,
			begin: func(t *testing.T, n *night) { n.encoders["sport"].killed(t) },
			end:   func(_ *testing.T, n *night) { n.encoders["sport"].goesOn() },
			said:  `stalled +sport / hi .*packager stopped`, logged: `level=WARN msg="streams are stalled.* streams=\d .* cure=`,
			over: `level=WARN msg="streams are stalled no more" .*lasted=`, alert: "HlsshipStreamStalled",
		},
		{
			name: "a packager ends well", quick: true, shown: "sport/hi ended, sport/lo ended, sport/audio ended, sport/sport ended",
			begin: func(t *testing.T, n *night) { n.encoders["sport"].ends(t) },
			end:   func(_ *testing.T, n *night) { n.encoders["sport"].goesOn() },
			said:  `ended +sport / hi `,
		},
		{
			name: "a file is missing", quick: true, shown: "sport/lo held, sport/sport held", code: exitFailed,
			begin: func(_ *testing.T, n *night) { n.encoders["sport"].withhold("lo") },
			end:   func(t *testing.T, n *night) { n.encoders["sport"].delivers(t) },
			said:  `held +sport / lo .*lo/seg\d+.ts is missing: the playlist names a file`, logged: `level=WARN msg="playlist held back" .*waits_for=lo/seg\d+.ts reason=missing .*cure=`,
			over: `level=WARN msg="no playlist is held back any more" .*lasted=`, alert: "HlsshipPlaylistHeld",
		},
		{
			name: "old bytes", shown: "news/hi held, news/news held", code: exitFailed,
			begin: func(t *testing.T, n *night) { n.encoders["news"].restart(t, "hi") },
			end:   func(t *testing.T, n *night) { n.encoders["news"].delivers(t) },
			said:  `held +news / hi .*hi/seg\d+.ts is stale: the file is there`, logged: `level=WARN msg="playlist held back" .*waits_for=hi/seg\d+.ts reason=stale .*cure=`,
			over: `level=WARN msg="no playlist is held back any more" .*lasted=`, alert: "HlsshipPlaylistHeld",
		},
	}
}

// wired has the wire do something.
func wired(f fault) func(*testing.T, *night) {
	return func(t *testing.T, n *night) { n.spoil(t, f) }
}

// outageTroubles are those of a store that gives no answer that is one.
func outageTroubles() []trouble {
	unreachable := func(name string, f fault, said string) trouble {
		return trouble{
			name: name, begin: wired(f), end: wired(fault{}), shown: everywhere("* store unreachable"),
			said: `store unreachable for .*` + said, logged: `level=WARN msg="store does not answer.*` + said + `.* cure=`,
			over: `level=WARN msg="store answers again" .* lasted=`, alert: "HlsshipStoreUnreachable",
		}
	}
	refused := unreachable("the store refuses connections", fault{refused: true}, "connection re(?:fused|set)")
	refused.quick = true
	return []trouble{
		refused,
		unreachable("the store is a black hole", fault{still: true}, ""),
		unreachable("the store answers 503 to all", fault{answer: s3Error("503 Slow Down", "SlowDown")}, "503 S"),
	}
}

// refusalTroubles are those of a store that says no, and of a narrow way to it.
func refusalTroubles() []trouble {
	return []trouble{
		{
			name: "the keys are wrong", quick: true, shown: everywhere("* store refusing"), code: exitFailed,
			begin: func(t *testing.T, n *night) { write(t, n.secret, "another-secret-key") },
			end:   func(t *testing.T, n *night) { write(t, n.secret, n.gateway.SecretKey) },
			said:  `store refusing for .*SignatureDoesNotMatch`, logged: `level=ERROR msg="store does not answer as it should.*SignatureDoesNotMatch.* cure=`,
			over: `level=ERROR msg="store answers again" .*lasted=`, alert: "HlsshipStoreRefuses",
		},
		{
			name: "the bucket is deleted", shown: everywhere("* store refusing"), code: exitFailed,
			begin: func(t *testing.T, n *night) { n.must(t, os.Rename(n.bucket(), n.bucket()+".deleted")) },
			end: func(t *testing.T, n *night) {
				n.must(t, os.Mkdir(n.bucket(), 0o755))
			},
			said: `store refusing for .*NoSuchBucket.*[Cc]reate`, logged: `level=ERROR msg="store does not answer as it should.*NoSuchBucket.* cure=`,
			over: `level=ERROR msg="store answers again" .*lasted=`, alert: "HlsshipStoreRefuses",
		},
		{
			name: "the uplink carries 70 % of the streams", shown: everywhere("*/hi behind"),
			begin: func(t *testing.T, n *night) { n.spoil(t, fault{uplink: n.needs(t) * 7 / 10}) }, end: wired(fault{}),
			said: `behind +sport / hi .* files \(.*\) wait`, logged: `level=WARN msg="streams are behind" .*cure=`,
			over: `level=WARN msg="streams are behind no more" .*lasted=`, alert: "HlsshipStreamBehind",
		},
	}
}

// spoolTroubles are those of a spool that is too small for an outage.
func spoolTroubles() []trouble {
	return []trouble{
		{
			name: "the spool is nearly full", shown: everywhere("* store unreachable"),
			begin: func(t *testing.T, n *night) {
				n.budget(t, "spool_budget: 20MB\n", 3)
				n.well(t)
				n.spoil(t, fault{refused: true})
			},
			end: func(t *testing.T, n *night) {
				n.spoil(t, fault{})
				n.well(t)
				n.budget(t, "", 0)
			},
			said: `an outage may last `, logged: `level=WARN msg="store does not answer.* cure=.*outage_may_last=\d+m`,
			over: `level=WARN msg="store answers again" .* lasted=`, alert: "HlsshipOutageRunsOut", along: []string{"HlsshipStoreUnreachable"},
		},
	}
}

// programTroubles are those of hlsship itself.
func programTroubles() []trouble {
	return []trouble{
		{
			name: "hlsship is killed", quick: true, code: exitFailed, begin: func(t *testing.T, n *night) { n.kill(t) }, end: func(t *testing.T, n *night) { n.start(t) },
			said: `does hlsship run`, alert: "HlsshipDown", metric: "up",
		},
		{
			name: "a start with 20,000 files", shown: "music starting",
			begin: func(t *testing.T, n *night) {
				fresh := filepath.Join(t.TempDir(), "archive")
				n.archive(t, fresh)
				n.kill(t)
				n.must(t, os.Rename(fresh, filepath.Join(n.dir, "music", "archive")))
				n.start(t)
			},
			end:  func(*testing.T, *night) {},
			said: `music: starting `, logged: `level=INFO msg="start: files that were found are compared with the store" .*compared=\d+ files=2\d{4}`,
			over: `level=INFO msg="start is over`,
		},
	}
}

// budget has channels have another budget, until so many of them have one of 20 MB.
func (n *night) budget(t *testing.T, setting string, channels int) {
	t.Helper()
	n.configure(t, setting)
	n.until(t, "the budget", func() string {
		return unless(len(n.query(t, "hlsship_queue_budget_bytes == 20e6")) == channels, "is not in use")
	})
}

// archive writes a recording of 20,000 segments.
func (n *night) archive(t *testing.T, dir string) {
	t.Helper()
	n.must(t, os.MkdirAll(dir, 0o755))
	text := "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-PLAYLIST-TYPE:VOD\n"
	for i := range 20_000 {
		name := fmt.Sprintf("seg%d.ts", i)
		n.must(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600))
		text += "#EXTINF:1,\n" + name + "\n"
	}
	write(t, filepath.Join(dir, "live.m3u8"), text+"#EXT-X-ENDLIST\n")
}
