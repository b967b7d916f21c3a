package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/uploader/headers"
	"github.com/hlsship/hlsship/uploader/s3"
)

// storeSettings loads a channel with further lines of a configuration file.
func storeSettings(t *testing.T, lines string, env map[string]string) (storeConfig, []deprecation, error) {
	t.Helper()
	c, err := loaded(t, "dir: /hls\ndestination: s3://bucket\n"+lines, env)
	if err != nil {
		return storeConfig{}, nil, err
	}
	return c.channels[0].store, c.deprecated, nil
}

func TestStoreSettings(t *testing.T) {
	t.Parallel()
	type config = storeConfig
	for _, tt := range []struct {
		name, lines string
		env         map[string]string
		want        func(storeConfig) bool
	}{
		{"region of nobody", "", nil, func(c config) bool { return c.region == "us-east-1" }},
		{"region of the endpoint's host", "endpoint: https://s3.eu-west-3.amazonaws.com\n", nil, func(c config) bool { return c.region == "" }},
		{"endpoint with a path", "endpoint: https://x.test/storage/v1/s3\n", nil, func(c config) bool { return c.endpoint == "https://x.test/storage/v1/s3" }},
		{"virtual", "addressing: virtual\n", nil, func(c config) bool { return c.addressing == s3.AddressingVirtual }},
		{"the older word", "path_style: true\n", nil, func(c config) bool { return c.addressing == s3.AddressingPath }},
		{"the older word says no", "path_style: false\naddressing: virtual\n", nil, func(c config) bool { return c.addressing == s3.AddressingVirtual }},
		{"both say the same", "path_style: true\naddressing: path\n", nil, func(c config) bool { return c.addressing == s3.AddressingPath }},
		{"authorities of the AWS SDKs", "", map[string]string{"AWS_CA_BUNDLE": "/ca.pem"}, func(c config) bool { return c.tls.CAFile == "/ca.pem" }},
		{"own authorities", "", map[string]string{"AWS_CA_BUNDLE": "/ca.pem", "HLSSHIP_CA_FILE": "/own.pem"}, func(c config) bool { return c.tls.CAFile == "/own.pem" }},
		{"client certificate", "client_cert_file: /c\nclient_key_file: /k\n", nil, func(c config) bool { return c.tls == s3.TLS{CertFile: "/c", KeyFile: "/k"} }},
		{"headers", "header: {x-amz-acl: public-read, 'key:X-Amz-Acl': private, 'segment:content-disposition': 'attachment; filename=\"a\"'}\n", nil, func(c config) bool {
			return reflect.DeepEqual(headers.Further(c.headers, "playlist"), map[string]string{"X-Amz-Acl": "public-read"}) &&
				reflect.DeepEqual(headers.Further(c.headers, "key"), map[string]string{"X-Amz-Acl": "private"}) &&
				reflect.DeepEqual(headers.Further(c.headers, "segment"), map[string]string{"X-Amz-Acl": "public-read", "Content-Disposition": `attachment; filename="a"`})
		}},
		{"headers in a variable", "", map[string]string{"HLSSHIP_HEADER": "x-amz-server-side-encryption=aws:kms;x-amz-tagging=a=1&b=2"}, func(c config) bool {
			return reflect.DeepEqual(c.headers[""], map[string]string{"X-Amz-Server-Side-Encryption": "aws:kms", "X-Amz-Tagging": "a=1&b=2"})
		}},
		{"who pays", "header: x-amz-request-payer=requester\n", nil, func(c config) bool { return c.payer && len(c.headers) == 0 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, deprecated, err := storeSettings(t, tt.lines, tt.env)
			if err != nil || !tt.want(got) {
				t.Errorf("got %+v and %v", got, err)
			}
			if old := strings.Contains(tt.lines, "path_style: true"); old != (len(deprecated) == 1) {
				t.Errorf("%v is called deprecated", deprecated)
			}
		})
	}
}

func TestStoreSettingsThatContradict(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, lines, want string }{
		{"both words, virtual", "path_style: true\naddressing: virtual\n", "path_style contradicts"},
		{"both words, auto", "path_style: true\naddressing: auto\n", "path_style contradicts"},
		{"a word of its own", "addressing: pth\n", `did you mean "path"?`},
		{"no region by form", "region: frankfurt\n", `"frankfurt" is no region of Amazon's`},
		{"acceleration without a region", "endpoint: https://s3-accelerate.amazonaws.com\n", "no region: the endpoint names none"},
		{"certificate alone", "client_cert_file: /c\n", "client_key_file is missing"},
		{"key alone", "client_key_file: /k\n", "client_cert_file is missing"},
		{"header of a kind that is none", "header: ['segmnt:x-amz-acl=private']\n", `did you mean "segment"?`},
		{"header without a value", "header: x-amz-acl\n", "NAME=VALUE"},
		{"header twice", "header: [x-amz-acl=private, X-Amz-ACL=public-read]\n", "set twice"},
		{"header of ours", "header: 'if-match=*'\n", "if-match is not sent"},
		{"who pays for a kind", "header: 'key:x-amz-request-payer=requester'\n", "for all requests"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := storeSettings(t, tt.lines, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
