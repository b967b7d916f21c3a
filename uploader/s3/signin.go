package s3

import (
	"bytes"
	"cmp"
	"context"
	"crypto/fips140"
	"crypto/sha1" //nolint:gosec // it names a file, as AWS does
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// signInMargin is how long before its end a token of IAM Identity Center is renewed.
const signInMargin = 5 * time.Minute

// signIn is a profile of IAM Identity Center (AWS SSO), to which somebody signed in with "aws sso login".
type signIn struct {
	profile, account, role string
	// file holds the token.
	file string
	// portal gives keys for a token, oidc a new token for an old one.
	portal, oidc string
}

// signInToken is what that file holds (AWS SDKs and Tools Reference Guide, "IAM Identity Center credential provider").
// Everything else in it is kept when it is written.
type signInToken struct {
	AccessToken  string    `json:"accessToken"`
	ExpiresAt    time.Time `json:"expiresAt"`
	ClientID     string    `json:"clientId"`
	ClientSecret string    `json:"clientSecret"`
	RefreshToken string    `json:"refreshToken"`
}

// signIn returns the keys of a profile with sso_session, or of the older form with sso_start_url.
func (f *finder) signIn(p section) (source, error) {
	region, key, from := p.values["sso_region"], p.values["sso_start_url"], p
	if name := p.values["sso_session"]; name != "" {
		session, ok := f.shared.sessions[name]
		if !ok {
			return source{}, p.mistake("sso_session: there is no section [sso-session %s] in %s", name, strings.Join(f.shared.from, " or "))
		}
		region, key, from = session.values["sso_region"], name, session
		if session.values["sso_start_url"] == "" {
			return source{}, mistake("sso-session %s in %s: sso_start_url is missing", name, session.file)
		}
	}
	switch {
	case key == "":
		return source{}, p.mistake("sso_session, or sso_start_url, is missing")
	case region == "":
		return source{}, mistake("%s in %s: sso_region is missing", from.name, from.file)
	case p.values["sso_account_id"] == "":
		return source{}, p.mistake("sso_account_id is missing")
	case p.values["sso_role_name"] == "":
		return source{}, p.mistake("sso_role_name is missing")
	}
	home := cmp.Or(f.env("HOME"), f.env("USERPROFILE"))
	if home == "" {
		return source{}, p.mistake("HOME is not set, below which the token of aws sso login is kept")
	}
	var sum [sha1.Size]byte
	// It names a file, as AWS does, and protects nothing: FIPS 140-3 does not forbid it.
	fips140.WithoutEnforcement(func() { sum = sha1.Sum([]byte(key)) }) //nolint:gosec // see above
	s := signIn{
		profile: p.name, account: p.values["sso_account_id"], role: p.values["sso_role_name"],
		file:   filepath.Join(home, ".aws", "sso", "cache", hex.EncodeToString(sum[:])+".json"),
		portal: cmp.Or(f.serviceURL("sso", p), "https://portal.sso."+region+"."+domainOf(region)),
		oidc:   cmp.Or(f.serviceURL("sso_oidc", p), "https://oidc."+region+"."+domainOf(region)),
	}
	for _, at := range []string{s.portal, s.oidc} {
		if err := checkURL(at); err != nil {
			return source{}, p.mistake("endpoint of SSO: %w", err)
		}
	}
	return source{name: "SSO", role: s.role, fetch: s.keys}, nil
}

// again is an error that signing in mends.
func (s signIn) again(err error) error {
	return &keyError{err: err, cure: "Sign in again, as the user of hlsship: aws sso login --profile " + s.profile}
}

// keys exchanges the token for keys (SSO GetRoleCredentials).
func (s signIn) keys(ctx context.Context, client *http.Client) (credentials.Value, error) {
	token, err := s.token(ctx, client)
	if err != nil {
		return credentials.Value{}, err
	}
	at := strings.TrimSuffix(s.portal, "/") + "/federation/credentials?" + url.Values{"account_id": {s.account}, "role_name": {s.role}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return credentials.Value{}, err
	}
	req.Header.Set("X-Amz-Sso_bearer_token", token)
	status, data, err := fetched(client, req)
	if err != nil {
		return credentials.Value{}, err
	}
	var a struct {
		RoleCredentials struct {
			AccessKeyID     string `json:"accessKeyId"`
			SecretAccessKey string `json:"secretAccessKey"`
			SessionToken    string `json:"sessionToken"`
			Expiration      int64  `json:"expiration"`
		} `json:"roleCredentials"`
		Message string `json:"message"`
	}
	bad := json.Unmarshal(data, &a)
	err = refusal("the SSO portal", status, "", a.Message)
	k := a.RoleCredentials
	switch {
	case status == http.StatusUnauthorized:
		return credentials.Value{}, s.again(err)
	case status == http.StatusForbidden || status == http.StatusNotFound:
		return credentials.Value{}, &keyError{err: err, cure: "Check sso_account_id and sso_role_name of profile " + s.profile + ": who signed in has no such role there."}
	case status != http.StatusOK:
		return credentials.Value{}, err
	}
	g := givenKeys{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, Token: k.SessionToken}
	if k.Expiration > 0 {
		g.Expiration = time.UnixMilli(k.Expiration)
	}
	return g.value("the SSO portal", bad)
}

// token returns a token that is valid, renewed if it can be.
func (s signIn) token(ctx context.Context, client *http.Client) (string, error) {
	text, err := readBounded(s.file, maxToken)
	if err != nil {
		return "", s.again(fmt.Errorf("nobody signed in: %w", err))
	}
	var t signInToken
	if err := json.Unmarshal([]byte(text), &t); err != nil || t.AccessToken == "" {
		return "", s.again(fmt.Errorf("%s holds no token", s.file))
	}
	left := time.Until(t.ExpiresAt)
	if left > signInMargin {
		return t.AccessToken, nil
	}
	var renewed string
	if t.RefreshToken != "" && t.ClientID != "" {
		renewed, err = s.renew(ctx, client, text, t)
	}
	switch {
	case renewed != "":
		return renewed, nil
	case left > 0:
		return t.AccessToken, nil
	case err != nil:
		return "", s.again(fmt.Errorf("the SSO token expired at %s: %w", t.ExpiresAt.Format(time.RFC3339), err))
	}
	return "", s.again(fmt.Errorf("the SSO token expired at %s", t.ExpiresAt.Format(time.RFC3339)))
}

// renew exchanges the token for a new one (SSO OIDC CreateToken), and writes that to its file, which the AWS tools read too.
func (s signIn) renew(ctx context.Context, client *http.Client, text string, t signInToken) (string, error) {
	body, err := json.Marshal(map[string]string{"clientId": t.ClientID, "clientSecret": t.ClientSecret, "grantType": "refresh_token", "refreshToken": t.RefreshToken})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(s.oidc, "/")+"/token", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	status, data, err := fetched(client, req)
	if err != nil {
		return "", harmless(err)
	}
	var a struct {
		AccessToken  string `json:"accessToken"`
		RefreshToken string `json:"refreshToken"`
		ExpiresIn    int64  `json:"expiresIn"`
		Error        string `json:"error"`
	}
	if err := json.Unmarshal(data, &a); err != nil || status != http.StatusOK || a.AccessToken == "" {
		return "", refusal("the SSO service", status, a.Error, "")
	}
	all := map[string]any{}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return "", err
	}
	all["accessToken"], all["refreshToken"] = a.AccessToken, cmp.Or(a.RefreshToken, t.RefreshToken)
	all["expiresAt"] = time.Now().Add(time.Duration(a.ExpiresIn) * time.Second).UTC().Format(time.RFC3339)
	s.write(all)
	return a.AccessToken, nil
}

// write replaces the token's file. Where that cannot be, the next renewal starts from the old one.
func (s signIn) write(all map[string]any) {
	data, err := json.Marshal(all)
	if err != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(s.file), ".hlsship-*") // nobody else may read it
	if err != nil {
		return
	}
	_, err = f.Write(data)
	if closed := f.Close(); err != nil || closed != nil || os.Rename(f.Name(), s.file) != nil {
		_ = os.Remove(f.Name())
	}
}
