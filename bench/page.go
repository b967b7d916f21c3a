package main

// page is the part of the Markdown page before the figures. It says how to read them.
const page = `# Benchmark

How much later, and with how much more work, do playlists arrive through hlsship than they must, and what do sync tools make of them?
A generator writes live streams the way ffmpeg's HLS muxer does: half of the segment when it begins and half when it ends, under its
final name, then the playlist under a temporary name, renamed into place. Each of these ships them, by turns, in a process of its own,
to one [versitygw](https://github.com/versity/versitygw) on the loopback interface:

* **bare** is the yardstick: it is told of each playlist through a pipe, and then PUTs the segment and after it the
  playlist, with the S3 code that hlsship uses and the same headers and checksums. It has
  nothing to find out, to check or to remember.
* **hlsship** runs with its default settings.
* **mc** is ` + "`mc mirror --watch --overwrite`" + ` of the [MinIO client](https://github.com/minio/mc), a common way to sync a directory.
* **rclone** is ` + "`rclone copy`" + ` of [rclone](https://rclone.org), again and again.
* **sidecar**, in two scenes, is the least that a process beside the packager can cost: it hears of each finished file, reads it and
  PUTs it, and checks nothing. What it publishes is unsafe.

Sync tools publish lists of segments that are not there: that is *unsafe*. A proxy before the server tells a viewer, which knows what
was listed, of every object that arrives. It adds what the text says of the way. The columns:

* **listed**, **published**: playlist versions that the generator finished, and those that appeared in the store.
* **median**, **p95**, **p99**: from the moment when a playlist was renamed into place until the store held it or a newer version of it.
  A tool that does not wait for the segment can publish in half the time; such a playlist is of no use.
* **start**: from the start of the process until the first playlists of all streams were published.
* **CPU**: user and system, start and stop included. **MiB**: the most memory, resident. **files**: the most descriptors.
  **allocs**: allocations for each segment with its playlist, where the process tells.
* **unsafe**: playlists that named a segment which was not in the store at that moment.
* **torn**: objects that were stored while they were still being written.
* **missing**: files that the store did not hold, byte for byte, ten seconds after the end.

The proxy, the viewer and the server share the machine with the tools, so that the figures of many streams are those of all of them,
and on a busy machine p99 says more about the machine than about the tools. This page is what the command below wrote.

`
