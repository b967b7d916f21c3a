package main

import (
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/salvage"
)

// TestRecover closes what ffmpeg packed and a process stored that died together with its disk, and reads it from end to end.
func TestRecover(t *testing.T) {
	for name, arguments := range packings() {
		t.Run(name, func(t *testing.T) {
			r := newRun(t, arguments...)
			if name == "aes-128" {
				r.encrypt(t, "live.m3u8")
			}
			const unsent = 2
			unindexed := 8 // of which the published list names five
			if name == "aes-128" {
				unindexed = 5 // as nobody knows where between two lists the key changed
			}
			r.ship(t, unsent, unindexed)
			if dry := r.recovers(t, exitDone, "--dry-run").Channels[0].Sessions; len(dry) != 1 || dry[0].State != stateClosed || !r.lacks(t, "session.json") || !r.lacks(t, ".index/master.m3u8/000000") {
				t.Fatalf("got %+v", dry)
			}
			first := r.recovers(t, exitDone).Channels[0].Sessions
			if len(first) != 1 || first[0].State != stateClosed {
				t.Fatalf("got %+v", first)
			}
			lists := slices.Sorted(maps.Keys(r.lists))
			if first[0].Filled != (unindexed-5)*len(lists) || first[0].Unlisted != 0 {
				t.Errorf("%d segments were filled in, %d files unlisted", first[0].Filled, first[0].Unlisted)
			}
			for _, list := range lists {
				closed, err := hls.Parse([]byte(r.stored(t, list)))
				if err != nil || !closed.Ended || closed.Segments < len(r.lists[list])-unsent-1 || closed.Segments > len(r.lists[list])-unsent {
					t.Errorf("%s: %v: %s", list, err, r.stored(t, list))
				}
			}
			play := lists[0]
			if r.master != "" {
				if play = "master.m3u8"; r.stored(t, play) != r.master || r.stored(t, ".index/master.m3u8/000000") != r.master {
					t.Errorf("got\n%s", r.stored(t, play))
				}
			}
			got := playsFor(t, r.served(t)+"live/live/"+recordedSession+"/"+play)
			if want := (recordedLength - unsent*recordedSegment) * time.Second; (got - want).Abs() > recordedSegment*time.Second {
				t.Errorf("it is %v long, want %v", got, want)
			}
			if again := r.recovers(t, exitDone).Channels[0].Sessions; len(again) != 0 {
				t.Errorf("again %+v", again)
			}
			named := r.recovers(t, exitDone, recordedSession).Channels[0].Sessions
			if named[0].State != stateUnchanged || slices.ContainsFunc(named[0].Files, func(f actedFile) bool { return f.Act != salvage.Keep }) {
				t.Errorf("named %+v", named)
			}
		})
	}
}

// lacks reports whether the session has no such object.
func (r *recordedRun) lacks(t *testing.T, at string) bool {
	t.Helper()
	for o := range r.client.ListObjectsIter(t.Context(), r.gateway.Bucket, minio.ListObjectsOptions{Prefix: "live/" + recordedSession + "/" + at, Recursive: true}) {
		if o.Err != nil || o.Key != "" {
			return false
		}
	}
	return true
}

