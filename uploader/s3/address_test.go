package s3

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestRequestsGoWhereTheyWereNamed ships through a network that plays every host: what counts is who is dialled, which Host arrives
// signed, and below which path.
func TestRequestsGoWhereTheyWereNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                             string
		endpoint, region, bucket         string
		addressing                       Addressing
		dialled, path, signed, signedFor string // signed is the region; signedFor "" is s3
	}{
		{name: "a region", region: "eu-central-1", dialled: "live.s3.eu-central-1.amazonaws.com:443", path: "/"},
		{name: "a region that is new", region: "mx-north-7", dialled: "live.s3.mx-north-7.amazonaws.com:443", path: "/"},
		{name: "a region that is none", region: "eu-centrl-1", dialled: "live.s3.eu-centrl-1.amazonaws.com:443", path: "/"},
		{name: "sovereign cloud", region: "eusc-de-east-1", dialled: "live.s3.eusc-de-east-1.amazonaws.eu:443", path: "/"},
		{name: "China", region: "cn-northwest-1", dialled: "live.s3.cn-northwest-1.amazonaws.com.cn:443", path: "/"},
		{name: "GovCloud", region: "us-gov-east-1", dialled: "live.s3.us-gov-east-1.amazonaws.com:443", path: "/"},
		{name: "iso", region: "us-iso-west-1", dialled: "live.s3.us-iso-west-1.c2s.ic.gov:443", path: "/"},
		{name: "iso b", region: "us-isob-east-1", dialled: "live.s3.us-isob-east-1.sc2s.sgov.gov:443", path: "/"},
		{name: "iso e", region: "eu-isoe-west-1", dialled: "live.s3.eu-isoe-west-1.cloud.adc-e.uk:443", path: "/"},
		{name: "iso f", region: "us-isof-south-1", dialled: "live.s3.us-isof-south-1.csp.hci.ic.gov:443", path: "/"},
		{name: "a region by path", region: "eu-west-1", addressing: AddressingPath, dialled: "s3.eu-west-1.amazonaws.com:443", path: "/live/"},
		{name: "a bucket with dots", region: "eu-west-1", bucket: "live.example.com", dialled: "s3.eu-west-1.amazonaws.com:443", path: "/live.example.com/"},

		{name: "dual stack", endpoint: "https://s3.dualstack.eu-central-1.amazonaws.com", region: "eu-central-1", dialled: "live.s3.dualstack.eu-central-1.amazonaws.com:443", path: "/"},
		{name: "dual stack in China", endpoint: "https://s3.dualstack.cn-north-1.amazonaws.com.cn", dialled: "live.s3.dualstack.cn-north-1.amazonaws.com.cn:443", path: "/", signed: "cn-north-1"},
		{name: "accelerated", endpoint: "https://s3-accelerate.amazonaws.com", region: "eu-central-1", dialled: "live.s3-accelerate.amazonaws.com:443", path: "/"},
		{name: "accelerated, dual stack", endpoint: "https://s3-accelerate.dualstack.amazonaws.com", region: "eu-central-1", dialled: "live.s3-accelerate.dualstack.amazonaws.com:443", path: "/"},
		{name: "accelerated, bucket named", endpoint: "https://live.s3-accelerate.amazonaws.com", region: "eu-central-1", dialled: "live.s3-accelerate.amazonaws.com:443", path: "/"},
		{name: "region of the host", endpoint: "https://s3.eu-central-1.amazonaws.com", dialled: "live.s3.eu-central-1.amazonaws.com:443", path: "/", signed: "eu-central-1"},
		{name: "region of an old host", endpoint: "s3-ap-southeast-2.amazonaws.com", dialled: "live.s3-ap-southeast-2.amazonaws.com:443", path: "/", signed: "ap-southeast-2"},
		{name: "region of a new host", endpoint: "https://s3.eusc-de-east-1.amazonaws.eu", dialled: "live.s3.eusc-de-east-1.amazonaws.eu:443", path: "/", signed: "eusc-de-east-1"},
		{name: "the first host", endpoint: "https://s3.amazonaws.com", dialled: "live.s3.amazonaws.com:443", path: "/", signed: "us-east-1"},
		{name: "region is given", endpoint: "https://s3.eu-central-1.amazonaws.com", region: "eu-west-1", dialled: "live.s3.eu-central-1.amazonaws.com:443", path: "/"},
		{name: "fips", endpoint: "https://s3-fips.us-east-2.amazonaws.com", dialled: "live.s3-fips.us-east-2.amazonaws.com:443", path: "/", signed: "us-east-2"},
		{name: "fips, dual stack, by path", endpoint: "https://s3-fips.dualstack.us-gov-west-1.amazonaws.com", addressing: AddressingPath, dialled: "s3-fips.dualstack.us-gov-west-1.amazonaws.com:443", path: "/live/", signed: "us-gov-west-1"},
		{name: "endpoint of a VPC", endpoint: "https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com", bucket: "bucket", dialled: "bucket.bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com:443", path: "/", signed: "us-east-1"},
		{name: "endpoint of a VPC, by path", endpoint: "https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com", addressing: AddressingPath, dialled: "bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com:443", path: "/live/", signed: "us-east-1"},
		{name: "an access point", endpoint: "https://ingest-123456789012.s3-accesspoint.eu-north-1.amazonaws.com", dialled: "ingest-123456789012.s3-accesspoint.eu-north-1.amazonaws.com:443", path: "/", signed: "eu-north-1"},
		{name: "outposts", endpoint: "https://ap-1.op-2.s3-outposts.us-west-2.amazonaws.com", dialled: "ap-1.op-2.s3-outposts.us-west-2.amazonaws.com:443", path: "/", signed: "us-west-2", signedFor: "s3-outposts"},
		{name: "the bucket is named", endpoint: "https://live.s3.eu-west-3.amazonaws.com", dialled: "live.s3.eu-west-3.amazonaws.com:443", path: "/", signed: "eu-west-3"},
		{name: "a bucket with dots is named", endpoint: "https://live.example.com.s3.eu-west-3.amazonaws.com", bucket: "live.example.com", dialled: "live.example.com.s3.eu-west-3.amazonaws.com:443", path: "/", signed: "eu-west-3"},
		{name: "a bucket of the first host", endpoint: "https://live.s3.amazonaws.com", dialled: "live.s3.amazonaws.com:443", path: "/", signed: "us-east-1"},
		{name: "a machine at Amazon", endpoint: "https://ec2-1-2-3-4.eu-central-1.compute.amazonaws.com:9000", dialled: "ec2-1-2-3-4.eu-central-1.compute.amazonaws.com:9000", path: "/live/", signed: "us-east-1"},

		{name: "Google", endpoint: "https://storage.googleapis.com", dialled: "live.storage.googleapis.com:443", path: "/", signed: "us-east-1"},
		{name: "Alibaba", endpoint: "https://oss-eu-central-1.aliyuncs.com", region: "oss-eu-central-1", dialled: "live.oss-eu-central-1.aliyuncs.com:443", path: "/"},
		{name: "Tencent", endpoint: "https://cos.ap-seoul.myqcloud.com", region: "ap-seoul", bucket: "live-1250000000", dialled: "live-1250000000.cos.ap-seoul.myqcloud.com:443", path: "/"},
		{name: "Tencent, bucket named", endpoint: "https://live.cos.ap-seoul.myqcloud.com", region: "ap-seoul", dialled: "live.cos.ap-seoul.myqcloud.com:443", path: "/"},
		{name: "Huawei, by path", endpoint: "https://obs.eu-west-101.myhuaweicloud.com", addressing: AddressingPath, dialled: "obs.eu-west-101.myhuaweicloud.com:443", path: "/live/", signed: "us-east-1"},
		{name: "a store", endpoint: "https://store.test", dialled: "store.test:443", path: "/live/", signed: "us-east-1"},
		{name: "a store with a port", endpoint: "http://store.test:9000/", region: "garage", dialled: "store.test:9000", path: "/live/"},
		{name: "the port of the scheme", endpoint: "http://store.test:80", dialled: "store.test:80", path: "/live/", signed: "us-east-1"},
		{name: "an address", endpoint: "http://[::1]:80", dialled: "[::1]:80", path: "/live/", signed: "us-east-1"},
		{name: "a store, virtual", endpoint: "https://store.test:8443", addressing: AddressingVirtual, dialled: "live.store.test:8443", path: "/", signed: "us-east-1"},
		{name: "a store that begins like the bucket", endpoint: "https://live.store.test", dialled: "live.store.test:443", path: "/live/", signed: "us-east-1"},
		{name: "below a path", endpoint: "https://ref.storage.supabase.co/storage/v1/s3", region: "eu-central-1", dialled: "ref.storage.supabase.co:443", path: "/storage/v1/s3/live/"},
		{name: "below a path with a slash and a space", endpoint: "http://gate.test/rados%20gw/", dialled: "gate.test:80", path: "/rados%20gw/live/", signed: "us-east-1"},
		{name: "below a path, virtual", endpoint: "https://gate.test/s3", addressing: AddressingVirtual, dialled: "live.gate.test:443", path: "/s3/", signed: "us-east-1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bucket, region, service := tt.bucket, tt.signed, tt.signedFor
			if bucket == "" {
				bucket = "live"
			}
			if region == "" {
				region = tt.region
			}
			if service == "" {
				service = "s3"
			}
			network := newCloud(t, theSecret, accept)
			c := network.reached(Config{Endpoint: tt.endpoint, Region: tt.region, Bucket: bucket, Addressing: tt.addressing})
			s := mustOpen(t, c)
			s.transport.base.Proxy = nil
			if _, err := s.Put(t.Context(), segment("a b+ü/c.ts", "x")); err != nil {
				t.Fatal(err)
			}
			if len(network.dialled) != 1 || network.dialled[0] != tt.dialled {
				t.Errorf("dialled %v, want %s", network.dialled, tt.dialled)
			}
			r := network.requests[0]
			host := strings.TrimSuffix(strings.TrimSuffix(tt.dialled, ":443"), ":80")
			if want := tt.path + "a%20b%2B%C3%BC/c.ts"; r.Host != host || r.RequestURI != want {
				t.Errorf("asked %s for %s, want %s for %s", r.Host, r.RequestURI, host, want)
			}
			if gotRegion, gotService := scopeOf(r.Request); gotRegion != region || gotService != service {
				t.Errorf("signed for %s of %s, want %s of %s", gotService, gotRegion, service, region)
			}
			at, err := c.URL()
			if err != nil || at.Host != host {
				t.Errorf("URL says %v and %v, want the host %s", at, err, host)
			}
			if got, err := url.Parse(s.Address("a b+ü/c.ts").String()); err != nil || got.Host != r.Host || got.EscapedPath() != r.RequestURI {
				t.Errorf("the address is %v, %v; the request went to %s%s", got, err, r.Host, r.RequestURI)
			}
		})
	}
}

