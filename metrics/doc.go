// Package metrics holds every metric that hlsship exposes and the HTTP server that shows them.
//
// A Metrics has a registry of its own and one for each Channel, a directory on its way to a bucket; nothing is
// registered globally. A Channel's Watcher, Uploader and Spool methods return the observers of those packages. Its
// series have the label channel if it has a name, so that gauges of several channels are never mixed up.
//
// Every label value of a closed set exists from the start, so that a rate
// begins at 0 and an alert on a missing series means a missing process. The only open label is stream,
// a playlist's folder: it is bounded, streams beyond the bound are summed under "other", and a stream's
// series are removed once it is forgotten. File names, keys and request ids are never labels.
//
// The server costs shipping little: few connections, of which the idle ones give way, small requests, and no answer to
// names of other machines while it listens on loopback.
//
// Promise kept: P7 honest, as far as figures go. What cannot be seen in a log line can be seen here.
//
// Observers may be called from several goroutines while the registry is gathered. The one goroutine
// started is Server.Serve's, which Serve joins. The package imports hls for the names of kinds and must
// not import watcher or uploader.
package metrics
