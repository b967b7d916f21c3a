// Package plan decides which PUTs are allowed now. It is pure: no I/O, clock, log, lock or goroutine; a test of the house keeps it so.
//
// Facts about finished files go in through Plan.Observe, the outcomes of jobs through Plan.Report; Plan.Advance returns Effects, all
// that follows from them.
//
// P1 is about what the store holds, not about what it held: when a published playlist turns out to be gone, as in
// a bucket that was deleted and made anew, what the playlists name is stored again. The condition of a PUT
// tells, or the look at the published playlists that follows a refusal which somebody had to mend.
//
// A start reads next to nothing: what an earlier process stored it noted (Note). A note is believed for a file that a published
// playlist names, and proven afterwards; in doubt the bytes are compared, and stored again if they differ.
//
// What a process knew as named the next one ships, although no playlist names it any more: a file that is kept says so, and of those that
// were not finished yet the newest version of the playlist (Remember).
//
// A version is bytes: an init section or key that its packager writes again with the same ones, as many do with every playlist, is the
// version that is known (hls.File.Sum). Nothing is stored again, compared or waited for.
//
// A file that grows for as long as its stream lasts (hls.Growing) is one version that becomes longer: what the store
// holds of it is lengthened whenever a playlist names more (store.Appender), and serves every playlist that names less.
//
// A DASH manifest is a playlist here, beside those of HLS: neither waits for the other unless it names it. What it counts by its times
// alone (hls.Reference.Soft) gates only if it is there when the manifest is read, and is shipped whenever it comes.
//
// # The states of a key
//
// A path has versions (disk.Entry), a key has what the store holds of them (bucket.Cell). Nobody knows is another state than nothing is there:
// what was sent and not answered may still arrive, and an answer from before the bucket was found to be another one says nothing.
//
//	                it was stored, or compares equal
//	┌──────────┐ ────────────────────────────────────▶ ┌──────────┐
//	│ unknown  │ ◀──────────────────────────────────── │   ours   │ a version, its ETag
//	└──────────┘   other bytes are sent; the bucket    └──────────┘
//	 │        │    is another one                       ▲   ▲    │
//	 │ LIST,  │ HEAD finds nothing                      │   │    │ a condition failed,
//	 │ HEAD   ▼                                  stored │   │    │ and it has other bytes
//	 │    ┌──────────┐ ─────────────────────────────────┘   │    ▼
//	 │    │  absent  │                          compares    ┌──────────┐
//	 │    └──────────┘                             equal └── │  there   │ an object, its ETag
//	 └─────────────────────────────────────────────────────▶ └──────────┘
//
// Beside that stands why the store is to be asked (bucket.Question): whether there is anything, to prove what an earlier process noted, or since
// a condition failed.
//
// # The states of a reference
//
// A reference of a playlist's version means a version of a file, and gates the playlist until the store has it.
//
//	named ──▶ waiting ──▶ bound ──▶ satisfied ──▶ (the playlist goes up)
//	            ▲  │        │           │
//	            │  │        │           │ the key is unknown again, or the bucket is another one
//	            │  │        │ the bytes that it means are lost or replaced:
//	            │  │        ▼ it takes others that stood for Settle before a newer version of the playlist came
//	            │  │     rebinding
//	            │  └──▶ excused: a hint, what players need not have, and what a manifest counts by its times alone
//	            └── it is asked again when something happened, or at the time that judge said
//
// Which bytes a waiting reference takes is weighed in one place, judge, which has no effects.
//
// Playlists that go on over the restarts of their packager (Config.Continuous) are made before the Plan, by package session: what is a path
// here is then the path of what is published.
//
// It imports hls, state, store, disk, bucket, schedule, session, recorder and golang.org/x/text.
package plan
