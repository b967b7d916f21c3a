// Package checks holds the tests of packaging that need the types of others: Kubernetes, Helm, the Prometheus
// operator, Prometheus and Compose, and the schema of CloudFormation. It is a module of its own so that none of
// them is a dependency of hlsship; "make test" runs it. There is nothing in it to import.
//
// It promises that whatever lies in packaging is decoded strictly, each field by the type that its reader has;
// that the plain manifests are what the chart renders; that ports, paths, users, sizes and times agree between
// the unit, the image, the chart and the compose file; that the README's sidecar is one; that alerts and dashboard ask
// for metrics that exist; and that the dashboard makes sense when there is little to show.
// What it does not do is run any of it: neither a cluster nor a container engine is needed.
//
// The files that it reads are outside of its module, where Go does not notice changes: run it with -count=1.
//
// It starts no goroutines and imports nothing of hlsship, whose settings and metrics it reads from the golden
// files that hlsship's own tests keep.
package checks
