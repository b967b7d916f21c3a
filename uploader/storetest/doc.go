// Package storetest holds what a test of the uploader, or of another Store, stands on.
//
// [Conformance] is the contract of store.Store in executable form. [Memory] is a Store that fulfils
// it without a network; [Faults] lets any Store fail the way real ones do, by name of the incident;
// [Gateway] is a real S3 server on the loopback interface, [Front] a real nginx before one; [Server] is one
// of our own with the [Quirks] of all others, a table that says of each what must hold all the same. The viewer
// oracle judges, as a player would, whether every state of a bucket can be played, and an [Audience] playlists that go on over restarts.
//
// Memory and Faults are deterministic and wait only on timers, channels and contexts, so that they work
// in a testing/synctest bubble, in virtual time. [Faults.Wait] joins the only goroutines started here
// that outlive a call: those of [LateArrival].
//
// It is meant for tests. It must not import watcher, metrics or uploader/s3.
package storetest
