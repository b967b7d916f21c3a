package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/hlsship/hlsship/uploader/headers"
)

// kind is how a setting's value is written.
type kind uint8

const (
	text     kind = iota // any text
	duration             // Go's notation: 500ms, 2s, 1m
	count                // a positive whole number
	size                 // bytes, with or without a unit
	rate                 // megabits a second: 20Mbit/s; or off
	truth                // true or false
	choice               // one of setting.choices
	list                 // several texts
	pairs                // several KEY=VALUE, with keys from setting.choices unless there are none
)

// setting is one row of the table: a flag, an environment variable and a key of the configuration file
// that mean the same. A further variable changes the default, for images that know better than the program.
type setting struct {
	// name is the flag's. The variable is HLSSHIP_NAME, that of the default HLSSHIP_DEFAULT_NAME, the key is the name with
	// underscores.
	name string
	// kind says how the value is written, value how the help calls it.
	kind  kind
	value string
	// def is the default, as it would be written; empty means none.
	def string
	// usage is one sentence without its full stop.
	usage string
	// choices are the allowed values (choice) or keys (pairs).
	choices []string
	// also are further variables, read after the setting's own.
	also []string
	// group is the heading in the help.
	group string
	// argument marks what is given by position instead of a flag.
	argument bool
}

// The names of the settings.
const (
	nameDir          = "dir"
	nameDestination  = "destination"
	nameName         = "name"
	nameEndpoint     = "endpoint"
	nameRegion       = "region"
	nameAddressing   = "addressing"
	namePathStyle    = "path-style"
	nameConditional  = "conditional"
	nameChecksum     = "checksum"
	nameCacheControl = "cache-control"
	nameHeader       = "header"
	nameSigned       = "signed-payload"
	nameCAFile       = "ca-file"
	nameClientCert   = "client-cert-file"
	nameClientKey    = "client-key-file"
	nameAccessKey    = "access-key-file"
	nameSecretKey    = "secret-key-file"
	nameCredentials  = "credentials-file"
	nameProfile      = "profile"
	nameRoleARN      = "role-arn"
	nameExternalID   = "external-id"
	namePublicURL    = "public-url"
	nameSettle       = "settle"
	nameRescan       = "rescan"
	nameInclude      = "include"
	nameExclude      = "exclude"
	nameSpoolDir     = "spool-dir"
	nameSpoolBudget  = "spool-budget"
	nameSpoolAge     = "spool-age"
	namePlaylists    = "playlists"
	nameGiveUpAfter  = "give-up-after"
	nameHoles        = "holes"
	nameEndDelay     = "end-delay"
	nameRecord       = "record"
	nameRecordEnd    = "record-end"
	nameWorkers      = "workers"
	nameUplinkLimit  = "uplink-limit"
	nameHedge        = "hedge"
	nameMinInterval  = "min-interval"
	nameMaxLag       = "max-lag"
	nameHoldWarn     = "hold-warn"
	nameDrainTimeout = "drain-timeout"
	nameHTTPListen   = "http-listen"
	nameWebConfig    = "web-config"
	nameMemory       = "memory-budget"
	nameLogLevel     = "log-level"
	nameLogFormat    = "log-format"
	nameLogFiles     = "log-files"
	nameConfig       = "config"
)

// settings returns the table: flags, variables, keys, defaults, help and the reference in docs/settings.md
// all come from it.
func settings() []setting {
	places := []setting{
		{name: nameDir, value: "DIR", usage: "directory that the packager writes to", argument: true},
		{name: nameDestination, value: "s3://BUCKET[/PREFIX]", argument: true,
			usage: "bucket, and the prefix of every key; {name}, {host} and {start:20060102T150405Z} in it are replaced"},
	}
	return slices.Concat(places, settingsOfStore(), settingsOfShipping())
}

