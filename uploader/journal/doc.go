// Package journal tells the log and an Observer what happens to an Uploader. What it says of playlists, files and causes is bounded,
// whoever decides how many of them there are. The Journals of all who ship to one store share an Outage, so that each fault of it is told once.
// It starts no goroutines and reads no clock.
//
// Promise kept here: P7, every wait, retry, hold and loss is told to the Observer and, once, to the log, with what to do about it.
package journal
