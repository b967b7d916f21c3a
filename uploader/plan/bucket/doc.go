// Package bucket is what a Plan knows of the store: what it holds under each key, and what it is able to do.
//
// A Plan knows that from answers alone. Nothing is stored there is another thing than nobody knows, and an answer from before the bucket was
// found to be another one (an epoch) says nothing. A Cell and a Bucket change by their methods alone, each of which is an answer,
// or a reason to ask. Package bucket is pure, starts no goroutine, and imports disk alone.
package bucket
