package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/s3"
)

// loaded loads a configuration file with those variables, on the machine "box", in a process that was started at
// 15:04:05 on 2 January 2006.
func loaded(t *testing.T, text string, env map[string]string) (config, error) {
	t.Helper()
	s := given(nil, env)
	s.env["HLSSHIP_CONFIG"] = configFile(t, text)
	s.host, s.started = "box", time.Date(2006, 1, 2, 15, 4, 5, 0, time.UTC)
	return load(s)
}

// TestChannels has what stands at the top, in flags and in variables be the default of every channel.
func TestChannels(t *testing.T) {
	t.Parallel()
	c, err := loaded(t, `
region: eu-1
max_lag: 5s
destination: s3://bucket/live/{name}
profile: all
exclude: ["*.tmp"]
channels:
- dir: /hls/one
- {name: second, dir: /hls/two, destination: "s3://other", max_lag: 6s, workers: 2, exclude: [], access_key_file: /a, secret_key_file: /s}
- dir: /hls/three
  spool_dir: "off"
  uplink_limit: 20Mbit/s
  credentials_file: /c
`, map[string]string{"HLSSHIP_WORKERS": "3", "HLSSHIP_MAX_LAG": "7s", "AWS_ENDPOINT_URL": "http://all"})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.channels) != 3 {
		t.Fatalf("%d channels, want 3", len(c.channels))
	}
	one, two, three := c.channels[0], c.channels[1], c.channels[2]
	type shown struct {
		name, destination, region string
		lag                       time.Duration
		workers                   int
		exclude                   int
		keys                      s3.Credentials
	}
	for i, want := range []shown{
		{"one", "s3://bucket/live/one", "eu-1", 7 * time.Second, 3, 1, s3.Credentials{Profile: "all"}},
		{"second", "s3://other", "eu-1", 6 * time.Second, 2, 0, s3.Credentials{AccessKeyFile: "/a", SecretKeyFile: "/s"}},
		{"three", "s3://bucket/live/three", "eu-1", 7 * time.Second, 3, 1, s3.Credentials{File: "/c", Profile: "all"}},
	} {
		c := c.channels[i]
		got := shown{c.name, c.store.destination(), c.store.region, c.flow.maxLag, c.flow.workers, len(c.exclude), c.store.credentials}
		if got != want {
			t.Errorf("channel %d is %+v, want %+v", i, got, want)
		}
	}
	if one.store.endpoint != "http://all" || two.store.endpoint != "http://all" || !three.spool.off || one.spool.off || three.flow.uplinkLimit != 2_500_000 {
		t.Errorf("endpoints %q and %q, spools %v and %v, limit %d", one.store.endpoint, two.store.endpoint, one.spool.off, three.spool.off, three.flow.uplinkLimit)
	}
	if want := []string{"/a", "/s", "/c"}; !reflect.DeepEqual(c.files()[1:], want) {
		t.Errorf("files to watch are %q, want the file and %q", c.files(), want)
	}
}