// TestRecoverBesideOthers: what is live, longer, or somebody else's stays as it is.
func TestRecoverBesideOthers(t *testing.T) {
	r := newRun(t, packings()["ts"]...)
	r.ship(t, 4, 4)
	r.ages(t, 30*time.Second)
	live := r.recovers(t, exitDone).Channels[0].Sessions
	if len(live) != 1 || live[0].State != stateLive || !strings.Contains(live[0].Why, "live.m3u8 goes on in it and was published") {
		t.Fatalf("got %+v", live)
	}
	if named := r.recovers(t, exitFailed, recordedSession); named.Channels[0].Sessions[0].State != stateLive || !r.lacks(t, "session.json") {
		t.Errorf("got %+v", named)
	}
	// How long that takes is what the settings of run say, each channel's own.
	r.write(t, "ends.yml", "endpoint: "+r.gateway.Endpoint+"\nrecord_end: 10s\nchannels:\n- {name: a, dir: "+r.dir+", destination: s3://"+r.gateway.Bucket+"/other}\n- {name: b, dir: "+t.TempDir()+", destination: s3://"+r.gateway.Bucket+"/live, record_end: 20s}\n", 0)
	ends := []string{"recover", "--config", filepath.Join(r.dir, "ends.yml"), "--dry-run"}
	if text, stderr, code := r.runs(t, ends...); code != exitDone || !strings.Contains(text, recordedSession+"    closed") {
		t.Fatalf("exit code %d: %s%s", code, text, stderr)
	}
	if text, stderr, code := r.runs(t, append(ends, "--record-end", "0s")...); code != exitUsage {
		t.Errorf("exit code %d: %s%s", code, text, stderr)
	}
	if over := r.recovers(t, exitDone, "--record-end", "10s").Channels[0].Sessions; over[0].State != stateClosed {
		t.Fatalf("got %+v", over)
	}
	// The run went on after all: a longer list takes its place.
	r.ship(t, 0, 4)
	before := r.stored(t, "live.m3u8")
	if longer := r.recovers(t, exitDone, recordedSession).Channels[0].Sessions[0]; longer.State != stateClosed || longer.Files[0].Act != salvage.Replace || len(r.stored(t, "live.m3u8")) <= len(before) {
		t.Errorf("got %+v", longer)
	}
	// Something else is there.
	other := "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nother.ts\n#EXT-X-ENDLIST\n"
	r.put(t, "live/"+recordedSession+"/live.m3u8", other, "", "")
	refused := r.recovers(t, exitFailed, recordedSession).Channels[0].Sessions[0]
	if refused.State != stateFailed || !strings.Contains(refused.Why, "live.m3u8 is there already") || r.stored(t, "live.m3u8") != other {
		t.Errorf("got %+v", refused)
	}
	// A session that nobody recorded, and one that is not there.
	r.put(t, "live/20251130T010203Z/a.ts", "bytes", "", "")
	r.ages(t, time.Hour)
	if unknown := r.recovers(t, exitDone).Channels[0].Sessions; len(unknown) != 1 || unknown[0].State != stateUnknown || unknown[0].Session != "20251130T010203Z" {
		t.Errorf("got %+v", unknown)
	}
	if _, stderr, code := r.runs(t, "recover", "s3://"+r.gateway.Bucket+"/live", "20241130T010203Z"); code != exitFailed || !strings.Contains(stderr, "there is no session 20241130T010203Z") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if _, stderr, code := r.runs(t, "recover", "s3://"+r.gateway.Bucket+"/live", path.Join("a", "b")); code != exitUsage || !strings.Contains(stderr, "not the name of a session") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	// The destination may stand in a file, with those of other channels.
	r.write(t, "hlsship.yml", "endpoint: "+r.gateway.Endpoint+"\nchannels:\n- {name: a, dir: "+r.dir+", destination: s3://"+r.gateway.Bucket+"/other}\n- {name: b, dir: "+t.TempDir()+", destination: s3://"+r.gateway.Bucket+"/live}\n", 0)
	file := filepath.Join(r.dir, "hlsship.yml")
	if text, stderr, code := r.runs(t, "recover", "--config", file, "20251130T010203Z"); code != exitDone || !strings.Contains(text, "b: s3://live/live\n\n  20251130T010203Z    unknown") || strings.Contains(text, recordedSession) {
		t.Errorf("exit code %d: %s%s", code, text, stderr)
	}
	if _, stderr, code := r.runs(t, "recover", "--config", file, r.dir); code != exitUsage || !strings.Contains(stderr, "not the name of a session") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if text, _, code := r.runs(t, "recover", "s3://"+r.gateway.Bucket+"/live/"+recordedSession); code != exitDone || !strings.Contains(strings.Join(strings.Fields(text), " "), "no session below this prefix. If it is a session itself, write a space before its name: s3://live/live "+recordedSession) {
		t.Errorf("exit code %d: %s", code, text)
	}
	text, _, _ := r.runs(t, "recover", "--dry-run", "s3://"+r.gateway.Bucket+"/live")
	if !strings.Contains(text, "unknown") || !strings.Contains(text, "no sessions to close, 0 failed. Nothing was stored.") {
		t.Errorf("got %s", text)
	}
}