// settingsOfStore are those of the store.
func settingsOfStore() []setting {
	const store = "Store"
	return []setting{
		{group: store, name: nameEndpoint, value: "URL", usage: "URL of the store, unless it is Amazon S3; used as it is, including a path",
			also: []string{"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}},
		{group: store, name: nameRegion, value: "NAME", usage: "region of the bucket; by default the one in an endpoint of Amazon's, else us-east-1",
			also: []string{"AWS_REGION", "AWS_DEFAULT_REGION"}},
		{group: store, name: nameAddressing, kind: choice, choices: []string{"auto", "path", "virtual"}, value: "WHERE", def: "auto",
			usage: "where requests name the bucket: in the path, or in the host (virtual); \"auto\" is virtual for the large clouds and path for all others"},
		{group: store, name: namePathStyle, kind: truth, def: "false", usage: "deprecated: the same as --addressing path"},
		{group: store, name: nameConditional, kind: choice, choices: []string{"auto", "off"}, value: "MODE", def: "auto",
			usage: "publish playlists with conditional PUTs where the store knows them"},
		{group: store, name: nameChecksum, kind: choice, choices: []string{"auto", "md5", "crc32c", "none"}, value: "SUM", def: "auto",
			usage: "checksum by which the store verifies an upload; auto is crc32c, which costs less, where the store was seen to verify it, else md5"},
		{group: store, name: nameSigned, kind: truth, def: "false",
			usage: "have the signature of an upload cover its bytes, for policies that deny UNSIGNED-PAYLOAD"},
		{group: store, name: nameCacheControl, kind: pairs, choices: headers.Kinds(), value: "KIND=VALUE",
			usage: "Cache-Control header for a kind of file; KIND is one of " + strings.Join(headers.Kinds(), ", ")},
		{group: store, name: nameHeader, kind: pairs, value: "[KIND:]NAME=VALUE",
			usage: "header to send with every object, or with those of a kind, such as x-amz-acl=public-read or key:x-amz-storage-class=STANDARD"},
		{group: store, name: nameCAFile, value: "FILE", also: []string{"AWS_CA_BUNDLE"},
			usage: "authorities, in PEM, that are trusted instead of the system's; reread when it changes, like the next two"},
		{group: store, name: nameClientCert, value: "FILE", usage: "certificate, in PEM, that is shown to a store that asks for one; with --client-key-file"},
		{group: store, name: nameClientKey, value: "FILE", usage: "key, in PEM, of that certificate"},
		{group: store, name: nameAccessKey, value: "FILE", usage: "file that holds nothing but the access key; with --secret-key-file"},
		{group: store, name: nameSecretKey, value: "FILE", usage: "file that holds nothing but the secret key"},
		{group: store, name: nameCredentials, value: "FILE", usage: "shared credentials file, used instead of all other sources; it may contain everything that ~/.aws/config may"},
		{group: store, name: nameProfile, value: "NAME", usage: "profile of the shared files of the AWS tools; its region and endpoint_url count too"},
		{group: store, name: nameRoleARN, value: "ARN", usage: "role to assume with the keys that were found, such as one of a partner's account"},
		{group: store, name: nameExternalID, value: "ID", usage: "external ID that the role's trust policy asks for; with --role-arn"},
	}
}

// settingsOfShipping are those of what is shipped, how and when.
func settingsOfShipping() []setting {
	const files, lists, spool, flow, process = "Files", "Playlists", "Spool", "Flow", groupProcess
	return []setting{
		{group: files, name: nameName, value: "NAME",
			usage: "channel name, used in the log, in {name} and as the metric label \"channel\"; without it there is no label and {name} is the last part of DIR"},
		{group: files, name: namePublicURL, value: "URL",
			usage: "URL at which players find the files of DIR, such as https://cdn.example.net/live/, with the destination's placeholders; what playlists name below it are files of DIR; without it these are the paths that begin with the destination's prefix"},
		{group: files, name: nameSettle, kind: duration, value: "TIME", def: "2s",
			usage: "how long a file must be quiet to count as finished where the kernel cannot tell"},
		{group: files, name: nameRescan, kind: duration, value: "TIME", def: "30s",
			usage: "time between scans of the directory, which find what no event reported"},
		{group: files, name: nameInclude, kind: list, value: "GLOB", usage: "ship matching files even if no playlist names them"},
		{group: files, name: nameExclude, kind: list, value: "GLOB", usage: "never look at matching files"},

		{group: lists, name: namePlaylists, kind: choice, choices: []string{"exact", "continuous"}, value: "MODE", def: "exact",
			usage: "publish each playlist byte for byte, or as one that goes on for ever: numbers never fall when the packager restarts, and media stand in a folder for each of its runs"},
		{group: lists, name: nameGiveUpAfter, kind: duration, value: "TIME", def: "auto",
			usage: "how long a continuous playlist waits for a segment that is not there before it goes on without it; \"auto\" is two target durations"},
		{group: lists, name: nameHoles, kind: choice, choices: []string{"skip", "gap"}, value: "MODE", def: "skip",
			usage: "leave such a segment out of a continuous playlist, or mark it with EXT-X-GAP, which few players but Apple's survive"},
		{group: lists, name: nameEndDelay, kind: duration, value: "TIME", def: "10s",
			usage: "how long EXT-X-ENDLIST, after which no player goes on, waits for the packager to come back; 0s publishes it at once"},
		{group: lists, name: nameRecord, kind: truth, def: "false",
			usage: "keep each run of the packager as a recording: its folder gets playlists that play it from first to last once it is over; needs --playlists continuous"},
		{group: lists, name: nameRecordEnd, kind: duration, value: "TIME", def: "60s",
			usage: "how long a packager is silent until its recording is closed; should it go on, the recording becomes longer"},

		{group: spool, name: nameSpoolDir, value: "DIR", def: ".hlsship",
			usage: "where finished files are kept until they are stored, absolute or below the watched directory; on another file system those that wait for more than a second are copied; \"off\" holds open files only, which a kill loses"},
		{group: spool, name: nameSpoolBudget, kind: size, value: "SIZE", def: "auto",
			usage: "size of what may wait for the store; beyond it the oldest files wait in the directory alone, and are lost if they are deleted there; \"auto\" is half of what is free where the spool lies, at most 20GiB"},
		{group: spool, name: nameSpoolAge, kind: duration, value: "TIME", def: "24h",
			usage: "how long a file may wait for the store before it waits in the directory alone, and is lost if it is deleted there; 0 for ever"},

		{group: flow, name: nameWorkers, kind: count, value: "N", def: "64", usage: "requests of all kinds to the store at once, at least 3"},
		{group: flow, name: nameUplinkLimit, kind: rate, value: "RATE", def: "off",
			usage: "bandwidth that uploads may take, in megabits a second, such as 20Mbit/s; playlists and the live edge go before backlog"},
		{group: flow, name: nameHedge, kind: choice, choices: []string{"auto", "off"}, value: "MODE", def: "auto",
			usage: "send an upload a second time if the store is unusually slow to answer, where that is harmless; at most 3 of 100"},
		{group: flow, name: nameMinInterval, kind: duration, value: "TIME", def: "0s",
			usage: "minimum interval between two versions of one playlist; some stores allow one write a second"},
		{group: flow, name: nameMaxLag, kind: duration, value: "TIME", def: "auto",
			usage: "lag beyond which a slow uplink skips to the live edge and ships the rest afterwards; \"auto\" is four target durations of the playlist, at least 6s"},
		{group: flow, name: nameHoldWarn, kind: duration, value: "TIME", def: "10s",
			usage: "how long a playlist may wait for a file, or streams may be behind, before the log says so"},
		{group: flow, name: nameDrainTimeout, kind: duration, value: "TIME", def: "20s",
			usage: "time to ship the rest after the first SIGTERM or SIGINT"},

		{group: process, name: nameHTTPListen, value: "ADDRESS", def: "127.0.0.1:9810",
			usage: "address of /metrics, /healthz, /readyz and the status page; \"off\" for none"},
		{group: process, name: nameWebConfig, value: "FILE",
			usage: "web configuration file of Prometheus' exporters, for TLS and passwords on that address; a change takes effect at once"},
		{group: process, name: nameMemory, kind: size, value: "SIZE", def: "auto",
			usage: "memory that playlists of all channels may take; beyond it the largest wait; \"auto\" is 25 % of GOMEMLIMIT, else 19 % of the limit of the control group, else 192MiB"},
		{group: process, name: nameLogLevel, kind: choice, choices: []string{"debug", "info", "warn", "error"}, value: "LEVEL", def: "info",
			usage: "minimum log level"},
		{group: process, name: nameLogFormat, kind: choice, choices: []string{"text", "json"}, value: "FORMAT", def: "text", usage: "how the log is written to standard error"},
		{group: process, name: nameLogFiles, kind: truth, def: "true", usage: "log a line for each file that is stored and each playlist that is published; --log-files=false spares them and keeps all else"},
		{group: process, name: nameConfig, value: "FILE", usage: "configuration file in YAML"},
	}
}

// env is the setting's own variable.
func (s setting) env() string { return envPrefix + strings.ToUpper(s.key()) }

// envDefault is the variable of the setting's default. It yields to all other sources.
func (s setting) envDefault() string { return envPrefix + "DEFAULT_" + strings.ToUpper(s.key()) }

// key is the setting's key in the configuration file.
func (s setting) key() string { return strings.ReplaceAll(s.name, "-", "_") }

// repeats says whether the flag may be given several times.
func (s setting) repeats() bool { return s.kind == list || s.kind == pairs }

// ofChannel says whether each channel has its own. What is set for all of them is their default.
func (s setting) ofChannel() bool { return s.group != groupProcess }

// unshared says whether it can be no default, as every channel needs another one.
func (s setting) unshared() bool { return s.name == nameDir || s.name == nameName }

// inFile says whether the configuration file may set it.
func (s setting) inFile() bool { return s.name != nameConfig }

// groupProcess is the group of what channels have in common.
const groupProcess = "Process"

// envPrefix begins every variable of our own.
const envPrefix = "HLSSHIP_"

// commandFlags makes flags of the rows. Values stay text here: load judges those of all sources alike.
func commandFlags(rows []setting) []cli.Flag {
	var flags []cli.Flag
	for _, s := range rows {
		switch {
		case s.argument:
		case s.kind == truth:
			flags = append(flags, &cli.BoolFlag{Name: s.name, Usage: s.usage})
		case s.repeats():
			flags = append(flags, &cli.StringSliceFlag{Name: s.name, Usage: s.usage})
		default:
			flags = append(flags, &cli.StringFlag{Name: s.name, Usage: s.usage})
		}
	}
	return flags
}

// flagsFirst moves the flags of a command, whose own name ends at args[begin], before its arguments, so that "run DIR s3://BUCKET
// --endpoint URL" means what it says. Everything after "--" is an argument.
func flagsFirst(args []string, begin int, known []cli.Flag) []string {
	takesValue := func(flag string) bool {
		name := strings.TrimLeft(flag, "-")
		i := slices.IndexFunc(known, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
		if i < 0 {
			return false
		}
		described, ok := known[i].(cli.DocGenerationFlag)
		return ok && described.TakesValue()
	}
	flags, rest := slices.Clone(args[:begin]), []string(nil)
	for i := begin; i < len(args); i++ {
		switch a := args[i]; {
		case a == "--":
			return append(append(append(flags, "--"), rest...), args[i+1:]...)
		case len(a) > 1 && a[0] == '-':
			flags = append(flags, a)
			if !takesValue(a) {
				continue
			}
			if i++; i == len(args) {
				return flags // the library says that its value is missing
			}
			flags = append(flags, args[i])
		default:
			rest = append(rest, a)
		}
	}
	return append(append(flags, "--"), rest...)
}