// TestPlacesThatCannotBe refuses at the start what no request could reach, or another bucket would answer.
func TestPlacesThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		c    Config
		want string
	}{
		{"no region", Config{}, "no region"},
		{"a region of another store", Config{Region: "auto"}, `"auto" is no region of Amazon's`},
		{"half a region", Config{Region: "eu-central"}, "no region of Amazon's"},
		{"a region in capitals", Config{Region: "EU-CENTRAL-1"}, "no region of Amazon's"},
		{"a region with a slash", Config{Region: "eu-central-1/x"}, "letters, digits"},
		{"acceleration without a region", Config{Endpoint: "https://s3-accelerate.amazonaws.com"}, "names none"},
		{"acceleration by path", Config{Endpoint: "https://s3-accelerate.amazonaws.com", Region: "eu-west-1", Addressing: AddressingPath}, "Transfer Acceleration"},
		{"acceleration of dots", Config{Endpoint: "https://s3-accelerate.amazonaws.com", Region: "eu-west-1", Bucket: "a.b.c"}, "dots"},
		{"an access point by path", Config{Endpoint: "https://in-1.s3-accesspoint.eu-west-1.amazonaws.com", Addressing: AddressingPath}, "access point"},
		{"a multi-Region access point", Config{Endpoint: "https://x.mrap.accesspoint.s3-global.amazonaws.com", Region: "eu-west-1"}, "SigV4A"},
		{"a directory bucket elsewhere", Config{Endpoint: "https://s3.us-east-1.amazonaws.com", Bucket: "live--use1-az4--x-s3"}, "leave the endpoint out"},
		{"a directory bucket by path", Config{Region: "us-east-1", Bucket: "live--use1-az4--x-s3", Addressing: AddressingPath}, "S3 Express"},
		{"a directory bucket without a region", Config{Bucket: "live--use1-az4--x-s3"}, "no region"},
		{"virtual before an address", Config{Endpoint: "http://127.0.0.1:9000", Addressing: AddressingVirtual}, "IP address"},
		{"virtual before an address of IPv6", Config{Endpoint: "http://[::1]:9000", Addressing: AddressingVirtual}, "IP address"},
		{"the bucket in host and path", Config{Endpoint: "https://live.s3.eu-west-3.amazonaws.com", Addressing: AddressingPath}, "names the bucket"},
		{"a first host in China", Config{Endpoint: "https://s3.amazonaws.com.cn"}, "names none"},
		{"the bucket twice", Config{Endpoint: "https://store.test/live"}, "ends with the bucket's name"},
		{"a query", Config{Endpoint: "https://store.test/?x=1"}, "query"},
		{"a path upwards", Config{Endpoint: "https://store.test/a/../b"}, "path"},
		{"a path with an escaped slash", Config{Endpoint: "https://store.test/a%2Fb"}, "path"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.c.Bucket == "" {
				tt.c.Bucket = "live"
			}
			tt.c.Credentials = Credentials{AccessKey: "a", SecretKey: "s"}
			if _, err := Open(t.Context(), tt.c); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if _, err := tt.c.URL(); err == nil {
				t.Error("URL does not refuse it")
			}
		})
	}
}

