// Package salvage closes sessions of which nothing is known but what a bucket holds: their index, what is stored, and the lists that are
// published.
//
// It decides, and asks nothing: a [Session] is told what a listing of its folder shows ([Session.Listed]), what the published playlists name
// ([Session.Heard]) and what its chunks say ([Session.Read]), in that order, and says what closes it ([Session.Close]); a [Judge] says
// what becomes of each file that is to be stored.
//
// # Promises
//
//   - What it makes names only what was listed as stored.
//   - A session that is live is told apart ([Session.Live]): the last one of a published list without EXT-X-ENDLIST, or one in which
//     something was stored a moment ago. Where nobody knows how old that is it counts as live.
//   - Behind each of the PUTs that close a session another one can close it (FuzzRecover): a closing list that is there already is replaced by one
//     that begins with the same entries, or stays: it may say more than is published by now. One that has no segment of the session is refused. The same bucket gives the same files, but for
//     the time in session.json.
//   - P7 (honest): chunks that cannot be read, and files that no list names, are counted and named.
//
// # Multivariant playlists
//
// The copy of a multivariant playlist that a session keeps is, first found first taken: that of its index, .index/PATH/NNNNNN, whose text is the
// packager's; the one in its folder; the one that is published under the same path now, if it names a list of this session. What is not in the
// index yet is stored there first: what is published is another one after the next run, and the one in the folder names only what can be played.
//
// # Goroutines
//
// None. The package is pure: no clock, no files, no network. A Session is owned by one goroutine.
//
// It imports hls, uploader/recording and uploader/store, and never uploader, check or cmd.
package salvage
