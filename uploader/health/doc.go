// Package health says whether a store answers, when to probe it, and for how long a request may be silent. It learns that from how
// requests and probes end, and who owns a Health draws the consequences. It is pure: no requests, no clock, no goroutines.
package health
