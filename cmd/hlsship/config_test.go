package main

import (
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/s3"
)

// given makes sources of a command line by flag, and of variables.
func given(line, env map[string]string) sources {
	s := sources{line: map[string]raw{}, env: map[string]string{}}
	for name, value := range line {
		s.line[name] = raw{[]string{value}, "--" + name}
	}
	for name, value := range env {
		s.env[name] = value
	}
	return s
}

// configFile writes a configuration file and returns its path.
func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hlsship.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got, err := load(given(map[string]string{nameDir: "/hls", nameDestination: "s3://bucket/live/one/"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := config{httpListen: "127.0.0.1:9810", logLevel: slog.LevelInfo, channels: []channel{{
		dir: "/hls", settle: 2 * time.Second, rescan: 30 * time.Second,
		store: storeConfig{
			bucket: "bucket", prefix: "live/one", region: "us-east-1", addressing: s3.AddressingAuto, conditional: true, checksum: "auto",
			cacheControl: map[string]string{},
		},
		lists: listConfig{endDelay: 10 * time.Second, recordEnd: time.Minute},
		flow:  flowConfig{workers: 64, hedge: true, holdWarn: 10 * time.Second, drainTimeout: 20 * time.Second},
		spool: spoolConfig{age: 24 * time.Hour},
	}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("defaults are\n%+v, want\n%+v", got, want)
	}
}

// TestPrecedence sets max_lag in ever more sources; the strongest wins.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	file := configFile(t, "dir: /file\ndestination: s3://file\nmax_lag: 1m\nendpoint: http://file\n")
	tests := []struct {
		name      string
		line, env map[string]string
		lag       time.Duration
		endpoint  string
	}{
		{"file", nil, nil, time.Minute, "http://file"},
		{"variable over file", nil, map[string]string{"HLSSHIP_MAX_LAG": "2m"}, 2 * time.Minute, "http://file"},
		{"flag over variable", map[string]string{nameMaxLag: "3m"}, map[string]string{"HLSSHIP_MAX_LAG": "2m"}, 3 * time.Minute, "http://file"},
		{"empty variable", nil, map[string]string{"HLSSHIP_MAX_LAG": ""}, time.Minute, "http://file"},
		{"file over default", nil, map[string]string{"HLSSHIP_DEFAULT_MAX_LAG": "4m"}, time.Minute, "http://file"},
		{"variable over default", nil, map[string]string{"HLSSHIP_DEFAULT_MAX_LAG": "4m", "HLSSHIP_MAX_LAG": "2m"}, 2 * time.Minute, "http://file"},
		{"flag over default", map[string]string{nameMaxLag: "3m"}, map[string]string{"HLSSHIP_DEFAULT_MAX_LAG": "4m"}, 3 * time.Minute, "http://file"},
		{"AWS variable", nil, map[string]string{"AWS_ENDPOINT_URL": "http://aws"}, time.Minute, "http://aws"},
		{"nearer AWS variable", nil, map[string]string{"AWS_ENDPOINT_URL": "http://aws", "AWS_ENDPOINT_URL_S3": "http://s3"}, time.Minute, "http://s3"},
		{"own over AWS variable", nil, map[string]string{"AWS_ENDPOINT_URL_S3": "http://s3", "HLSSHIP_ENDPOINT": "http://own"}, time.Minute, "http://own"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := given(tt.line, tt.env)
			s.env["HLSSHIP_CONFIG"] = file
			whole, err := load(s)
			if err != nil {
				t.Fatal(err)
			}
			c := whole.channels[0]
			if c.flow.maxLag != tt.lag || c.store.endpoint != tt.endpoint {
				t.Errorf("lag %v and endpoint %q, want %v and %q", c.flow.maxLag, c.store.endpoint, tt.lag, tt.endpoint)
			}
			if c.dir != "/file" || c.store.bucket != "file" {
				t.Errorf("dir %q and bucket %q are not the file's", c.dir, c.store.bucket)
			}
		})
	}
}

// TestEverySettingFromEverySource sets each row to a value that is not its default.
func TestEverySettingFromEverySource(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		nameDir: "/other", nameDestination: "s3://other/p", nameEndpoint: "http://h:1", nameRegion: "eu-central-2", namePathStyle: "true",
		nameAddressing: "path", nameHeader: "x-amz-acl=public-read", nameSigned: "true", nameCAFile: "/ca.pem",
		nameConditional: "off", nameChecksum: "none", nameCacheControl: "key=no-store, private", nameSettle: "9s", nameRescan: "8s",
		namePlaylists: "continuous", nameGiveUpAfter: "3s", nameHoles: "gap", nameEndDelay: "4s", nameRecordEnd: "7s",
		nameInclude: "*.jpg", nameExclude: "tmp/**", nameWorkers: "3", nameMinInterval: "1s", nameMaxLag: "4s", nameHoldWarn: "5s",
		nameDrainTimeout: "6s", nameHTTPListen: "off", nameWebConfig: configFile(t, ""), nameLogLevel: "debug", nameLogFormat: "json",
		nameName: "one", namePublicURL: "https://cdn.example.net/live", nameCredentials: "/keys", nameProfile: "p", nameRoleARN: "arn:aws:iam::1:role/r",
		nameMemory: "100MiB", nameSpoolDir: "/spool", nameSpoolBudget: "5 GB", nameSpoolAge: "1h", nameUplinkLimit: "20Mbit/s", nameHedge: "off", nameLogFiles: "false",
	}
	base := map[string]string{nameDir: "/hls", nameDestination: "s3://bucket"}
	before, err := load(given(base, nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range settings() {
		if !row.inFile() || slices.Contains([]string{nameAccessKey, nameSecretKey, nameClientCert, nameClientKey, nameExternalID, nameRecord}, row.name) {
			continue // which go with others: TestKeyFiles, TestStoreSettings, TestProfile, TestRecord
		}
		value, ok := values[row.name]
		if !ok {
			t.Errorf("%s: no value to test with", row.name)
			continue
		}
		line := map[string]string{nameDir: "/hls", nameDestination: "s3://bucket"}
		line[row.name] = value
		others := map[string]string{nameDir: "/hls", nameDestination: "s3://bucket"}
		delete(others, row.name)
		env := given(others, map[string]string{row.env(): value})
		file := given(others, map[string]string{"HLSSHIP_CONFIG": configFile(t, row.key()+": '"+value+"'\n")})
		preset := given(others, map[string]string{row.envDefault(): value})
		var first config
		for i, s := range []sources{given(line, nil), env, file, preset} {
			c, err := load(s)
			if err != nil {
				t.Errorf("%s, source %d: %v", row.name, i, err)
				continue
			}
			c.path, c.deprecated = "", nil // which tell where it stands
			if reflect.DeepEqual(c, before) {
				t.Errorf("%s, source %d: %q changes nothing", row.name, i, value)
			}
			if i == 0 {
				first = c
			} else if !reflect.DeepEqual(c, first) {
				t.Errorf("%s, source %d: %+v differs from the flag's %+v", row.name, i, c, first)
			}
		}
	}
}

// TestDefaultOfTheImage has an image change where the port is, and operators say something else.
func TestDefaultOfTheImage(t *testing.T) {
	t.Parallel()
	const image = "HLSSHIP_DEFAULT_HTTP_LISTEN"
	for _, tt := range []struct {
		name, file string
		line, env  map[string]string
		want       string
	}{
		{"image", "", nil, nil, ":9810"},
		{"off in the file", "http_listen: 'off'\n", nil, nil, ""},
		{"loopback in the file", "http_listen: 127.0.0.1:9810\n", nil, nil, "127.0.0.1:9810"},
		{"null in the file", "http_listen: null\n", nil, nil, ":9810"},
		{"variable", "http_listen: 'off'\n", nil, map[string]string{"HLSSHIP_HTTP_LISTEN": "10.0.0.1:1"}, "10.0.0.1:1"},
		{"flag", "http_listen: 'off'\n", map[string]string{nameHTTPListen: "10.0.0.2:1"}, map[string]string{"HLSSHIP_HTTP_LISTEN": "10.0.0.1:1"}, "10.0.0.2:1"},
		{"no default", "", nil, map[string]string{image: ""}, "127.0.0.1:9810"},
	} {
		s := given(tt.line, map[string]string{image: ":9810"})
		maps.Copy(s.env, tt.env)
		s.env["HLSSHIP_CONFIG"] = configFile(t, "dir: /hls\ndestination: s3://bucket\n"+tt.file)
		if c, err := load(s); err != nil || c.httpListen != tt.want {
			t.Errorf("%s: it listens on %q, %v; want %q", tt.name, c.httpListen, err, tt.want)
		}
	}
}

// TestOverrides finds the variables that win over the file, and no others.
func TestOverrides(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file string
		line, env  map[string]string
		want       []string
	}{
		{"own variable", "http_listen: 'off'\n", nil, map[string]string{"HLSSHIP_HTTP_LISTEN": ":1"}, []string{"HLSSHIP_HTTP_LISTEN over hlsship.yml:3: http_listen"}},
		{"variable of AWS", "settle: 1s\nregion: eu-west-1\n", nil, map[string]string{"AWS_REGION": "eu-west-2"}, []string{"AWS_REGION over hlsship.yml:4: region"}},
		{"list", "include: [a, b]\n", nil, map[string]string{"HLSSHIP_INCLUDE": "a"}, []string{"HLSSHIP_INCLUDE over hlsship.yml:3: include"}},
		{"two of them", "settle: 1s\nrescan: 1s\n", nil, map[string]string{"HLSSHIP_SETTLE": "2s", "HLSSHIP_RESCAN": "2s"},
			[]string{"HLSSHIP_SETTLE over hlsship.yml:3: settle", "HLSSHIP_RESCAN over hlsship.yml:4: rescan"}},
		{"same text", "http_listen: 'off'\n", nil, map[string]string{"HLSSHIP_HTTP_LISTEN": "off"}, nil},
		{"not in the file", "", nil, map[string]string{"HLSSHIP_HTTP_LISTEN": "off"}, nil},
		{"default", "http_listen: 'off'\n", nil, map[string]string{"HLSSHIP_DEFAULT_HTTP_LISTEN": ":1"}, nil},
		{"flag over both", "http_listen: 'off'\n", map[string]string{nameHTTPListen: ":2"}, map[string]string{"HLSSHIP_HTTP_LISTEN": ":1"}, nil},
	} {
		s := given(tt.line, tt.env)
		s.env["HLSSHIP_CONFIG"] = configFile(t, "dir: /hls\ndestination: s3://bucket\n"+tt.file)
		c, err := load(s)
		var got []string
		for _, o := range c.overridden {
			got = append(got, o.variable+" over "+strings.TrimPrefix(o.file, filepath.Dir(s.env["HLSSHIP_CONFIG"])+"/"))
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	want := map[string]string{"segment": "public, max-age=60", "playlist": "max-age=1"}
	texts := map[string]string{
		"mapping": "cache_control:\n  segment: public, max-age=60\n  playlist: max-age=1\ninclude: [a, b]\n",
		"list":    "cache_control:\n- segment=public, max-age=60\n- playlist=max-age=1\ninclude: [a, b]\n",
		"alias":   "cache_control: {segment: &x 'public, max-age=60', playlist: max-age=1}\ninclude: [a, b]\n",
	}
	all := map[string]sources{
		"variable": given(nil, map[string]string{
			"HLSSHIP_CACHE_CONTROL": "segment=public, max-age=60; playlist=max-age=1", "HLSSHIP_INCLUDE": "a;b",
		}),
	}
	for name, text := range texts {
		all[name] = given(nil, map[string]string{"HLSSHIP_CONFIG": configFile(t, text)})
	}
	for name, s := range all {
		s.line[nameDir], s.line[nameDestination] = raw{[]string{"/hls"}, "DIR"}, raw{[]string{"s3://bucket"}, "destination"}
		whole, err := load(s)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c := whole.channels[0]
		if !reflect.DeepEqual(c.store.cacheControl, want) || !reflect.DeepEqual(c.include, []string{"a", "b"}) {
			t.Errorf("%s: got %v and %v", name, c.store.cacheControl, c.include)
		}
	}
}

// TestProblems expects each problem in its own line, and nothing else.
func TestProblems(t *testing.T) {
	t.Parallel()
	good := "dir: /hls\ndestination: s3://bucket\n"
	tests := []struct {
		name string
		file string
		line map[string]string
		env  map[string]string
		want []string
	}{
		{name: "nothing given", want: []string{"DIR is missing", "the destination is missing"}},
		{name: "unknown key with suggestion", file: good + "wrokers: 4\n", want: []string{`hlsship.yml:3: no setting "wrokers"; did you mean "workers"?`}},
		{name: "flag's spelling", file: good + "max-lag: 4s\n", want: []string{`hlsship.yml:3: no setting "max-lag"; did you mean "max_lag"?`}},
		{name: "unknown key without suggestion", file: good + "telephone: 4\n", want: []string{`hlsship.yml:3: no setting "telephone"`}},
		{name: "config in the file", file: good + "config: x\n", want: []string{`hlsship.yml:3: no setting "config"`}},
		{name: "key twice", file: good + "region: a\nregion: b\n", want: []string{"hlsship.yml:4: region is set twice, first on line 3"}},
		{name: "list for a value", file: good + "region: [a, b]\n", want: []string{"hlsship.yml:3: region: expected a single value"}},
		{name: "mapping in a list", file: good + "include:\n- {a: b}\n", want: []string{"hlsship.yml:3: include: line 4: expected a text"}},
		{name: "no mapping at all", file: "- dir\n", want: []string{"hlsship.yml:1: expected lines"}},
		{name: "nothing in the file", file: "workers: 3\n", want: []string{"hlsship.yml: dir is missing", "hlsship.yml: destination is missing"}},
		{name: "no YAML", file: "dir: [\n", want: []string{"hlsship.yml: line"}},
		{name: "misspelled variable", file: good, env: map[string]string{"HLSSHIP_ENDPONT": "x", "HLSSHIP_SERVICE_HOST": "10.0.0.1", "HLSSHIP_PORT": "tcp://10.0.0.1:1"},
			want: []string{"HLSSHIP_ENDPONT: no such variable; did you mean HLSSHIP_ENDPOINT?"}},
		{name: "misspelled default", file: good, env: map[string]string{"HLSSHIP_DEFAULT_HTTP_LISTN": ":1", "HLSSHIP_DEFAULT_SERVICE_HOST": "10.0.0.1"},
			want: []string{"HLSSHIP_DEFAULT_HTTP_LISTN: no such variable; did you mean HLSSHIP_DEFAULT_HTTP_LISTEN?"}},
		{name: "web configuration missing", file: good + "web_config: /none/web.yml\n", want: []string{"hlsship.yml:3: web_config: open /none/web.yml: no such file"}},
		{name: "little memory", file: good + "memory_budget: 1MiB\n", want: []string{"hlsship.yml:3: memory_budget: less than 24 MiB"}},
		{name: "all sources at once", file: good + "settle: soon\nwrokers: 1\n",
			line: map[string]string{nameWorkers: "0", nameChecksum: "md6"}, env: map[string]string{"HLSSHIP_RESCAN": "-1s", "HLSSHIP_PATH_STYLE": "perhaps"},
			want: []string{
				`hlsship.yml:4: no setting "wrokers"`, `hlsship.yml:3: settle: "soon" is no time`, `--workers: "0" is no number`,
				`--checksum: "md6" is none of auto, md5, crc32c, none; did you mean "md5"?`, "HLSSHIP_RESCAN: -1s is negative",
				`HLSSHIP_PATH_STYLE: "perhaps" is neither`,
			}},
		{name: "uplink of no size", file: good, line: map[string]string{nameUplinkLimit: "0Mbit/s"}, want: []string{"--uplink-limit: 0Mbit/s is not from 0.1Mbit/s"}},
		{name: "zero where it makes no sense", file: good, line: map[string]string{nameDrainTimeout: "0s"}, want: []string{"--drain-timeout: must be more than 0"}},
		{name: "destination of another kind", line: map[string]string{nameDir: "/hls", nameDestination: "https://x/y"}, want: []string{"must begin with s3://"}},
		{name: "bucket impossible", line: map[string]string{nameDir: "/hls", nameDestination: "s3://a b"}, want: []string{`"a b" cannot be a bucket`}},
		{name: "prefix climbs", line: map[string]string{nameDir: "/hls", nameDestination: "s3://bucket/a/../b"}, want: []string{"the prefix must be"}},
		{name: "prefix with empty part", line: map[string]string{nameDir: "/hls", nameDestination: "s3://bucket//b"}, want: []string{"the prefix must be"}},
		{name: "public URL without a scheme", file: good, line: map[string]string{namePublicURL: "cdn.example.net/live"}, want: []string{"--public-url: no URL: write https://HOST/PATH/"}},
		{name: "public URL with a secret", file: good + "public_url: https://me:secret@cdn.example.net/\n", want: []string{"hlsship.yml:3: public_url: no credentials in a URL that players know"}},
		{name: "public URL with a query", file: good, env: map[string]string{"HLSSHIP_PUBLIC_URL": "https://cdn.example.net/?a"}, want: []string{"HLSSHIP_PUBLIC_URL: a URL of files has neither query"}},
		{name: "public URL with another placeholder", file: good, line: map[string]string{namePublicURL: "https://cdn.example.net/{nme}"}, want: []string{"--public-url: {nme} is no placeholder"}},
		{name: "one public URL for two", file: "destination: s3://bucket/{name}\npublic_url: https://cdn.example.net/live/\nchannels: [{dir: /a}, {dir: /b}]\n", want: []string{"the public URL is that of another channel"}},
		{name: "endpoint with a query", file: good, line: map[string]string{nameEndpoint: "http://h/?x=1"}, want: []string{"--endpoint: the endpoint must be without a query"}},
		{name: "endpoint of another scheme", file: good, line: map[string]string{nameEndpoint: "ftp://h"}, want: []string{"--endpoint: the endpoint is no URL"}},
		{name: "address without port", file: good, line: map[string]string{nameHTTPListen: "localhost"}, want: []string{`--http-listen: "localhost" is no address`}},
		{name: "glob malformed", file: good, line: map[string]string{nameInclude: "[a"}, want: []string{`--include: glob "[a" is malformed`}},
		{name: "cache kind unknown", file: good + "cache_control: {segmnet: x}\n", want: []string{`hlsship.yml:3: cache_control: "segmnet" is none of`}},
		{name: "cache value splits the header", file: good + "cache_control: {segment: \"a\\r\\nb\"}\n", want: []string{"the value of segment is no header value"}},
		{name: "cache without kind", file: good, line: map[string]string{nameCacheControl: "max-age=1"}, want: []string{`--cache-control: "max-age" is none of`}},
		{name: "directory is a file", file: "destination: s3://bucket\n", line: map[string]string{nameDir: "config_test.go"}, want: []string{"--dir: config_test.go is no directory"}},
		{name: "no such file", line: map[string]string{nameConfig: "/nonexistent/x.yml", nameDir: "/hls", nameDestination: "s3://bucket"}, want: []string{"read configuration: open /nonexistent/x.yml"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := given(tt.line, tt.env)
			if tt.file != "" {
				s.env["HLSSHIP_CONFIG"] = configFile(t, tt.file)
			}
			_, err := load(s)
			if err == nil {
				t.Fatal("no problem found")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
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

// TestRates: one notation, and the rest is refused with that notation.
func TestRates(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int64{
		"off": 0, "20Mbit/s": 2_500_000, "2.5 Mbit/s": 312_500, "0.1Mbit/s": 12_500, "1000Mbit/s": 125_000_000,
		"": -1, "20": -1, "20Mbps": -1, "20mbit/s": -1, "20Mb/s": -1, "20MB/s": -1, "2.5MB/s": -1, "2,5Mbit/s": -1, "-1Mbit/s": -1, "1e2Mbit/s": -1,
		"Mbit/s": -1, "infMbit/s": -1, "NaNMbit/s": -1, "0x10Mbit/s": -1, "0.09Mbit/s": -1, "100001Mbit/s": -1, "none": -1,
	} {
		r := &reader{sources: given(map[string]string{nameUplinkLimit: value}, nil), rows: map[string]setting{nameUplinkLimit: {name: nameUplinkLimit}}}
		got := r.rate(nameUplinkLimit)
		if want < 0 && (len(r.problems) != 1 || !strings.Contains(r.problems[0].Error(), "Mbit/s")) {
			t.Errorf("%q gives %d and %v, want one problem that shows the notation", value, got, r.problems)
		}
		if want >= 0 && (got != want || len(r.problems) != 0) {
			t.Errorf("%q gives %d and %v, want %d", value, got, r.problems, want)
		}
	}
}

// TestProblemsHideSecrets puts a password where people put passwords.
func TestProblemsHideSecrets(t *testing.T) {
	t.Parallel()
	const secret = "hunter2secret"
	for name, line := range map[string]map[string]string{
		"destination": {nameDir: "/hls", nameDestination: "s3://key:" + secret + "@bucket/x"},
		"endpoint":    {nameDir: "/hls", nameDestination: "s3://bucket", nameEndpoint: "https://key:" + secret + "@host"},
		"bad URL":     {nameDir: "/hls", nameDestination: "s3://bucket", nameEndpoint: "https://key:" + secret + "@ho st"},
		"elsewhere":   {nameDir: "/hls", nameDestination: "s3://bucket", nameHTTPListen: "key:" + secret + "@host"},
	} {
		_, err := load(given(line, nil))
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the problem repeats the secret: %v", name, err)
		}
	}
	_, problems := parseFile("x.yml", []byte("secret_access_key: "+secret+"\n"), nil)
	if len(problems) != 1 || strings.Contains(problems[0].Error(), secret) {
		t.Errorf("an unknown key gives %v", problems)
	}
}

func FuzzParseFile(fuzz *testing.F) {
	fuzz.Add([]byte("dir: /hls\ndestination: s3://bucket\ncache_control: {segment: x}\n"))
	fuzz.Add([]byte("a: &a [*a]\n"))
	fuzz.Add([]byte("channels: &c\n- &d {dir: '${A}', include: ['${B:-b}', '$${']}\n- *d\n- *c\n"))
	fuzz.Add([]byte("include: &x [a]\nexclude: *x\n<<: {dir: b}\n"))
	fuzz.Fuzz(func(t *testing.T, data []byte) {
		f, problems := parseFile("x.yml", data, map[string]string{"A": "a"})
		values := f.values
		for _, e := range f.channels {
			if e.origin == "" || e.values == nil {
				t.Error("a channel has no line or no values")
			}
		}
		for name := range values {
			if len(values[name].values) > len(data) {
				t.Errorf("%s grew to %d values", name, len(values[name].values))
			}
		}
		for _, p := range problems {
			if p.Error() == "" {
				t.Error("a problem says nothing")
			}
		}
	})
}

func TestGlobs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		glob, path string
		want       bool
	}{
		{"*.jpg", "a.jpg", true},
		{"*.jpg", "thumbs/deep/a.jpg", true},
		{"*.jpg", "a.png", false},
		{"thumbs/*.jpg", "thumbs/a.jpg", true},
		{"thumbs/*.jpg", "thumbs/deep/a.jpg", false},
		{"thumbs/**", "thumbs/deep/a.jpg", true},
		{"thumbs/**/*.jpg", "thumbs/a.jpg", true},
		{"**/a.jpg", "a.jpg", true},
		{"**/x/*.ts", "a/b/x/1.ts", true},
		{"**/x/*.ts", "a/b/y/1.ts", false},
		{"/top.ts", "top.ts", true},
		{"/top.ts", "sub/top.ts", false},
		{"seg[0-3].ts", "seg2.ts", true},
		{"*.{jpg,png}", "thumbs/a.png", true},
		{"*.{jpg,png}", "thumbs/a.gif", false},
		{"**/{x,y}/*.ts", "a/b/y/1.ts", true},
		{strings.Repeat("**/a*", 20) + "/b.ts", strings.Repeat("aaaaaaa/", 60) + "c.ts", false}, // in no time
	}
	for _, tt := range tests {
		if err := checkGlob(tt.glob); err != nil {
			t.Errorf("checkGlob(%q): %v", tt.glob, err)
		}
		if got := matcher([]string{"never", tt.glob})(tt.path); got != tt.want {
			t.Errorf("%q matches %q: %v, want %v", tt.glob, tt.path, got, tt.want)
		}
	}
	if matcher(nil) != nil {
		t.Error("no globs must mean no function")
	}
	if checkGlob("") == nil || checkGlob("a/[") == nil || checkGlob("*.{ts") == nil {
		t.Error("a malformed glob was accepted")
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"workers", "region", "dir"}
	for word, want := range map[string]string{"wrokers": "workers", "worker": "workers", "regoin": "region", "telephone": "", "dri": "dir", "x": ""} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
