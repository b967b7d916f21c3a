// Package state has the words in which hlsship says how it does. The status page, /status.json, "hlsship status", the metrics, the log and
// the service manager's status line use them, and no others.
//
// Each state has one owner, which decides it once: uploader/plan that of a stream, uploader/health that of a store, cmd/hlsship that of a
// channel. Observers are told of each change. Whoever shows a state adds nothing to it.
//
// Report is the document that /status.json answers with. Its names are stable: within one Report.Format fields are added, and none
// changes its meaning or goes.
//
// The package holds values alone, which nobody changes once they were told. It starts no goroutines, does no I/O and reads no clock.
package state
