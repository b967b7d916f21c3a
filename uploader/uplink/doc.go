// Package uplink limits what the PUTs of one or several Stores send together: of a line that somebody else needs as well, they
// take the rate that they are given and no more. It knows nothing of how a Store sends.
//
// The bytes of all PUTs together leave at that rate at most, in pieces of a few KiB and with a burst of 50 ms: playlists first, then
// the live edge, then backlog. Headers, TLS and TCP come on top, a few percent. A PUT that has begun is never silent for much
// more than 5 s; one that has not waits until there is room for it.
//
// A Store keeps to it by asking store.Object.Pace before it sends; that it does is a case of storetest.Conformance.
//
// # Goroutines
//
// None is started. A timer, which ends at once, hands out what has become free while somebody waits.
//
// It imports store, and none that implements it.
package uplink
