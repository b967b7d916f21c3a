// Package hedge has a Store's tail cut off: a PUT that is silent for much longer than PUTs of its size usually are is sent a second
// time, and the first answer of the two counts. Most stores answer one PUT of a hundred some seconds late, and a live edge waits for
// two of them, a segment and the playlist that names it.
//
// # Promises
//
//   - A second attempt is rare: at most 3 of 100 PUTs have one, so many at once that a store which is slow for all gets a quarter
//     more at most, and none while the store asks for fewer requests.
//   - No old bytes come back. What may still arrive is known by its key, and a PUT that it could undo waits until it cannot
//     any more; whoever makes that PUT is told that it waits (store.Object.Waits), and so are Observer and log.
//   - Nothing of a PUT is read or told after it returned.
//
// Playlists are sent once. Their names always come back, with the next version, and of two attempts the one that lost could be stored
// over it: a condition does not hinder that on every store, and nothing that a client can try tells which ones. Some look at the condition
// before they have the bytes; where they look afterwards, or where a proxy keeps the bytes until it has all, the same is true of the time
// until these are in their place, in which a slow store is slow. Nor could the next version wait: it is what the live edge is for.
//
// Backlog, which nobody waits for, what has a condition, files that grow and what somebody else paces are sent once as well.
//
// policy.go, latencies.go and tally.go decide, and look at no clock.
//
// # Goroutines
//
// Each attempt has one. An attempt whose PUT was answered by the other goes on in it, for 8 s of silence at most; Run ends and joins
// what is left. Timers end at once.
//
// It imports store, and none that implements it.
package hedge
