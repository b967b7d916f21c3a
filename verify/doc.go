// Package verify says whether what is published can be played, and whether it is what the directory holds: every file that a
// playlist names is there, with the directory's bytes, long enough for its ranges, under the headers that hlsship sends, and no
// playlist is older than the one on disk.
//
// It decides, and asks nothing: a [Walk] is fed with what a listing, the answers of the store and the directory say, and tells
// which playlists are to be read ([Walk.Unread]), which files are named ([Walk.Named]) and, at the end, what is wrong
// ([Walk.Report]). Whoever feeds it keeps the order that makes the answer right while the stream is live: the playlists of the
// directory first, those of the bucket next, and the listing with which their names are compared last.
//
// # Promises
//
// P7 (honest): what could not be compared is counted, not passed over in silence. A [Fault] has a stable name, and stands for one
// object. What a packager wrote a moment ago may be on its way: such a fault is Young, so that the caller can look again.
//
// # Goroutines
//
// None. The package is pure: no clock, no files, no network. A Walk is owned by one goroutine.
//
// It imports hls and uploader/store, and never uploader, check or cmd.
package verify
