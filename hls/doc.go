// Package hls holds the words of HTTP Live Streaming that the rest of hlsship speaks: what a file
// is (Classify), what a playlist names (Parse), or the DASH manifest beside it (ParseFile), which
// file a name means (Site.Resolve, Guesses), the fact that a file is finished (File), and how much memory all of this
// may take (Account).
//
// What a text may make is bounded, not only its length: a few bytes can name a million files, or have much of it repeated very
// often. References, the bytes of their names and the turns of every loop are counted, and what is above the bounds
// is refused before it is made (ParseOptions, ErrTooLarge).
//
// It is a leaf: it imports the standard library only, never os, reads no clock and starts no
// goroutine. All its functions are pure and safe for concurrent use; Account alone has state.
package hls
