// Package recorder decides when what a run of a packager listed is stored, and when its session is closed. It stands beside package session, which
// says in which session each file is that a playlist names (session.Listing), and feeds a recording.Track for each playlist of each session.
//
//	listings ─▶ Track ─▶ chunks of the index, one a minute ─▶ the store
//	                     the run is over ─▶ seal ─▶ closing lists, multivariant playlists, session.json ─▶ the store
//
// It keeps these promises. A session is closed once each of its lists is over: the list has EXT-X-ENDLIST, or its packager goes on in another session
// or is silent, and nothing that it named can still come. When the process ends, it is closed at once. An outage of the store closes nothing. All
// chunks are stored before a session is sealed, and all that a closing list names before that list; media playlists go first, then multivariant ones,
// then session.json. What is lost is not named. Should the run go on, the session is open again, and closed again later.
//
// A session of a process that died with all that it kept is closed from its index and from what is published: as soon as all lists that named it when
// this process began go on in other sessions, after which nothing leads to it any more, else after Config.End.
//
// A closing list may be kept by caches for good only once its packager has been silent for Config.End; until then it is stored as one that may go on.
//
// What was recorded is not kept here: the uploader reads the chunks back when it carries a Seal out. So memory is bounded by what the store lacks.
//
// Pure: no I/O, no clock, no goroutine. It imports hls, state, session and recording. A Recorder is owned by one goroutine.
package recorder
