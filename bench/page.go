package main

// page is the part of the Markdown page before the figures. It says how to read them.
const page = `# Benchmark

How much later, and with how much more work, do playlists arrive through hlsship than they must?
A generator writes live streams the way ffmpeg's HLS muxer does: the segment, then the playlist
under a temporary name, renamed into place. Three clients ship them, by turns, each in a process of its
own, to one [versitygw](https://github.com/versity/versitygw) on the loopback interface:

* **bare** is the yardstick: it is told of each playlist through a pipe and PUTs the segment and then the
  playlist, with the S3 code that hlsship uses and the same headers and checksums. It has
  nothing to find out, to check or to remember.
* **hlsship** runs with its default settings.
* **mc** is ` + "`mc mirror --watch --overwrite`" + ` of the [MinIO client](https://github.com/minio/mc), a common way to sync a directory.

A proxy before the server delays every PUT by *added* and tells a viewer, which knows what was
listed, of every object that arrives. The columns:

* **listed**, **published**: playlist versions that the generator finished, and those that appeared in the store.
* **median**, **p99**: from the moment when a playlist was renamed into place until the store held it or a newer version of it.
  A tool that does not wait for the segment can publish in half the time; such a playlist is of no use.
* **CPU**: of the client's process, user and system, start and stop included.
* **unsafe**: playlists that named a segment which was not in the store at that moment.
* **missing**: files that the store did not hold, byte for byte, ten seconds after the end.

On a busy machine the figures of p99 say more about the machine than about the tools. This page is what
the command below wrote.

`
