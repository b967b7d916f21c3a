//go:build linux

package main

import (
	"flag"
	"maps"
	"math/rand/v2"
	"regexp"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// victims are who is killed, again and again.
type victims int

const (
	packagers victims = iota
	programs
	// starting is the program, while the packager starts again.
	starting
	bothOfThem
)

// killing is a stream with continuous playlists in which somebody is killed again and again.
type killing struct {
	mode    mode
	victims victims
	// outage has the store refuse everything around each kill.
	outage bool
	// rewrites says that names come back within a run.
	rewrites bool
	// quick has make test play it too.
	quick bool
	// how its playlists are published.
	how manner
	// discards has the directory and the spool thrown away with each kill, and recovers has recordings recovered before anybody starts again.
	discards, recovers bool
}

// killings are those of TestContinuousKills. What is named comes by a rename, so that a packager that begins again takes nothing from the spool;
// rings cannot.
func killings() map[string]killing {
	const (
		three = "-map 0:v -map 0:v -map 0:v -var_stream_map 'v:0,name:hi v:1,name:mid v:2,name:lo' -master_pl_name master.m3u8 " +
			"-hls_list_size 4 -hls_flags temp_file "
		fmp4 = "-hls_segment_type fmp4 "
	)
	renditions := ffmpegHLS("three renditions", "VIDEO", three+"%v/index.m3u8")
	fragments := ffmpegHLS("three renditions, fmp4", "VIDEO", fmp4+three+"%v/index.m3u8")
	resent := ffmpegHLS("init sections rewritten", "VIDEO", fmp4+"-hls_fmp4_init_resend 1 -hls_list_size 4 -hls_flags temp_file index.m3u8")
	ring := ffmpegMode("ffmpeg -f segment", "ring", "ffmpeg",
		"$VIDEO -f segment -segment_time 1 -segment_list_flags +live -segment_list index.m3u8 -segment_list_size 4 -segment_wrap 6 seg_%05d.ts")
	return map[string]killing{
		"packager":                   {mode: renditions, quick: true},
		"packager, fmp4":             {mode: fragments},
		"packager, in an outage":     {mode: fragments, outage: true},
		"program":                    {mode: renditions, victims: programs},
		"program, packager starting": {mode: fragments, victims: starting, quick: true},
		"program, in an outage":      {mode: renditions, victims: programs, outage: true},
		"program, rings":             {mode: ring, victims: programs, rewrites: true, quick: true},
		"program, init sections":     {mode: resent, victims: programs, rewrites: true},
		"both":                       {mode: renditions, victims: bothOfThem, quick: true},
		"both, init sections":        {mode: resent, victims: bothOfThem, rewrites: true},
		"both, in an outage":         {mode: fragments, victims: bothOfThem, outage: true},
	}
}

// killsQuick is up to how many kills the quick streams alone are played.
const killsQuick = 8

// TestContinuousKills kills packager and program again and again, and has players with a memory judge what goes on. -chaos.kills says how many
// kills there are in all.
func TestContinuousKills(t *testing.T) {
	t.Parallel()
	all := killings()
	for name, k := range all {
		k.how = continuously
		all[name] = k
	}
	playKillings(t, all, flag.Lookup("chaos.kills").Value.(flag.Getter).Get().(int))
}

// playKillings plays them with so many kills in all, up to killsQuick the quick ones alone.
func playKillings(t *testing.T, all map[string]killing, kills int) {
	t.Helper()
	if kills <= killsQuick {
		maps.DeleteFunc(all, func(_ string, k killing) bool { return !k.quick })
	}
	each := (kills + len(all) - 1) / len(all)
	var done atomic.Int64
	tests := map[string]func(*testing.T) (why string){}
	for name, k := range all {
		tests[name] = func(t *testing.T) string { return k.play(t, each, &done) }
	}
	storms(t, tests)
	if done.Load() < int64(kills) && !t.Failed() {
		t.Errorf("got %d kills, want %d at least", done.Load(), kills)
	}
	t.Logf("%d kills", done.Load())
}

// play ships the stream through so many kills.
func (k killing) play(t *testing.T, kills int, done *atomic.Int64) (why string) {
	random := dice(t)
	upTo := func(d time.Duration) time.Duration { return time.Duration(random.Int64N(int64(d))) }
	s := newScene(t, k.mode, k.how)
	s.unsteady = k.victims != packagers || k.rewrites || k.mode.rings
	program, run := s.ship(t), 0
	s.enter(t, run)
	for range kills {
		s.plays(t, 1500*time.Millisecond+upTo(3*time.Second))
		s.interrupt(k.outage)
		if k.outage {
			<-time.After(upTo(2 * time.Second))
		}
		if k.victims == packagers || k.victims == bothOfThem {
			s.die()
		}
		if k.victims == starting {
			s.die()
			<-time.After(afterKill)
			run++
			s.enterWhile(t, run, func() { program = s.replaces(t, program, func() {}, random) })
		} else if k.victims != packagers {
			program = s.replaces(t, program, func() {
				if k.discards {
					s.discard(t)
				}
				if k.recovers {
					s.recovers(t)
				}
			}, random)
		}
		if len(s.cast) == 0 {
			away := afterKill + upTo(time.Second)
			if k.how == recorded && random.IntN(4) == 0 {
				away += recordEnd
			}
			<-time.After(away)
			run++
			s.enter(t, run)
		}
		if k.outage {
			<-time.After(upTo(2 * time.Second))
		}
		program.ships(t)
		s.resume()
		s.settles()
		done.Add(1)
	}
	s.plays(t, 5*time.Second)
	s.leave(t)
	s.end(t, program)
	s.mourn(t, append(s.programs, program), k.rewrites || k.victims == bothOfThem)
	s.judge(t, program)
	if k.how == recorded {
		s.judgeRecordings(t, true)
	}
	return s.verdict(t)
}

// afterKill is how long a packager is gone at least: what its end closes is told by then.
const afterKill = 300 * time.Millisecond

// enterWhile has the packager start and something happen at the same time.
func (s *scene) enterWhile(t *testing.T, run int, happens func()) {
	t.Helper()
	<-time.After(rand.N(startTime))
	s.begins(t, run)
	<-time.After(rand.N(startTime))
	happens()
	s.writes(t)
}

// replaces kills the program, perhaps while it starts too, and starts it again. dead is called when it is dead.
func (s *scene) replaces(t *testing.T, p *process, dead func(), random *rand.Rand) *process {
	t.Helper()
	for range 1 + random.IntN(2) {
		p.signal(t, syscall.SIGKILL)
		p.exits(t, -1)
		s.programs = append(s.programs, p)
		dead()
		<-time.After(time.Duration(random.Int64N(int64(time.Second))))
		p = s.launch(t)
		<-time.After(time.Duration(random.Int64N(int64(startTime))))
	}
	return p
}

// settles has the live edge judged once the program had time to find out where it stands.
func (l *live) settles() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notBefore = time.Now().Add(killedLimit)
}

// mourn takes in what the programs say is lost, which may happen only if names come back in the same files.
func (s *scene) mourn(t *testing.T, programs []*process, may bool) {
	t.Helper()
	for _, p := range programs {
		for _, m := range regexp.MustCompile(`msg="segment lost" path=(\S+).*`).FindAllStringSubmatch(p.output(), -1) {
			_, at, _ := storetest.Split(m[1])
			if s.history.Lost(at); !may {
				s.accuse(false, "the program gave a segment up: %s", m[0])
			}
			s.mu.Lock()
			s.excuse(at)
			s.mu.Unlock()
		}
	}
}

// excuse says that a file need not be stored in the end.
func (l *live) excuse(at string) {
	if l.excused == nil {
		l.excused = map[string]bool{}
	}
	l.excused[at] = true
}
