// Package edition makes one published list of what a packager writes: its versions of a media playlist go in, what is to be published
// comes out, and goes in again to be continued. A packager that begins again at number 0 is a seam in that list, a segment that never
// came a hole, and no player sees a number fall.
//
// What is published is all that it knows. An Edition is one published text; Edition.Next continues it by a Version and returns the
// Edition to publish next, which may be thrown away; Resume reads one back from a store. Its promises:
//
//   - A segment keeps the number and the URI under which it was first published, and numbers never fall. Of EVENT and VOD playlists a
//     new run begins a new list at its place.
//   - The packager's bytes stay, tag by tag, unknown ones too: without seam, hole or missing date the text is the packager's but for the
//     folders, and EXT-X-DISCONTINUITY-SEQUENCE where the packager wrote none. TakeOut returns it.
//   - Next of the same Version yields the same bytes, also behind Resume.
//   - Time and memory are linear in the texts, and no text gets longer than hls.MaxPlaylistSize.
//
// # The marks
//
// Before what it adds, a comment says why, and tells Resume what no tag does: where a run begins, behind which the segments of older runs
// stay listed until the packager's own window moves, and which EXT-X-DISCONTINUITY stands for a hole.
//
//	## hlsship: new run
//	## hlsship: segment missing
//
// # What the renditions of a stream share
//
// Seams and discontinuity numbers agree between the lists of a stream if they are given the same runs (Choices.Run), the same holes and, for
// each run, one number: Choices.Discontinuity, which is the largest Edition.Discontinuity of all lists of the stream when the run began,
// plus one, and 0 for the first run. It is kept for as long as the run goes on, for lists that come later. Who has read all lists back
// takes the largest Edition.Discontinuity again. What a list does not know is whether a Version that names nothing it has
// published is the same run: within a process it counts on by the packager's numbers, behind Resume it takes it as a new run. Edition.Follows
// says so beforehand: if one list of a stream does not follow, all of them begin a new run.
//
// It is pure, starts no goroutine, and imports hls alone. An Edition and a Version never change and may be shared between goroutines.
package edition
