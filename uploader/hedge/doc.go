// Package hedge has a Store's tail cut off: a PUT that is silent for much longer than PUTs of its size usually are is sent a second
// time, and the first answer of the two counts. Most stores answer one PUT of a hundred some seconds late, and a live edge waits for
// two of them, a segment and the playlist that names it.
//
// # Promises
//
//   - A second attempt is rare: at most 3 of 100 PUTs have one, so many at once that a store which is slow for all gets a quarter
//     more at most, and none while the store asks for fewer requests.
//   - No old bytes of media come back. What may still arrive is known by its key, and a PUT that it could undo waits until it cannot
//     any more; whoever makes that PUT is told that it waits (store.Object.Waits), and so are Observer and log.
//   - The next version of a playlist waits for the attempt that lost, as it would for that one if nothing were sent twice; only where
//     the second attempt is the slow one it would not. It waits for no attempt that was broken off or ended without an answer, whose
//     condition cannot hold any more: on a store that looks at it before it has the bytes such a one may arrive all the same, and so may
//     one that is sent once.
//   - A condition that fails while both attempts are under way is no answer, as the other attempt may be why: the store is asked what it
//     holds.
//   - Nothing of a PUT is read or told after it returned.
//
// Backlog, which nobody waits for, playlists that replace no known bytes by a condition, files that grow and what somebody else paces
// are sent once.
//
// policy.go, latencies.go and tally.go decide, and look at no clock.
//
// # Goroutines
//
// Each attempt has one, some of which wait for the next attempt. An attempt whose PUT was answered by the other goes on in it, for 8 s of silence at most; Run ends and joins
// what is left. Timers end at once.
//
// It imports store, and none that implements it, and crew.
package hedge
