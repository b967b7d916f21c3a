package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProfile reads region and endpoint of the profile that the keys are of, which yield to all but defaults.
func TestProfile(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	const shared = `[default]
region = eu-west-3
[profile store]
region = auto
endpoint_url = http://store.test
[profile services]
services = here
endpoint_url = http://others.test
[services here]
s3 =
  endpoint_url = http://s3.test
`
	if err := os.WriteFile(filepath.Join(home, ".aws", "config"), []byte(shared), 0o600); err != nil {
		t.Fatal(err)
	}
	one := configFile(t, "[lone]\nregion = lone-1\nendpoint_url = http://lone.test/?a=b\n")
	bad := configFile(t, "region\n")
	for _, tt := range []struct {
		name                      string
		line, env                 map[string]string
		region, endpoint, problem string
	}{
		{name: "default", region: "eu-west-3"},
		{name: "flag over profile", line: map[string]string{nameRegion: "eu-west-1"}, region: "eu-west-1"},
		{name: "variable over profile", env: map[string]string{"AWS_REGION": "eu-west-1"}, region: "eu-west-1"},
		{name: "profile over the image's default", env: map[string]string{"HLSSHIP_DEFAULT_REGION": "eu-west-1"}, region: "eu-west-3"},
		{name: "profile by variable", env: map[string]string{"AWS_PROFILE": "store"}, region: "auto", endpoint: "http://store.test"},
		{name: "profile by flag", line: map[string]string{nameProfile: "services"}, env: map[string]string{"AWS_PROFILE": "store"}, endpoint: "http://s3.test"},
		{name: "endpoint over profile", line: map[string]string{nameEndpoint: "http://own.test"}, env: map[string]string{"AWS_PROFILE": "store"}, region: "auto", endpoint: "http://own.test"},
		{name: "endpoints ignored", env: map[string]string{"AWS_PROFILE": "store", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, problem: `"auto" is no region of Amazon's`},
		{name: "keys in files of their own", line: map[string]string{nameAccessKey: "/a", nameSecretKey: "/s"}, region: "us-east-1"},
		{name: "wrong endpoint", line: map[string]string{nameCredentials: one, nameProfile: "lone"}, problem: "endpoint_url of profile lone in " + one + ": the endpoint must be without a query"},
		{name: "file of another kind", line: map[string]string{nameCredentials: bad}, region: "us-east-1"},
		{name: "external id alone", line: map[string]string{nameExternalID: "42"}, problem: "--external-id: role_arn is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := given(tt.line, tt.env)
			s.line[nameDir], s.line[nameDestination] = raw{[]string{"/hls"}, "DIR"}, raw{[]string{"s3://bucket"}, "DESTINATION"}
			s.env["HOME"] = home
			c, err := load(s)
			if tt.problem != "" {
				if err == nil || !strings.Contains(err.Error(), tt.problem) {
					t.Errorf("got %v, want %q", err, tt.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := c.channels[0].store; got.region != tt.region || got.endpoint != tt.endpoint {
				t.Errorf("region %q and endpoint %q, want %q and %q", got.region, got.endpoint, tt.region, tt.endpoint)
			}
		})
	}
}
