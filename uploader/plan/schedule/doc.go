// Package schedule decides who goes next. Many streams share a bounded number of requests; each has items for its live edge, which
// somebody waits for, and items that may follow as backlog. It knows neither playlists nor files nor what a request does: whoever owns
// the items says what is to be done (Rules), and takes from Turn and Files what begins.
//
// It keeps these promises. Requests under way are never more than Workers, and each class of them keeps its own bound. What may go does
// not wait while there is a slot for it. Streams take turns, so that none waits for one that has more to do. A stream that is to be
// looked at later has an alarm. An item stands once at most in each stream that ships it, in its edge or in its backlog.
//
// It is pure: no I/O, clock, log, lock or goroutine. A Schedule with its Streams and Items belongs to one goroutine.
//
// It imports the standard library only.
package schedule
