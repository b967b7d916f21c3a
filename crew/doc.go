// Package crew calls functions in goroutines that it uses again.
//
// What sends a request or opens a file calls so deep that the stack of a goroutine of its own has to grow three or four times, which
// costs as much as to sign the request. A goroutine that did it once has the stack.
//
// It is a leaf, and starts the goroutines of those who use it.
package crew
