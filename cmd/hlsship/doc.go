// Command hlsship ships a packager's HLS output directory to S3-compatible storage while the stream is
// live, in playlist-safe order.
//
// It parses flags, environment and configuration file into one config, wires the watcher, the uploader,
// the store and the metrics together, and turns signals and errors into exit codes. What is shipped and
// when is decided in those packages; this one keeps no promise of its own but that every setting is
// either understood or refused, that no secret is printed, and that every goroutine is joined before
// the process ends, but for one that hangs: it is named and left behind.
//
// A channel is one directory on its way to one bucket. Each has a watcher, an uploader, a spool and a store, and a
// fleet runs them: they start, fail and end without one another. A channel that fails, or a goroutine of which panics, is
// started again while the others go on; if it is the only one, the process ends. A configuration that is read while they run
// (SIGHUP, a change of the file or of key files) is taken as a whole or refused as a whole. A channel that is the
// same but for its credentials is not stopped; one that differs drains, and its next run begins only when the one
// before has let go of the directory.
//
// Exit codes: 0 all files shipped, 1 failed, 2 wrong usage, 3 stopped with files unshipped.
package main
