// Package store is what hlsship needs of the storage that it ships to: Store and the abilities that some stores have beside it
// (Appender, Prober), the objects that it takes and shows, and the kinds of errors that it may answer with.
//
// uploader/s3 implements it, uploader/storetest has its contract in executable form, and everything else knows storage by it alone.
// It has no state and does no I/O.
package store
