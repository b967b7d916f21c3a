package s3

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// metadataPatience is how long the metadata service, which is near, may take for an answer. Where it is behind one hop too many
// the token never comes, while the service answers everything else.
const metadataPatience = 2 * time.Second

const (
	noInstance = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile in AWS_PROFILE, or run this on a machine with a role: it has no metadata service that answers."
	hopLimit   = "Set HttpPutResponseHopLimit 2 (aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2): a container is one hop further than the machine, where the token of IMDSv2 does not reach it."
	noRole     = "Give the machine an instance profile with a role."
)

// metadata is the service of a virtual machine (Amazon EC2 User Guide, "Instance metadata and user data").
type metadata struct {
	at string
	// second says that the first version of the protocol, without tokens, is not to be used.
	second bool
}

func (f *finder) instanceOff() bool {
	return strings.EqualFold(f.env("AWS_EC2_METADATA_DISABLED"), "true")
}

// instance returns the role of the machine.
func (f *finder) instance(p section) (source, error) {
	m := metadata{at: "http://169.254.169.254", second: strings.EqualFold(f.env("AWS_EC2_METADATA_V1_DISABLED"), "true")}
	if strings.EqualFold(cmp.Or(f.env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"), p.values["ec2_metadata_service_endpoint_mode"]), "IPv6") {
		m.at = "http://[fd00:ec2::254]"
	}
	m.at = strings.TrimSuffix(cmp.Or(f.env("AWS_EC2_METADATA_SERVICE_ENDPOINT"), p.values["ec2_metadata_service_endpoint"], m.at), "/")
	if err := checkURL(m.at); err != nil {
		return source{}, mistake("AWS_EC2_METADATA_SERVICE_ENDPOINT: %w", err)
	}
	return source{name: "instance role", fetch: m.keys}, nil
}

// ask sends one request, with a token if there is one.
func (m metadata) ask(ctx context.Context, client *http.Client, method, path, token string) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, metadataPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, m.at+path, nil)
	if err != nil {
		return 0, nil, err
	}
	if method == http.MethodPut {
		req.Header.Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
	}
	if token != "" {
		req.Header.Set("X-Aws-Ec2-Metadata-Token", token)
	}
	return fetched(client, req)
}

// token returns a token, empty if the service does not know of any. late says that none came, though one may be demanded.
func (m metadata) token(ctx context.Context, client *http.Client) (token string, late bool, err error) {
	status, body, err := m.ask(ctx, client, http.MethodPut, "/latest/api/token", "")
	switch {
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return "", true, nil
	case err != nil:
		return "", false, &keyError{err: err, cure: noInstance}
	case status == http.StatusOK:
		return strings.TrimSpace(string(body)), false, nil
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusForbidden:
		return "", false, nil // an old service, or a stand-in for it
	}
	return "", false, refusal("the metadata service", status, "", "")
}

// keys returns the keys of the machine's role.
func (m metadata) keys(ctx context.Context, client *http.Client) (credentials.Value, error) {
	const roles = "/latest/meta-data/iam/security-credentials/"
	token, late, err := m.token(ctx, client)
	if err != nil {
		return credentials.Value{}, err
	}
	hops := &keyError{err: fmt.Errorf("the metadata service gave no token within %s (PUT /latest/api/token)", metadataPatience), cure: hopLimit}
	if token == "" && m.second {
		return credentials.Value{}, hops
	}
	status, body, err := m.ask(ctx, client, http.MethodGet, roles, token)
	name, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
	switch {
	case err != nil:
		return credentials.Value{}, &keyError{err: err, cure: noInstance}
	case late && status == http.StatusUnauthorized:
		return credentials.Value{}, hops
	case status == http.StatusNotFound, status == http.StatusOK && name == "":
		return credentials.Value{}, &keyError{err: fmt.Errorf("the machine has no role"), cure: noRole}
	case status != http.StatusOK:
		return credentials.Value{}, refusal("the metadata service", status, "", "")
	}
	status, body, err = m.ask(ctx, client, http.MethodGet, roles+url.PathEscape(strings.TrimSpace(name)), token)
	if err != nil {
		return credentials.Value{}, err
	}
	if status != http.StatusOK {
		return credentials.Value{}, &keyError{err: refusal("the metadata service", status, "", ""), cure: noRole}
	}
	var g givenKeys
	return g.from("the metadata service", body)
}

// from reads an answer.
func (g givenKeys) from(who string, body []byte) (credentials.Value, error) {
	bad := json.Unmarshal(body, &g)
	return g.value(who, bad)
}
