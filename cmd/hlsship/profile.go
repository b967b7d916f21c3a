package main

import "github.com/hlsship/hlsship/uploader/s3"

// profiled returns what the profile says of the store with which c finds its keys, as AWS users expect of every tool. Keys
// in files of their own belong to no profile.
func (r *reader) profiled(c s3.Credentials) map[string]raw {
	if c.AccessKeyFile != "" {
		return nil
	}
	says, err := c.Settings(func(name string) string { return r.sources.env[name] })
	if err != nil {
		return nil // whoever needs that file for keys is told
	}
	all := map[string]raw{}
	if says.Region != "" {
		all[nameRegion] = raw{[]string{says.Region}, "region of " + says.Origin}
	}
	if says.Endpoint != "" {
		all[nameEndpoint] = raw{[]string{says.Endpoint}, "endpoint_url of " + says.Origin}
	}
	return all
}

// yields says whether a profile goes before what was found: nothing, or a default.
func (s setting) yields(found raw) bool {
	return len(found.values) == 0 || found.origin == s.envDefault() || found.origin == defaultOf(s.name)
}