// TestChannelProblems expects each problem in a line of its own, and nothing else.
func TestChannelProblems(t *testing.T) {
	t.Parallel()
	one, two := "- {dir: /hls/one, destination: s3://bucket/one}\n", "- {dir: /hls/two, destination: s3://bucket/two}\n"
	tests := []struct {
		name, file string
		env        map[string]string
		want       []string
	}{
		{"no list", "channels: /hls\n", nil, []string{"hlsship.yml:1: channels: expected a list", "hlsship.yml: dir is missing", "hlsship.yml: destination is missing"}},
		{"empty list", "channels: []\n", nil, []string{"hlsship.yml:1: channels: expected a list", "hlsship.yml: dir is missing", "hlsship.yml: destination is missing"}},
		{"list twice", "channels:\n" + one + "channels:\n" + two, nil, []string{"hlsship.yml:3: channels is set twice, first on line 1"}},
		{"entry of another kind", "channels:\n" + one + "- /hls\n", nil, []string{"hlsship.yml:3: expected lines of the form key: value"}},
		{"key unknown", "channels:\n- dir: /hls/one\n  destination: s3://bucket\n  wrokers: 4\n", nil,
			[]string{`hlsship.yml:4: no setting "wrokers"; did you mean "workers"?`}},
		{"list misspelled", "chanels:\n" + one, nil,
			[]string{`hlsship.yml:1: no setting "chanels"; did you mean "channels"?`, "hlsship.yml: dir is missing", "hlsship.yml: destination is missing"}},
		{"setting of the program", "channels:\n- {dir: /hls/one, destination: s3://bucket, log_level: debug}\n", nil,
			[]string{"hlsship.yml:2: log_level belongs to the whole program"}},
		{"list in the list", "channels:\n- {dir: /hls/one, destination: s3://bucket, channels: []}\n", nil, []string{`hlsship.yml:2: no setting "channels"`}},
		{"directory outside", "dir: /hls\nname: x\nchannels:\n" + one, nil,
			[]string{"hlsship.yml:1: dir: the file has a list of channels", "hlsship.yml:2: name: the file has a list of channels"}},
		{"directory in a variable", "channels:\n" + one, map[string]string{"HLSSHIP_DIR": "/hls"}, []string{"HLSSHIP_DIR: the file has a list of channels"}},
		{"directory and destination missing", "channels:\n" + one + "- name: two\n", nil,
			[]string{"hlsship.yml:3: dir is missing", "hlsship.yml:3: destination is missing"}},
		{"name twice", "channels:\n- {name: x, dir: /hls/one, destination: s3://bucket/one}\n- {name: x, dir: /hls/two, destination: s3://bucket/two}\n", nil,
			[]string{`hlsship.yml:3: a second channel with the name "x"; the first is at`}},
		{"name of a directory twice", "channels:\n- {dir: /a/hls, destination: s3://bucket/one}\n- {dir: /b/hls, destination: s3://bucket/two}\n", nil,
			[]string{`hlsship.yml:3: a second channel with the name "hls"`}},
		{"name impossible", "channels:\n- {name: a/b, dir: /hls/one, destination: s3://bucket/one}\n", nil, []string{`hlsship.yml:2: name: "a/b" cannot be a name`}},
		{"one directory", "channels:\n" + one + "- {name: two, dir: /hls/../hls/one/, destination: s3://bucket/two, spool_dir: /elsewhere}\n", nil,
			[]string{"hlsship.yml:3: the directory is that of another channel; that is at"}},
		{"directory in the other", "channels:\n" + one + "- {dir: /hls, destination: s3://bucket/two}\n", nil,
			[]string{"hlsship.yml:3: the directory and that of another channel lie in one another"}},
		{"directory in the other, in part excluded", "channels:\n- {dir: /hls/one/in, destination: s3://bucket/one}\n- {dir: /hls, exclude: [one/in/*], destination: s3://bucket/two}\n", nil,
			[]string{"hlsship.yml:3: the directory and that of another channel lie in one another"}},
		{"one spool", "channels:\n- {dir: /hls/one, destination: s3://bucket/one, spool_dir: /spool}\n- {dir: /hls/two, destination: s3://bucket/two, spool_dir: /spool/}\n", nil,
			[]string{"hlsship.yml:3: the spool folder is that of another channel"}},
		{"one destination", "channels:\n" + one + "- {dir: /hls/two, destination: s3://bucket/one/}\n", nil,
			[]string{"hlsship.yml:3: the destination s3://bucket/one overlaps"}},
		{"one destination below the other", "channels:\n" + one + "- {dir: /hls/two, destination: s3://bucket/one/more}\n- {dir: /hls/three, destination: s3://bucket/three}\n", nil,
			[]string{"hlsship.yml:3: the destination s3://bucket/one/more overlaps"}},
		{"a default that is wrong, once", "settle: soon\nchannels:\n" + one + two, nil, []string{`hlsship.yml:1: settle: "soon" is no time`}},
		{"half a pair of keys", "access_key_file: /a\nchannels:\n" + one, nil, []string{"hlsship.yml:1: access_key_file: secret_key_file is missing"}},
		{"two kinds of keys", "access_key_file: /a\nsecret_key_file: /s\nprofile: p\nchannels:\n" + one, nil, []string{"hlsship.yml:1: access_key_file: the keys are either"}},
		{"variable missing", "channels:\n- dir: /hls/one\n  destination: s3://${BUCKET}/one\n", nil,
			[]string{"hlsship.yml:3: destination: the variable BUCKET is not set", "hlsship.yml:2: destination is missing"}},
		{"placeholder unknown", "channels:\n- {dir: /hls/one, destination: 's3://bucket/{hots}'}\n", nil,
			[]string{`{hots} is no placeholder: there are {name}, {host} and {start:20060102T150405Z}; did you mean "host"?`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := loaded(t, tt.file, tt.env)
			if err == nil {
				t.Fatal("no problem found")
			}
			if lines := strings.Split(err.Error(), "\n"); len(lines) != len(tt.want) {
				t.Errorf("%d problems, want %d:\n%v", len(lines), len(tt.want), err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no problem says %q:\n%v", want, err)
				}
			}
		})
	}
}

