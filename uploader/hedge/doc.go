// Package hedge has a Store's tail cut off: a PUT that is silent for much longer than PUTs of its size usually are is sent a second
// time, and the first answer of the two counts. Most stores answer one PUT of a hundred some seconds late, and a live edge waits for
// two of them.
//
// # Promises
//
//   - A second attempt is rare: at most 3 of 100 PUTs have one, so many at once that a store which is slow for all gets a quarter
//     more at most, and none while the store asks for fewer requests.
//   - No old bytes come back. What may still arrive is known by its key, and a PUT that it could undo waits until it cannot
//     any more; whoever makes that PUT is told that it waits (store.Object.Waits).
//   - A playlist's second attempt has the condition of the first, and the store has shown that it keeps conditions. A condition
//     that fails while both are under way is no answer, as the other attempt may be why: the store is asked what it holds.
//   - Nothing of a PUT is read or told after it returned.
//
// Backlog, which nobody waits for, PUTs without a condition that need one, files that grow and what somebody else paces are sent once.
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
