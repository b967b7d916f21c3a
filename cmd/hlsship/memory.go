package main

import (
	"bufio"
	"bytes"
	"io/fs"
	"log/slog"
	"math"
	"path"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/hlsship/hlsship/hls"
)

const (
	// Of a control group's memory the Go runtime may take heapPercent: stacks, the page cache of what is uploaded and what the
	// collector comes too late for need the rest.
	heapPercent = 75
	// Of what the runtime may take the playlists get playlistPercent, but not less than leastBudget: what is parsed and what
	// is collected only later comes on top. Where nothing limits the process they get plainBudget.
	playlistPercent = 25
	leastBudget     = 24 << 20
	plainBudget     = 192 << 20
)

// memory is what bounds the memory of the process, in bytes.
type memory struct {
	// group is the limit of the control group, runtime that of the Go runtime as it was found; 0 for none.
	group, runtime int64
}

// heap returns what the Go runtime may take, 0 for no limit: what it was told, or its part of the control group's memory.
func (m memory) heap() int64 {
	switch part := m.group / 100 * heapPercent; {
	case m.group == 0:
		return m.runtime
	case m.runtime == 0:
		return part
	default:
		return min(m.runtime, m.group)
	}
}

// budget returns what playlists may take.
func (m memory) budget() int64 {
	if m.heap() == 0 {
		return plainBudget
	}
	return max(m.heap()/100*playlistPercent, leastBudget)
}

// account has the Go runtime keep to the memory of the control group, unless it was told something else (GOMEMLIMIT), and
// returns the account of all playlists, of as many bytes; 0 for what suits the memory.
func account(budget int64, system fs.FS, told bool, logger *slog.Logger) *hls.Account {
	m := memory{group: groupLimit(system)}
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		m.runtime = limit
	}
	if !told && m.group > 0 {
		debug.SetMemoryLimit(m.heap())
	}
	if budget == 0 {
		budget = m.budget()
	}
	logger.Info("memory bounded", "limit", shownLimit(m.heap()), "budget", humanize.IBytes(uint64(budget)))
	return hls.NewAccount(budget)
}

// shownLimit returns a limit for people.
func shownLimit(bytes int64) string {
	if bytes == 0 {
		return "none"
	}
	return humanize.IBytes(uint64(bytes))
}

// groupLimit returns the memory that the control group of this process and those around it allow, as far as they can be seen,
// in bytes; 0 for no limit. system is the root of the file system.
func groupLimit(system fs.FS) int64 {
	groups, err := fs.ReadFile(system, "proc/self/cgroup")
	if err != nil {
		return 0 // another system than Linux
	}
	var least int64
	for lines := bufio.NewScanner(bytes.NewReader(groups)); lines.Scan(); {
		// Such as "0::/system.slice/hlsship.service" of version 2 and "9:memory:/docker/1f2e" of version 1.
		fields := strings.SplitN(lines.Text(), ":", 3)
		if len(fields) < 3 {
			continue
		}
		switch {
		case fields[0] == "0" && fields[1] == "":
			least = lesser(least, limitOf(system, "sys/fs/cgroup", fields[2], "memory.max", "memory.high"))
		case strings.Contains(","+fields[1]+",", ",memory,"):
			least = lesser(least, limitOf(system, "sys/fs/cgroup/memory", fields[2], "memory.limit_in_bytes"))
		}
	}
	return least
}

// limitOf returns the least that the files of these names say, in the group and in those around it; 0 for no limit. A container
// sees its own group as the root, though its path may be that outside.
func limitOf(system fs.FS, root, group string, names ...string) int64 {
	var least int64
	for at := path.Clean("/" + group); ; at = path.Dir(at) {
		for _, name := range names {
			text, err := fs.ReadFile(system, path.Join(root, at, name))
			if err != nil {
				continue
			}
			// "max" is no number. Version 1 says no limit by the largest one that is a whole number of pages.
			if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 && n < math.MaxInt64>>1 {
				least = lesser(least, n)
			}
		}
		if at == "/" {
			return least
		}
	}
}

// lesser returns the lesser of two limits, where 0 is none.
func lesser(a, b int64) int64 {
	if a == 0 || b == 0 {
		return a + b
	}
	return min(a, b)
}
