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
// A version is bytes: an init section or key that its packager writes again with the same ones, as many do with every playlist, is the
// version that is known (hls.File.Sum). Nothing is stored again, compared or waited for.
//
// A file that grows for as long as its stream lasts (hls.Growing) is one version that becomes longer: what the store
// holds of it is lengthened whenever a playlist names more (store.Appender), and serves every playlist that names less.
//
// A DASH manifest is a playlist here, beside those of HLS: neither waits for the other unless it names it. What it counts by its times
// alone (hls.Reference.Soft) gates only if it is there when the manifest is read, and is shipped whenever it comes.
//
// It imports hls, store and golang.org/x/text.
package plan
