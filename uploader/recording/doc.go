// Package recording keeps what a run of a packager listed from first to last, so that its session folder plays as a whole when the run is
// over: versions of a media playlist go in, chunks of an index come out while it runs, and the closing list is made of the chunks.
//
//	versions ─▶ Track ─▶ chunks, one a minute, SESSION/.index/PATH/NNNNNN ─▶ Recording ─▶ Close: the closing list, SESSION/PATH
//
// A Track remembers the window and what was settled since the last chunk; a Recording is read from the chunks alone, so that a session can be closed
// by another process, and from a bucket alone. Its promises:
//
//   - The closing list names what was listed, bound to this session and stored, in the order of the packager's media sequence numbers, and nothing
//     else. What is missing is left out, and EXT-X-DISCONTINUITY stands in its place.
//   - A segment keeps its EXTINF, byte range, EXT-X-GAP and unknown tags. Keys and maps are stated where they change. What later versions add to it
//     (EXT-X-DISCONTINUITY, EXT-X-PROGRAM-DATE-TIME, EXT-X-DATERANGE) is kept too, and an EXT-X-DATERANGE that is repeated is listed once. Partial segments
//     are left out, and so are comments and EXT-X-START.
//   - URIs are the packager's, but for what Facts.Folder inserts before those of variants. Variables stay, unless they change within a run.
//   - The same chunks make the same bytes. A chunk that is taken in twice, or an entry that is in two chunks, changes nothing.
//   - A chunk is read as what anybody could have written: Recording.Add takes all of it in, or nothing and says why.
//
// # What a Track is told
//
// Observe is given each version that is settled, and given it again when more is known of it. It asks of each segment whether it is bound
// to the session of this Track (Bound), not yet (Waiting), never will be (Hole), or is none of this session's (Elsewhere). Bind says the same of a
// segment that no version lists any more. A segment is an entry from the first version on that lists it, and is known by its media
// sequence number: within a session these never fall. Where they slip, as those of a list that loses its first segment and counts it later, what is listed
// says by how much (Track.Number).
//
// An entry is settled, and may go into a chunk, once it is no longer listed, or is more than a minute behind the newest one: of lists that keep
// everything nothing would ever be. What a version says of a settled entry that was not known, such as a correction, the date of what became the head of
// the list, or the bytes of a hole, goes into a later chunk, as an entry with the same number. So the first chunk may have what is listed (Begin). One that waits holds back those behind it, at most
// 1,024 of them, and is a hole then.
//
// # A chunk
//
// A chunk is a media playlist with comments, which begins with its version and ends with how many entries it has. Each stands for itself: it begins
// with the key and the map in force.
//
//	#EXTM3U
//	## hlsship index 1
//	#EXT-X-VERSION:6
//	#EXT-X-TARGETDURATION:2
//	#EXT-X-MEDIA-SEQUENCE:41
//	##41 1796000000123
//	#EXT-X-MAP:URI="init.mp4"
//	#EXTINF:2.000,
//	live41.m4s
//	##42 1796000002120 hole
//	#EXTINF:2.000,
//	live42.m4s
//	##40 1796000002500 head
//	#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:03.000Z
//	#EXTINF:2.000,
//	live40.m4s
//	##bind 12 1796000002700 ../.2/
//	##end 3
//
// Before each entry stand its number, when its bytes were complete (milliseconds since 1970, 0 if nobody knows), and what it is if it is not simply bound:
// hole, wait (a hole so far), or head. An entry whose number another one had is more of the same: of head only its date, discontinuity and date ranges
// count, of others all. "bind" says that a hole was bound after all, or a segment elsewhere, when, and what stands before its URI.
//
// Under the path of a chunk stand chunks before it as well, packed together (Bundling), as far back as its number says: 12, 144 or 1,728 of them at most
// (Reach). Each path is written once nevertheless, and says all that the paths between say. So a day is read from three objects
// (Index), where one a minute would be 1,440.
//
//	## hlsship chunks 1 FIRST LAST
//	(gzip) ##chunk LENGTH
//	(gzip) #EXTM3U …
//
// A bundle begins with what was read back from the store. What could not be read is where it begins, and readers read the rest under the paths before it. A
// chunk by itself stands as it is.
//
// The same comments stand in a closing list where nothing dates the segments: before the first one, and behind each EXT-X-DISCONTINUITY. ReadClosed
// reads closing lists, for clips of them.
//
// # What died without a word
//
// A process that dies together with its journal has listed segments that are in no chunk. Whoever closes its session takes in all chunks (Add), then
// what a closing list has that somebody stored who was killed as he closed it (Keep), what the published list names of the session (Join), then
// what is stored between two listed names and behind the last one (Fill), and leaves out what is not
// stored (Choices.Stored).
//
// # A session
//
// Session.Close closes all lists of a session, whoever does so: those that a multivariant playlist names together are cut to what they have in
// common, and all have one target duration. It returns the files in the order in which they are to be stored, session.json the last:
// a folder that has it is closed.
//
// # A clip
//
// Clip.Make lists a part of a session, over the segments that are stored: of what ReadClosed read, or, of a session that goes on, of those chunks that
// Seek finds in its Index.
//
// Pure: no I/O, no clock, no goroutine. It imports hls and edition. A Track and a Recording are owned by one goroutine.
package recording
