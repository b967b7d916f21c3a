// Package edition makes one published list of what a packager writes: its versions of a media playlist go in, what is to be published
// comes out, and goes in again to be continued. A packager that starts over at number 0 is a seam in that list, a segment that never
// came a hole, and no player sees a number fall.
//
// What is published is all that it knows. An Edition is one published text; Edition.Next continues it by a Version and returns the
// Edition to publish next, which may be thrown away; Resume reads one back from a store. A published text is recognised as that of a Version by
// continuing it with that Version: the bytes stay the same. Its promises:
//
//   - A segment keeps the number and the URI under which it was first published, and numbers never fall, nor do discontinuity sequences.
//     Of EVENT and VOD playlists a new run begins a new list at its place.
//   - The packager's bytes stay, tag by tag, unknown ones too: without seam, hole or missing date the text is the packager's but for the
//     folders, and EXT-X-DISCONTINUITY-SEQUENCE where the packager wrote none. TakeOut takes the folders back. What only a server that
//     holds requests can keep true is taken out (EXT-X-PART and its like).
//   - Next of the same Version yields the same bytes, also behind Resume, as long as all segments of a Version have names of their own.
//   - Time and memory are linear in the texts, and no text gets longer than hls.MaxPlaylistSize.
//
// # Numbers
//
// A Version is paired with what is published by the URIs of its segments. Those that are published keep their numbers, and what stands among
// them and is not published comes too late for ever: it is left out, as holes are. New ones take the numbers that follow. Within a process
// an Edition also knows the packager's number of its last segment, so that a Version all of whose segments come later goes on at the packager's
// distance, without a seam. What the packager withdrew stays until the window has passed it, as its number is taken.
//
// A segment whose number is not its packager's, and those behind it, have the IV of AES-128 written out.
//
// # The marks
//
// Before what it adds, a comment says why, and tells Resume what no tag does: where a run begins, behind which the segments of older runs
// stay listed until the packager's own window moves, and which EXT-X-DISCONTINUITY stands for a hole.
//
//	## hlsship: new run
//	## hlsship: segment missing
//
// # Dates
//
// Where a packager dates nothing between two discontinuities, the first segment of a run and what is behind a hole are dated by Choices.Begun, the
// head of the list by what was published, and a segment before which time was lost by how much that is. Nothing else is: a segment keeps its
// date.
//
// # What the renditions of a stream share
//
// Seams and discontinuity numbers agree between the lists of a stream if they are given the same runs (Choices.Run), the same holes and, for
// each run, one number: Choices.Discontinuity. When a run begins that is one more than the largest Edition.Discontinuity of all lists of the stream
// that have published a segment, and 0 if none has; it is kept for as long as the run goes on, for lists that come later. After a restart of
// hlsship nobody needs it of lists that go on; it is the largest Edition.Discontinuity for one that comes only now.
//
// What a list does not know is whether a Version that names nothing it has published is the same run: behind Resume it takes it as a new one.
// Edition.Follows says so beforehand, and is to be asked until something is published: if one list of a stream does not follow, all
// of them begin a new run. Nor does a list count the holes and, if its packager does not count them either, the discontinuities of versions that
// it passed over whole: it agrees with the others again at the next run.
//
// It is pure, starts no goroutine, and imports hls alone. An Edition and a Version never change and may be shared between goroutines.
package edition
