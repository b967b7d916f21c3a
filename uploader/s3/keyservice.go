package s3

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// maxKeyAnswer bounds what a service that gives keys says, in bytes.
const maxKeyAnswer = 256 << 10

// newKeyClient returns the client for services that give keys. Its requests are bounded and follow no redirect, which
// might carry a token elsewhere.
func newKeyClient() *http.Client {
	// Services of this host are asked directly: no proxy knows them.
	transport := &http.Transport{DialContext: (&net.Dialer{Timeout: askTimeout}).DialContext, Proxy: sourceProxy, DisableKeepAlives: true}
	return &http.Client{Transport: transport, Timeout: askTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// sourceProxy lets only what is asked over https be reached through a proxy.
func sourceProxy(req *http.Request) (*url.URL, error) {
	if req.URL.Scheme != "https" {
		return nil, nil
	}
	return http.ProxyFromEnvironment(req)
}

// fetched sends a request and returns the answer.
func fetched(client *http.Client, req *http.Request) (status int, body []byte, err error) {
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxKeyAnswer))
	return resp.StatusCode, body, err
}

// refusal is what a service said instead of giving keys.
func refusal(who string, status int, code, message string) error {
	text := fmt.Sprintf("%s answered %d", who, status)
	if code != "" {
		text += " " + printable(code, 64)
	}
	if message != "" {
		text += ": " + printable(message, 200)
	}
	return errors.New(text)
}

// givenKeys are the keys as the services of a machine, those of a container and a credential_process write them.
type givenKeys struct {
	Version         int
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	Token           string
	SessionToken    string
	Expiration      time.Time
	Code, Message   string
}

// value returns the keys in an answer. Errors do not show it.
func (g givenKeys) value(who string, bad error) (credentials.Value, error) {
	if bad != nil || g.AccessKeyID == "" || g.SecretAccessKey == "" {
		if g.Code != "" && g.Code != "Success" {
			return credentials.Value{}, fmt.Errorf("%s gives no keys: %s: %s", who, printable(g.Code, 64), printable(g.Message, 200))
		}
		return credentials.Value{}, fmt.Errorf("%s answered with something that holds no pair of access key and secret key", who)
	}
	return credentials.Value{AccessKeyID: g.AccessKeyID, SecretAccessKey: g.SecretAccessKey, SessionToken: cmp.Or(g.SessionToken, g.Token), Expiration: g.Expiration}, nil
}

// The service of a container (AWS SDKs and Tools Reference Guide, "Container credential provider").
const containerHost = "http://169.254.170.2"

func (f *finder) hasContainer() bool {
	return f.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != "" || f.env("AWS_CONTAINER_CREDENTIALS_FULL_URI") != ""
}

// container returns the role of the container: of an ECS task, or of a pod by EKS Pod Identity.
func (f *finder) container() (source, error) {
	at := f.env("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	if relative := f.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); relative != "" {
		at = containerHost + "/" + strings.TrimPrefix(relative, "/")
	}
	if err := checkURL(at); err != nil {
		return source{}, mistake("AWS_CONTAINER_CREDENTIALS_FULL_URI: %w", err)
	}
	token, file := f.env("AWS_CONTAINER_AUTHORIZATION_TOKEN"), f.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
	return source{name: "container role", fetch: func(ctx context.Context, client *http.Client) (credentials.Value, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
		if err != nil {
			return credentials.Value{}, err
		}
		if err := mayHaveToken(ctx, req.URL); err != nil {
			return credentials.Value{}, err
		}
		token := token
		if file != "" {
			if token, err = tokenOf(file); err != nil {
				return credentials.Value{}, err
			}
		}
		if strings.ContainsAny(token, "\r\n") {
			return credentials.Value{}, mistake("the token for the container's service is more than one line")
		}
		if token != "" {
			req.Header.Set("Authorization", token)
		}
		status, data, err := fetched(client, req)
		if err != nil {
			return credentials.Value{}, &keyError{err: err, cure: "See that the service of AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI runs: the Pod Identity agent of the node, or the ECS agent."}
		}
		var g givenKeys
		bad := json.Unmarshal(data, &g)
		switch {
		case status == http.StatusUnauthorized || status == http.StatusForbidden:
			return credentials.Value{}, &keyError{err: refusal("the container's service at "+req.URL.Host, status, g.Code, g.Message),
				cure: "Check AWS_CONTAINER_AUTHORIZATION_TOKEN or the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: the service does not accept it."}
		case status != http.StatusOK:
			return credentials.Value{}, &keyError{err: refusal("the container's service at "+req.URL.Host, status, g.Code, g.Message),
				cure: "See that the pod or task has a role, and that the agent that gives its keys is well."}
		}
		return g.value(req.URL.Host, bad)
	}}, nil
}

// mayHaveToken refuses hosts that are asked in the clear and are not of this machine: the answer is a secret.
func mayHaveToken(ctx context.Context, u *url.URL) error {
	if u.Scheme == "https" {
		return nil
	}
	var addrs []netip.Addr
	if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
		addrs = append(addrs, addr)
	} else if addrs, err = net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname()); err != nil {
		return fmt.Errorf("look up %s: %w", u.Hostname(), err)
	}
	for _, addr := range addrs {
		switch addr = addr.Unmap(); {
		case addr.IsLoopback():
		case addr.String() == "169.254.170.2", addr.String() == "169.254.170.23", addr.String() == "fd00:ec2::23":
		default:
			return mistake("AWS_CONTAINER_CREDENTIALS_FULL_URI: keys are asked for over plain http of this machine only: write https://, or an address of loopback, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]")
		}
	}
	return nil
}
