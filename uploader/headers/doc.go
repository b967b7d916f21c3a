// Package headers says with which HTTP headers an object is stored: its media type, how long caches may keep it, and what the
// operator adds. It is pure: it knows no store and reads no clock. It starts no goroutines.
//
// Promise kept here (README): no cache keeps a live playlist for longer than a few seconds, nor a file under a name that may come
// back for much longer than the playlist's window, unless the operator says so.
package headers
