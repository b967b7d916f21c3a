// Package s3 is a store.Store on S3-compatible storage, through minio-go; PUTs, of which there are most, go without it.
//
// # Promises
//
// One PutObject is one request: never a multipart upload, never a retry, never a sleep (retries are the
// uploader's). Its size is always declared, its bytes are covered by Content-MD5 or a CRC32C that the
// store verifies, and only an answer with an ETag, equal to the MD5 where it is one, counts as stored:
// what a captive portal or a proxy answers does not.
//
// An attempt is bounded by lack of progress, not by total time: it ends when for [Config.Stall] no byte
// was taken and no answer came. After such an end the next attempt for the same key has twice the
// patience, so that a shared slow line cannot livelock.
//
// A PUT that is paced (store.Object) has opened no connection while it waits for leave to begin, and no such wait counts as lack
// of progress.
//
// Trouble belongs to a connection until shown otherwise: one that brought an answer which is none about the request (5xx, 429, a
// page of somebody else's) is closed, and other addresses of the name are tried first for a while. [Store.Probe] always goes over
// a connection of its own.
//
// Every error is classified once, into *store.Error. Errors and log lines hold no secrets.
//
// No request waits for credentials: requests are signed with the newest stored keys, which [Store.Run] keeps fresh. Where
// they are late, requests fail at once, as an Alarm whose cure names the source, until Run has them; requests are
// never anonymous. There is one source, and nothing takes its place: what was asked for by name is used, or [Open] fails.
// In a directory bucket (S3 Express One Zone) one request every few minutes waits for a session that is made with them.
//
// Requests go to the host that was named, and nowhere else: address and signature are made here, and
// minio-go, which has a table of hosts of its own, knows neither.
//
// # Goroutines
//
// Open starts none. Run works in the caller's goroutine; each refresh of the credentials runs in one
// more, so that a hung file, program or metadata service can be left behind: it is the only one
// that may outlive Run. Timers call functions that end at once. Idle connections belong to net/http.
//
// It must not import watcher, metrics or any other command's package.
package s3
