package watcher

import (
	"context"
	"os"
)

// Announces returns nil if the kernel announces files that are closed in folder, and else why not, which leaves the
// quiet rule. It writes, closes and renames a file in a folder of its own that it makes there and removes; where it
// cannot make one it does not know better than nil. It takes milliseconds and a few seconds at most.
func Announces(ctx context.Context, folder string) error { return closeWriteArmingIn(ctx, folder).why }

// Written reports whether somebody has the file open for writing, as far as the kernel tells this process; see Leases.
func Written(file *os.File) bool { return probeWriter(file) == some }

// Leases reports whether the kernel tells this process who has the file open for writing, as it does the file's
// owner and who has CAP_LEASE, on local file systems. If not, files whose close was not seen follow the quiet
// rule. The lease is given back at once.
func Leases(file *os.File) bool { return probeWriter(file) != unknown }
