// Package session decides to which run of a packager a file belongs, for playlists that go on for ever (continuous). It stands before the
// Plan: facts of the directory go in, and facts of what is to be published come out, in which media stand in a folder for each
// run and playlists are edited by package edition. The Plan ships them like any other files.
//
//	seg0.ts of the first run     ─▶  20261130T010203Z/seg0.ts ┐
//	seg0.ts of the second run    ─▶  20261130T011500Z/seg0.ts ┴─ live.m3u8, one list
//
// A session is a folder for one run of a packager; it has an identity, and its name is chosen when it is opened: the time, in UTC, and
// greater than all that are known. One is opened for the first playlist of a scope, when a run begins, and when a name of media is used for
// other bytes. The scope is what a multivariant playlist names together, or else the folder; its lists share their sessions.
//
// No key of a session ever gets other bytes. An initialization section or key that is written again within a run with others becomes a
// variant, SESSION/.2/path.
//
// After a restart, a session is that of the last reference in the published list, if the directory has the very bytes that the list
// names: the notes of the process before say so, or the store is asked. Slates, which every run may list, do not say so where segments of the run's own
// names are others. An initialization section that is younger than a list which was met at rest waits until a list says of which run it is.
//
// Where the store does not say what is published, a run begins after a while without that: in the session that the notes or the spool name, or in a
// new one. Its files have keys from then on; its lists are published once what is published is known, and count from there.
//
// What cannot be edited is shipped as it is, with its files at their own paths: DASH manifests, multivariant playlists, and lists of
// which package edition says why.
//
// Pure: no I/O, no clock, no goroutine. It imports hls and edition. A Machine is owned by one goroutine.
package session
