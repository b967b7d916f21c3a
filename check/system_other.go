//go:build !linux

package check

import "os"

// kernel knows little of systems on which hlsship is developed and not run.
func kernel() system {
	return system{
		mount:     func(string) (mount, error) { return mount{}, nil },
		watches:   func(folders []string) (bool, int, error) { return true, len(folders), nil },
		openFiles: func() uint64 { return 0 },
		writes:    func(*os.File) bool { return false },
		user:      os.Geteuid,
		lists:     func(folder string) error { _, err := os.ReadDir(folder); return err },
	}
}
