package main

import (
	"context"
	"flag"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the program: with HLSSHIP_TEST_MAIN set it runs its arguments, so
// that tests can send signals to a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("HLSSHIP_TEST_MAIN") != "" {
		p := program{stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ(), build: build{"test", "test"}, stdin: os.Stdin}
		os.Exit(p.run(context.Background(), append([]string{"hlsship"}, os.Args[1:]...)))
	}
	if recordInstead() || attackInstead() {
		return
	}
	plainEnvironment()
	flag.Bool("update", false, "rewrite golden files")
	flag.Uint64("chaos.seed", 0, "the seed of the streams of TestChaos, TestKill and TestSoak; 0 is a random one")
	flag.Int("chaos.kills", 8, "how many kills of packager and program TestContinuousKills has in all; up to 8 in four of its streams alone")
	flag.Int("recordings.kills", 4, "how many kills of packager and program TestRecordingKills has in all; up to 8 in four of its streams alone")
	flag.Duration("chaos.soak", 0, "how long TestSoak ships")
	flag.String("chaos.manner", "", "how TestSoak has playlists published, exact or continuous; both without it")
	flag.Uint64("chaos.stream", 0, "the seed of the one stream that TestSoak ships; 0 is as many as there is time for")
	flag.Bool("packagers.all", false, "TestPackagers runs all modes of all packagers and prints the matrix")
	flag.Bool("night.all", false, "TestNight causes every fault")
	flag.Bool("players.all", false, "TestRestartSeen plays all incidents to all players and prints the table")
	flag.Float64("front.minutes", 0, "how long TestFront plays, with an outage of 20 s; 0 is half a minute with one of 6 s")
	flag.Duration("hostile.time", 9*time.Second, "how long TestHostileDirectory has hostile writers beside honest streams")
	flag.String("hostile.only", "", "an expression for the names of the kinds of hostile writers that TestHostileDirectory has; all without it")
	flag.Int("verify.objects", 1000, "how many objects the bucket of TestVerifyMany has")
	flag.Parse()
	os.Exit(m.Run())
}

// plainEnvironment takes the settings of whoever runs the tests out of the environment: programs under test would take them,
// such as AWS_CA_BUNDLE or AWS_PROFILE.
func plainEnvironment() {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "HLSSHIP_") && !strings.HasPrefix(name, "HLSSHIP_TEST_") {
			_ = os.Unsetenv(name) // it fails for no name that is one
		}
	}
}
