//go:build linux

package main

import "github.com/hlsship/hlsship/uploader/s3"

// s3Error is the answer of a store that refuses (S3 "Error Responses").
func s3Error(status, code string, headers ...string) *canned {
	return &canned{
		status: status, headers: append(headers, "Content-Type: application/xml"),
		body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>a fault of the test</Message><RequestId>1</RequestId></Error>`,
	}
}

// faults are the ways in which the wire, what is at its ends and what finds them fail.
func faults() []fault {
	return []fault{
		{name: "refused", refused: true},
		{name: "reset", reset: true},
		{name: "black hole", still: true},
		// A request that was under way is not told from one that is answered slowly: s3.DefaultStall ends it.
		{name: "forgotten connections", forgotten: true, limit: s3.DefaultStall + recoveryLimit},
		{name: "trickle", rate: 1000},
		{name: "torn answers", torn: true},
		{name: "503", answer: &canned{status: "503 Service Unavailable"}},
		{name: "500 InternalError", answer: s3Error("500 Internal Server Error", "InternalError")},
		{name: "SlowDown", answer: s3Error("503 Slow Down", "SlowDown", "Retry-After: 30")},
		{name: "ExpiredToken", answer: s3Error("400 Bad Request", "ExpiredToken")},
		{name: "SignatureDoesNotMatch", answer: s3Error("403 Forbidden", "SignatureDoesNotMatch")},
		{name: "AccessDenied", answer: s3Error("403 Forbidden", "AccessDenied")},
		{name: "NoSuchBucket", answer: s3Error("404 Not Found", "NoSuchBucket")},
		{name: "RequestTimeTooSkewed", answer: s3Error("403 Forbidden", "RequestTimeTooSkewed", "Date: Thu, 01 Jan 2015 00:00:00 GMT")},
		{name: "bucket deleted", deleted: true},
		{name: "name server silent", lookup: noAnswer},
		{name: "name unknown", lookup: noSuchName},
		{name: "name server failing", lookup: serverFailure},
		{name: "certificate expired", credential: expired},
		{name: "certificate of another", credential: otherName},
		{name: "certificate not trusted", credential: unknown},
		{name: "handshake cut", credential: handshakeCut},
		{name: "disk full", disk: diskFull, refused: true},
		{name: "no inodes", disk: noInodes, refused: true},
		{name: "disk read-only", disk: readOnly, refused: true},
		{name: "directory unmounted", disk: unmounted},
		{name: "captive portal", answer: &canned{
			status: "200 OK", headers: []string{"Content-Type: text/html"},
			body: "<!DOCTYPE html><html><title>Log in</title><body>Welcome to the hotel.</body></html>",
		}},
	}
}
