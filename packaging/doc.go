// Package packaging holds no code: it is the folder of what hlsship is installed as, and its tests keep that the
// units, packages and image agree with the program and work.
//
//   - systemd/ has the units, etc/ the files of /etc/hlsship, completions/, hlsship.1 and hlsship.yml.5 what "make docs" writes
//     from the command line.
//   - nfpm.yml describes the .deb and the .rpm, whose scripts are in deb/ and rpm/; build makes them.
//   - prometheus/ has the alerts and an example for Alertmanager, grafana/ a dashboard, hlsship.yml is the example of docs/settings.md.
//   - nginx/ has a cache in front of the bucket, cloudfront/ a template of the bucket and the CDN in front of it.
//   - helm/ has the chart and kubernetes/ what it renders; compose/ a stream with all that belongs to it. Their
//     tests are in checks/, a module of its own.
//
// It starts no goroutines and must not be imported.
package packaging
