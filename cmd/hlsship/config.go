package main

import (
	"errors"
	"log/slog"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/uploader/spool"
)

// config is all settings of run, understood and checked. It holds no secret.
type config struct {
	// channels are not empty. Their names and destinations differ, and no file belongs to two of them.
	channels []channel
	// started is when the process was; see storeConfig.at.
	started time.Time
	// path is the configuration file, empty for none.
	path string
	// httpListen is empty for no server.
	httpListen string
	// webConfig is the server's web configuration file, empty for none.
	webConfig string
	// memoryBudget is what playlists may take, in bytes, 0 for what suits the memory.
	memoryBudget int64
	logLevel     slog.Level
	logJSON      bool
	// quiet has no line logged for each file that is stored.
	quiet bool
	// overridden are the variables that win over what the file says.
	overridden []override
	// deprecated are where settings stand that have a successor, and what that is.
	deprecated []deprecation
}

// channel is one directory on its way to one bucket.
type channel struct {
	// name is empty for the only channel, if nobody named it.
	name  string
	dir   string
	store storeConfig
	lists listConfig
	flow  flowConfig
	spool spoolConfig
	// settle and rescan are the watcher's; include and exclude are checked globs.
	settle, rescan   time.Duration
	include, exclude []string
}

// storeConfig is where files go and how.
type storeConfig struct {
	// bucket is not empty; prefix neither begins nor ends with a slash and may hold placeholders of a time, which
	// at replaces.
	bucket, prefix string
	// publicURL is that of the directory, empty if nobody told it; it may hold the placeholders that the prefix may.
	publicURL string
	// endpoint is empty for Amazon S3.
	endpoint, region string
	addressing       s3.Addressing
	conditional      bool
	checksum         string
	// signed has signatures cover what is uploaded; payer has every request say that its sender pays.
	signed, payer bool
	tls           s3.TLS
	// cacheControl is by kind of file.
	cacheControl map[string]string
	// headers are by kind of file, "" for all, and name.
	headers map[string]map[string]string
	// credentials name files and no secrets.
	credentials s3.Credentials
}

// keyPrefix is what every key begins with, its slash included, once at was called.
func (c storeConfig) keyPrefix() string {
	if c.prefix == "" {
		return ""
	}
	return c.prefix + "/"
}

// site says where players find the files, once at was called; load has checked it.
func (c storeConfig) site() hls.Site {
	s, _ := hls.NewSite(c.publicURL, c.keyPrefix()) //nolint:errcheck // another time in it changes nothing about that
	return s
}

// listConfig is how playlists are published.
type listConfig struct {
	// continuous has them go on over restarts of the packager; gaps has holes marked.
	continuous, gaps bool
	// giveUp is 0 for what suits the playlist.
	giveUp, endDelay time.Duration
	// record has runs recorded, and recordEnd is for how long a packager is silent until that is closed.
	record    bool
	recordEnd time.Duration
}

// recordings is what a Plan needs to record; nil for nothing.
func (c listConfig) recordings() *uploader.Record {
	if !c.record {
		return nil
	}
	return &uploader.Record{End: c.recordEnd}
}

// sessions is what a Plan needs for continuous playlists; nil for exact ones.
func (c listConfig) sessions() *uploader.Continuous {
	if !c.continuous {
		return nil
	}
	return &uploader.Continuous{GiveUpAfter: c.giveUp, Gaps: c.gaps, EndDelay: c.endDelay}
}

// flowConfig is when files go.
type flowConfig struct {
	workers int
	// uplinkLimit is in bytes a second, 0 for none.
	uplinkLimit int64
	// hedge has slow PUTs sent a second time.
	hedge bool

	minInterval, maxLag, holdWarn, drainTimeout time.Duration
}

// spoolConfig is what keeps files until they are stored.
type spoolConfig struct {
	// off means open files only. dir is empty for the default below the watched directory.
	off bool
	dir string
	// budget is in bytes, 0 for what suits the disk; age is 0 for ever.
	budget int64
	age    time.Duration
}

// Of what is free on the spool's disk, channels that say nothing take half between them, and none takes more than
// maxBudget: the packager's files need room, too.
const (
	maxBudget = 20 << 30
	minBudget = 64 << 20
)

// budget is what may wait for the store, in bytes, where channels in all ship to it.
func (c channel) budget(channels int) int64 {
	if c.spool.budget > 0 {
		return c.spool.budget
	}
	folder := c.dir
	if c.spool.dir != "" {
		folder = c.spool.dir
	}
	free, ok := spool.Room(folder)
	if !ok {
		return maxBudget
	}
	return min(max(free/2/int64(max(channels, 1)), minBudget), maxBudget)
}

