package main

import (
	"os"

	"github.com/hlsship/hlsship/check"
	"github.com/hlsship/hlsship/uploader/headers"
)

// setUps returns what is to be checked: what run would ship.
func (c config) setUps(version string) []setUp {
	all := make([]setUp, 0, len(c.channels))
	for _, one := range c.channels {
		one.store = one.store.at(c.started)
		all = append(all, one.setUp(version, len(c.channels)))
	}
	return all
}

// setUp is the channel as check wants it.
func (c channel) setUp(version string, channels int) setUp {
	return setUp{
		name: c.name, dir: c.dir, destination: c.store.destination(),
		config: check.Config{
			Dir: c.dir, Exclude: matcher(c.exclude), Site: c.store.site(), Continuous: c.lists.continuous, Record: c.lists.record, Settle: c.settle,
			SpoolOff: c.spool.off, Spool: c.spool.dir, Budget: c.budget(channels), Age: c.spool.age,
			Store: c.bucket(version), Headers: headers.Further(c.store.headers, "playlist"),
			Prefix: c.store.keyPrefix(), Conditional: c.store.conditional, MinInterval: c.flow.minInterval, UplinkLimit: c.flow.uplinkLimit,
		},
	}
}

// remarks are what run would warn of at its start: settings that have a successor, and those that do not count.
func (c config) remarks() []check.Finding {
	var all []check.Finding
	for _, d := range c.deprecated {
		all = append(all, check.Finding{ID: "setting-deprecated", Level: check.Warning, Found: d.origin + " is deprecated", Cure: "Write " + d.instead + " instead."})
	}
	for _, o := range c.overridden {
		all = append(all, check.Finding{ID: "setting-overridden", Level: check.Warning, Found: o.file + " does not count, as the variable " + o.variable + " wins",
			Cure: "Unset the variable, or take the setting out of the file."})
	}
	return all
}

// serviceKeys is where the packages keep the store's keys, which only root may read.
const serviceKeys = "/etc/hlsship/credentials"

// asService says how to look at a set-up as hlsship.service does: with its user, its capability and its keys.
func asService(path string) string {
	return "systemd-run --pipe --collect -p User=hlsship -p AmbientCapabilities=CAP_LEASE -p LoadCredential=credentials:" + serviceKeys +
		" sh -c 'AWS_SHARED_CREDENTIALS_FILE=$CREDENTIALS_DIRECTORY/credentials exec hlsship check --config " + path + "'"
}

// keysOfService has each finding that there are no keys name the way to those of hlsship.service, where that is installed, and nothing
// names other keys.
func (c config) keysOfService(found []check.Finding, keys string) {
	if _, err := os.Stat(keys); err != nil || c.path == "" {
		return
	}
	for i := range found {
		if found[i].ID == "credentials-missing" {
			found[i].Cure = found[i].Cure + " For hlsship.service, as root:\n" + asService(c.path)
		}
	}
}