// TestAnswersAreExpectedByRequest has each kind of request answered with each success: only its own counts.
func TestAnswersAreExpectedByRequest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method, target string
		status               int
		etag, body           string
		ok                   bool
	}{
		{"put", "PUT", "/k", 200, `"e"`, "", true},
		{"put, created", "PUT", "/k", 201, `"e"`, "", true},
		{"put, no content", "PUT", "/k", 204, `"e"`, "", true},
		{"put without a word", "PUT", "/k", 200, ``, "", false},
		{"put, empty word", "PUT", "/k", 204, `""`, "", false},
		{"get", "GET", "/k", 200, `"e"`, "x", true},
		{"get of a portal", "GET", "/k", 200, ``, "<html/>", false},
		{"list", "GET", "/?list-type=2", 200, ``, "<ListBucketResult/>", true},
		{"list of an object", "GET", "/?list-type=2", 200, `"e"`, "<html/>", false},
		{"delete", "DELETE", "/k", 204, ``, "", true},
		{"upload begun", "POST", "/k?uploads=", 200, ``, "<InitiateMultipartUploadResult/>", true},
		{"upload begun by nobody", "POST", "/k?uploads=", 200, `"e"`, "", false},
		{"part", "PUT", "/k?uploadId=1&partNumber=1", 200, `"e"`, "", true},
		{"upload completed", "POST", "/k?uploadId=1", 200, ``, "<CompleteMultipartUploadResult/>", true},
		{"upload not completed", "POST", "/k?uploadId=1", 200, ``, "<Error><Code>InternalError</Code></Error>", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://store.test"+tt.target, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp := &http.Response{StatusCode: tt.status, Header: http.Header{"Etag": {tt.etag}}, Body: nopBody(tt.body)}
			if err := expect(req, resp); (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}
