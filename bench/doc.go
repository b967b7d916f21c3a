// The bench command measures what hlsship adds to the time and the work that shipping takes anyway.
//
// It writes live streams as a packager does and has them shipped to a real S3 server by several clients,
// one after the other on the same machine: "bare", which is told what was listed and PUTs the segment
// and then the playlist with the same code that hlsship uses, the lower bound; hlsship itself;
// "mc mirror --watch"; and rclone in a loop. "sidecar", the least that a process which hears of files, reads and PUTs them can
// cost, is measured if it is asked for. Each is a process of its own, whose CPU time, memory and descriptors
// the kernel counts. A proxy before the server is slow as scenes.go says, may be far behind TLS, and sees every object
// arrive; a viewer judges whether each playlist named only what was there. The tables and the figures are the program's own.
//
// A run starts goroutines for the streams and the proxy and joins them, uses the loopback interface
// only, and removes its files. It is a tool: nothing imports it.
package main