// outageKey is the same for all that an outage of the store stops: endpoint and bucket.
func (c storeConfig) outageKey() string { return c.endpoint + " " + c.bucket }

// destination is how the place is called in logs.
func (c storeConfig) destination() string {
	if c.prefix == "" {
		return "s3://" + c.bucket
	}
	return "s3://" + c.bucket + "/" + c.prefix
}

// load makes a config of the sources. The error lists every problem on a line of its own, each with
// the flag, the variable or the line of the file that it is about.
func load(s sources) (config, error) {
	r := newReader(s)
	if r.unread {
		return config{}, errors.Join(r.problems...)
	}
	for _, extra := range s.extra {
		r.problem("argument %q is one too many: run takes DIR and s3://BUCKET[/PREFIX]", shown(extra))
	}
	r.problems = append(r.problems, s.misspelled()...)
	c := config{
		started: s.started, path: r.text(nameConfig),
		httpListen: r.address(nameHTTPListen), webConfig: r.webConfig(), memoryBudget: r.size(nameMemory), logJSON: r.choice(nameLogFormat) == "json", quiet: !r.truth(nameLogFiles),
		overridden: s.overrides(r.file.values),
	}
	if err := c.logLevel.UnmarshalText([]byte(r.choice(nameLogLevel))); err != nil {
		c.logLevel = slog.LevelInfo
	}
	if c.memoryBudget > 0 && c.memoryBudget < leastBudget {
		r.problem("%s: less than %s", r.find(nameMemory).origin, humanize.IBytes(leastBudget))
	}
	var origins []string
	if r.file.channels == nil {
		c.channels, origins = []channel{r.channel()}, []string{"DIR"}
	} else {
		r.unshared()
	}
	for _, e := range r.file.channels {
		r.entry = e.values
		one := r.channel()
		if one.name == "" && one.dir != "" {
			one.name = lastPart(one.dir)
			r.checkName(one.name, e.origin)
		}
		c.channels, origins = append(c.channels, one), append(origins, e.origin)
	}
	r.contradictions(c.channels, origins, c.started)
	c.deprecated = r.deprecated
	return c, errors.Join(r.problems...)
}

// channel reads the settings of the channel in r.entry, or of the only one.
func (r *reader) channel() channel {
	keys := r.credentials()
	r.profile = r.profiled(keys)
	c := channel{
		name: r.name(), dir: r.directory(), settle: r.duration(nameSettle), rescan: r.duration(nameRescan),
		include: r.globs(nameInclude), exclude: r.globs(nameExclude),
		store: storeConfig{
			endpoint: r.endpoint(), region: r.text(nameRegion), addressing: r.addressing(),
			conditional: r.choice(nameConditional) == "auto", checksum: r.choice(nameChecksum),
			signed: r.truth(nameSigned), tls: r.tls(),
			cacheControl: r.pairs(nameCacheControl), credentials: keys,
		},
		lists: listConfig{
			continuous: r.choice(namePlaylists) == "continuous", gaps: r.choice(nameHoles) == "gap",
			giveUp: r.automatic(nameGiveUpAfter), endDelay: r.duration(nameEndDelay),
			record: r.truth(nameRecord), recordEnd: r.duration(nameRecordEnd),
		},
		flow: flowConfig{
			workers: r.count(nameWorkers), uplinkLimit: r.rate(nameUplinkLimit), hedge: r.choice(nameHedge) == "auto", minInterval: r.duration(nameMinInterval), maxLag: r.automatic(nameMaxLag),
			holdWarn: r.duration(nameHoldWarn), drainTimeout: r.duration(nameDrainTimeout),
		},
	}
	if c.store.region == "" && c.store.endpoint == "" {
		c.store.region = "us-east-1"
	}
	c.store.headers, c.store.payer = r.headers()
	c.spool = r.spool(c.dir)
	c.store.bucket, c.store.prefix = r.destination(c)
	c.store.publicURL = r.publicURL(c)
	r.reachable(c)
	if c.lists.record && !c.lists.continuous {
		r.problem("%s: exact playlists are not recorded, because the files of one run have the names of the next: add --%s continuous", r.find(nameRecord).origin, namePlaylists)
	}
	r.positive(nameRecordEnd, c.lists.recordEnd)
	r.positive(nameSettle, c.settle)
	r.positive(nameRescan, c.rescan)
	r.positive(nameHoldWarn, c.flow.holdWarn)
	r.positive(nameDrainTimeout, c.flow.drainTimeout)
	return c
}
