// Package uploader turns facts about finished files into PUTs, in playlist-safe order.
//
// Plan decides: it is pure, without I/O, clock or goroutine, and everything about order is decided,
// tested and fuzzed there. Uploader.Run is the one goroutine that owns a Plan; it feeds it facts and
// outcomes and starts a goroutine for each Job that the Plan allows, all of which it joins. Store is
// what the jobs need of the storage.
//
// Promises kept here (the numbers are those of the tests in order_test.go):
//
//	P1 safe      a playlist is PUT only once all it names is stored with the bytes that it means
//	P3 forward   a playlist object is never replaced by an older version of itself; one PUT a key at a time
//	P4 lossless  a finished file that a playlist named is PUT until it is stored; the newest version of a playlist, until
//	             it or a newer one is
//	P5 live      the newest playlist whose references are all stored is PUT as soon as that is true
//	P7 honest    every wait, retry, hold and loss is told to the Observer and, once, to the log
//
// P1 is about what the store holds, not about what it held: when a published playlist turns out to be gone, as in
// a bucket that was deleted and made anew, what the playlists name is stored again. The condition of a PUT
// tells, or the look at the published playlists that follows a refusal which somebody had to mend.
//
// A start reads next to nothing: what an earlier process stored it noted (Notes). A note is believed for a file that a published
// playlist names, and proven afterwards; in doubt the bytes are compared, and stored again if they differ.
//
// A file that grows for as long as its stream lasts (hls.Growing) is one version that becomes longer: what the store
// holds of it is lengthened whenever a playlist names more (Appender), and serves every playlist that names less.
//
// A DASH manifest is a playlist here, beside those of HLS: neither waits for the other unless it names it. What it counts by its times
// alone (hls.Reference.Soft) gates only if it is there when the manifest is read, and is shipped whenever it comes.
//
// It imports hls and golang.org/x/text, and never watcher, metrics or the packages below it.
package uploader