// TestNeighbours accepts channels that look like contradictions and are none.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"names that begin alike":     "channels:\n- {dir: /hls/one, destination: s3://bucket/one}\n- {dir: /hls/one2, destination: s3://bucket/one2}\n",
		"another store":              "channels:\n- {dir: /hls/one, destination: s3://bucket/p}\n- {dir: /hls/two, destination: s3://bucket/p, endpoint: http://other}\n",
		"another bucket":             "channels:\n- {dir: /hls/one, destination: s3://bucket/p}\n- {dir: /hls/two, destination: s3://bucket2/p}\n",
		"inner directory excluded":   "channels:\n- {dir: /hls/one, destination: s3://bucket/one}\n- {dir: /hls, exclude: [one/**], destination: s3://bucket/two}\n",
		"no spool at either":         "spool_dir: 'off'\nchannels:\n- {dir: /hls/one, destination: s3://bucket/one}\n- {dir: /hls/two, destination: s3://bucket/two}\n",
		"prefixes differ by channel": "destination: s3://bucket/{host}/{name}\nchannels:\n- {dir: /hls/one}\n- {dir: /hls/two}\n",
		"a single one":               "channels:\n- {dir: /hls, destination: s3://bucket}\n",
	} {
		if _, err := loaded(t, file, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDirectoryThroughLink finds that two names are one directory.
func TestDirectoryThroughLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	_, err := loaded(t, "channels:\n- {dir: "+dir+"/real, destination: s3://bucket/one}\n- {dir: "+dir+"/link/below, destination: s3://bucket/two}\n", nil)
	if err == nil || !strings.Contains(err.Error(), "lie in one another") {
		t.Errorf("got %v, want a contradiction", err)
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	env := map[string]string{"A": "a", "EMPTY": "", "NEXT": "${A}", "_x1": "x"}
	for text, want := range map[string]string{
		"plain $A $ $$ } {": "plain $A $ $$ } {", "${A}": "a", "x${A}y${A}z": "xayaz", "${EMPTY}": "", "${EMPTY:-d}": "d", "${NONE:-}": "",
		"${NONE:-d e}": "d e", "${A:-d}": "a", "${NEXT}": "${A}", "$${A}": "${A}", "$${": "${", "${_x1}": "x", "${NONE:-a:-b}": "a:-b",
		"${NONE}": "!", "${A": "!", "${}": "!", "${1A}": "!", "${A-d}": "!", "${A B}": "!",
	} {
		got, err := expand(text, env)
		if want == "!" && err == nil || want != "!" && (err != nil || got != want) {
			t.Errorf("expand(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}

// TestExpandedAfterParsing puts into a variable what would be YAML.
func TestExpandedAfterParsing(t *testing.T) {
	t.Parallel()
	c, err := loaded(t, "dir: ${DIR}\ndestination: s3://bucket\ninclude: ['${GLOB}', b]\ncache_control: {key: '${NONE:-no-store}'}\n",
		map[string]string{"DIR": "/hls\nregion: mars", "GLOB": "a;b"})
	if err != nil {
		t.Fatal(err)
	}
	one := c.channels[0]
	if one.dir != "/hls\nregion: mars" || one.store.region != "us-east-1" || !reflect.DeepEqual(one.include, []string{"a;b", "b"}) || one.store.cacheControl["key"] != "no-store" {
		t.Errorf("got dir %q, region %q, include %q, cache %v", one.dir, one.store.region, one.include, one.store.cacheControl)
	}
}

// TestPerRun is about destinations in which names never come back.
func TestPerRun(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]bool{
		"live/{start}": true, "{start:2006-01-02T15-04-05}/{name}": true, "{start:2006/01/02}/{start:150405}": true,
		"live": false, "{host}/{name}": false, "{start:2006/01/02}": false, "{start:15h04}": false,
	} {
		c, err := loaded(t, "dir: /var/hls\ndestination: 's3://bucket/"+prefix+"'\n", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.channels[0].store.perRun(); got != want {
			t.Errorf("%q: got %v, want %v", prefix, got, want)
		}
	}
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{
		"live/{host}/{start:20060102T150405Z}": "live/box/20060102T150405Z", "{name}": "hls", "{start}/x": "20060102T150405Z/x", "a{name}b{name}": "ahlsbhls",
		"{start:2006/01/02}/{start:15}": "2006/01/02/15", "plain": "plain",
		"{start:}": "!", "{start:live}": "!", "{date}": "!", "{": "!", "}": "!", "a}b{name}": "!", "{name": "!", "{}": "!", "{name:x}": "!", "{host:x}": "!",
		"{start:2006//01}": "!", "{start:../2006}": "!",
	} {
		c, err := loaded(t, "dir: /var/hls\ndestination: 's3://bucket/"+prefix+"'\n", nil)
		if want == "!" {
			if err == nil {
				t.Errorf("%q was accepted", prefix)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", prefix, err)
			continue
		}
		if got := c.channels[0].store.at(c.started).prefix; got != want {
			t.Errorf("%q is %q, want %q", prefix, got, want)
		}
	}
}

// TestKeyFiles sets both keys from every source.
func TestKeyFiles(t *testing.T) {
	t.Parallel()
	want := s3.Credentials{AccessKeyFile: "/a", SecretKeyFile: "/s"}
	base := map[string]string{nameDir: "/hls", nameDestination: "s3://bucket"}
	line := map[string]string{nameDir: "/hls", nameDestination: "s3://bucket", nameAccessKey: "/a", nameSecretKey: "/s"}
	for name, s := range map[string]sources{
		"flags":     given(line, nil),
		"variables": given(base, map[string]string{"HLSSHIP_ACCESS_KEY_FILE": "/a", "HLSSHIP_SECRET_KEY_FILE": "/s"}),
		"file":      given(base, map[string]string{"HLSSHIP_CONFIG": configFile(t, "access_key_file: /a\nsecret_key_file: /s\n")}),
	} {
		c, err := load(s)
		if err != nil || c.channels[0].store.credentials != want {
			t.Errorf("%s: got %+v, %v", name, c, err)
		}
	}
}

// TestSites has every channel know its own files by their URLs, with the placeholders of its destination.
func TestSites(t *testing.T) {
	t.Parallel()
	c, err := loaded(t, `
destination: s3://bucket/live/{name}/{start:2006/01}
public_url: https://cdn.example.net/{host}/{name}/{start:150405}
channels:
- dir: /hls/one
- {name: second, dir: /hls/two, public_url: "https://CDN.example.net:443/other/"}
- {dir: /hls/three, public_url: ""}
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, uri := range []string{
		"https://cdn.example.net/box/one/150405/hi/s0.ts", "https://cdn.example.net/other/hi/s0.ts", "/live/three/2006/01/hi/s0.ts",
	} {
		for j, channel := range c.channels {
			path, target := channel.store.at(c.started).site().Resolve("live.m3u8", uri)
			if want := i == j; want != (path == "hi/s0.ts") || want != (target == hls.Local) {
				t.Errorf("for channel %d %s is %q, %v", j, uri, path, target)
			}
		}
	}
}
