package main

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestGroupLimit(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	unlimited := "9223372036854771712\n"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"no control groups", nil, 0},
		{"no limit", map[string]string{"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n"}, 0},
		{"its own", map[string]string{"proc/self/cgroup": "0::/system.slice/hlsship.service\n",
			"sys/fs/cgroup/system.slice/hlsship.service/memory.max": "268435456\n", "sys/fs/cgroup/system.slice/memory.max": "max\n"}, 256 * mib},
		{"that around it", map[string]string{"proc/self/cgroup": "0::/system.slice/hlsship.service\n",
			"sys/fs/cgroup/system.slice/hlsship.service/memory.max": "268435456\n", "sys/fs/cgroup/system.slice/memory.max": "134217728\n"}, 128 * mib},
		{"where it is slowed down", map[string]string{"proc/self/cgroup": "0::/a\n",
			"sys/fs/cgroup/a/memory.max": "268435456\n", "sys/fs/cgroup/a/memory.high": "134217728\n"}, 128 * mib},
		{"container with a name space", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "268435456\n"}, 256 * mib},
		{"container that knows its path outside", map[string]string{"proc/self/cgroup": "0::/kubepods/pod1/c2\n",
			"sys/fs/cgroup/memory.max": "268435456\n"}, 256 * mib},
		{"path that leads out", map[string]string{"proc/self/cgroup": "0::/../../c2\n", "sys/fs/cgroup/memory.max": "268435456\n"}, 256 * mib},
		{"version 1", map[string]string{"proc/self/cgroup": "12:cpu,cpuacct:/d/1\n9:memory:/d/1\n0::/\n",
			"sys/fs/cgroup/memory/d/1/memory.limit_in_bytes": "268435456\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": unlimited}, 256 * mib},
		{"version 1 without a limit", map[string]string{"proc/self/cgroup": "9:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": unlimited}, 0},
		{"version 1 with another controller", map[string]string{"proc/self/cgroup": "9:hugetlb,memory:/a\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "134217728"}, 128 * mib},
		{"both versions", map[string]string{"proc/self/cgroup": "9:memory:/a\n0::/a\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "268435456\n", "sys/fs/cgroup/a/memory.max": "134217728\n"}, 128 * mib},
		{"nonsense", map[string]string{"proc/self/cgroup": "\n0\n0:\n0::a\n", "sys/fs/cgroup/a/memory.max": "-5\n", "sys/fs/cgroup/memory.max": "much\n"}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			system := fstest.MapFS{}
			for name, text := range tt.files {
				system[name] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := groupLimit(system); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestMemoryBudget(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for name, tt := range map[string]struct {
		memory       memory
		heap, budget int64 // in MiB, rounded down
	}{
		"nothing limits it":                   {memory{}, 0, 192},
		"container of 256 MiB":                {memory{group: 256 * mib}, 191, 47},
		"chart, which sets GOMEMLIMIT":        {memory{group: 256 * mib, runtime: 192 * mib}, 192, 47},
		"GOMEMLIMIT alone":                    {memory{runtime: 500 * mib}, 500, 125},
		"GOMEMLIMIT beyond the control group": {memory{group: 256 * mib, runtime: 1024 * mib}, 256, 63},
		"tiny":                                {memory{group: 40 * mib}, 29, 24},
		"large":                               {memory{group: 10240 * mib}, 7679, 1919},
	} {
		if heap, budget := tt.memory.heap()/mib, tt.memory.budget()/mib; heap != tt.heap || budget != tt.budget {
			t.Errorf("%s: %d MiB for the heap and %d MiB for playlists, want %d and %d", name, heap, budget, tt.heap, tt.budget)
		}
	}
}

// TestMemoryIsTaken runs the program with a limit, and finds what follows from it.
func TestMemoryIsTaken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, budget, limit string
		shown, metric       string
	}{
		{"by the limit", "auto", "500MiB", `limit="500 MiB" budget="125 MiB"`, "hlsship_memory_budget_bytes 1.31072"},
		{"by the setting", "64MiB", "500MiB", `limit="500 MiB" budget="64 MiB"`, "hlsship_memory_budget_bytes 6.7108864e+07"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g, dir := newGateway(t, false), stream(t)
			p := startIn(t, []string{
				"HLSSHIP_ENDPOINT=" + g.url, "AWS_ACCESS_KEY_ID=" + testAccess, "AWS_SECRET_ACCESS_KEY=" + testSecret, "GOMEMLIMIT=" + tt.limit,
			}, "run", dir, "s3://bucket", "--http-listen", "127.0.0.1:0", "--memory-budget", tt.budget)
			p.says(t, `level=INFO msg="memory bounded" `+tt.shown)
			address := p.says(t, `listening for HTTP.* address=(\S+)`)[1]
			await(t, g.stored, "index.m3u8")
			if text := fetch(t, "http://"+address+"/metrics"); !strings.Contains(text, "\n"+tt.metric) {
				t.Errorf("the metrics do not say %q", tt.metric)
			}
		})
	}
}
