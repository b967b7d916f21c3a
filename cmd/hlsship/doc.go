// Command hlsship ships a packager's HLS output directory to S3-compatible storage while the stream is
// live, in playlist-safe order.
//
// It parses flags, environment and configuration file into one config, wires the watcher, the uploader,
// the store and the metrics together, and turns signals and errors into exit codes. What is shipped and
// when is decided in those packages; this one keeps no promise of its own but that every setting is
// either understood or refused, that no secret is printed, and that every goroutine is joined before
// the process ends.
//
// Exit codes: 0 all files shipped, 1 failed, 2 wrong usage, 3 stopped with files unshipped.
package main
