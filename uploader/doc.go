// Package uploader turns facts about finished files into PUTs, in playlist-safe order.
//
// Package plan decides: it is pure, and everything about order is decided, tested and fuzzed there. Uploader.Run is the one
// goroutine that owns a plan.Plan; it feeds it facts and outcomes, carries out the Effects and starts a goroutine for each Job that
// the Plan allows, all of which it joins. Package store is what the jobs need of the storage; health says whether that answers, and for
// how long a request may be silent; headers, with which headers an object is stored. journal tells log and Observer.
//
// Promises kept here and in plan (the numbers are those of the tests in order_test.go):
//
//	P1 safe      a playlist is PUT only once all it names is stored with the bytes that it means
//	P3 forward   a playlist object is never replaced by an older version of itself; one PUT a key at a time
//	P4 lossless  a finished file that a playlist named is PUT until it is stored; the newest version of a playlist, until
//	             it or a newer one is
//	P5 live      the newest playlist whose references are all stored is PUT as soon as that is true
//	P7 honest    every wait, retry, hold and loss is told to the Observer and, once, to the log
//
// It imports hls and the packages named here, and never watcher, metrics or the other packages below it.
package uploader
