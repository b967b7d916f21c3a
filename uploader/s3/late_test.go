package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/hlsship/hlsship/uploader/store"
)

// TestRunAsksUntilThereAreKeys with pauses that grow to half a minute, and tells of each reason once.
func TestRunAsksUntilThereAreKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var asked []time.Duration
		var out bytes.Buffer
		c, err := serverConfig("http://127.0.0.1:1").withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		c.Logger = slog.New(slog.NewTextHandler(&out, nil))
		k := newKeyring(c)
		k.find.Store(foundAt(func(context.Context, *http.Client) (credentials.Value, error) {
			asked = append(asked, time.Since(began).Round(time.Second))
			switch n := len(asked); {
			case n < 4:
				return credentials.Value{}, errors.New("connection refused")
			case n < 9:
				return credentials.Value{}, errors.New("answered 503")
			}
			return credentials.Value{AccessKeyID: "at-last", SecretAccessKey: "s"}, nil
		}))
		if err := k.open(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- k.run(ctx) }()
		time.Sleep(time.Minute)
		if err := k.missing(); err == nil || !strings.Contains(err.Error(), "no credentials yet: fake: answered 503") {
			t.Errorf("after a minute: %v", err)
		}
		time.Sleep(5 * time.Minute)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		want := []time.Duration{0, 0, 1, 3, 7, 15, 31, 61, 91}
		for i := range want {
			want[i] *= time.Second
		}
		if fmt.Sprint(asked) != fmt.Sprint(want) {
			t.Errorf("asked at %v, want %v", asked, want)
		}
		if k.missing() != nil || k.current.Load().AccessKeyID != "at-last" {
			t.Errorf("no keys: %v", k.missing())
		}
		if n := strings.Count(out.String(), "no credentials yet"); n != 2 {
			t.Errorf("told %d times, want once for each of two reasons:\n%s", n, out.String())
		}
	})
}

// TestNothingIsSentWithoutKeys has every call fail at once, and work once there are keys.
func TestNothingIsSentWithoutKeys(t *testing.T) {
	t.Parallel()
	bucket := newGiver(t, func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/live") {
			w.Header().Set("ETag", `"e"`)
		}
		return strings.HasPrefix(r.URL.Path, "/live")
	})
	ready := make(chan struct{})
	keys := newGiver(t, func(w http.ResponseWriter, _ *http.Request) bool {
		select {
		case <-ready:
			return false
		default:
			w.WriteHeader(http.StatusBadGateway)
			return true
		}
	})
	c := Config{Endpoint: bucket.url, Bucket: "live", Checksum: ChecksumNone, env: newHome(t, keys).env(box)}
	s := mustOpen(t, c)
	calls := map[string]func() error{
		"put":  func() error { _, err := s.Put(t.Context(), segment("a.ts", "x")); return err },
		"stat": func() error { _, err := s.Stat(t.Context(), "a.ts"); return err },
		"get":  func() error { _, _, err := s.Get(t.Context(), "a.ts", 10); return err },
		"list": func() error {
			for _, err := range s.List(t.Context(), "") {
				return err
			}
			return nil
		},
		"inspect": func() error { _, err := s.Inspect(t.Context(), "a.ts", "o"); return err },
		"ready":   func() error { return s.Ready(t.Context()) },
	}
	for name, call := range calls {
		err := call()
		wantAlarm(t, err, "container role: the container's service", "agent")
		if e, ok := errors.AsType[*store.Error](err); !ok || !e.Unsent {
			t.Errorf("%s: %v does not say that the store was not asked", name, err)
		}
	}
	if asked := bucket.requests(); len(asked) > 0 {
		t.Errorf("the store was asked for %q", asked)
	}
	close(ready)
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := calls["put"](); err != nil {
		t.Error(err)
	}
}

// TestExpiredKeys has keys run out since their source refuses to renew them: the cure is that of the source.
func TestExpiredKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeSource{life: time.Hour}
		s, _ := withSource(t, f, func(int) string {
			return "HTTP/1.1 400 Bad Request\r\nX-Minio-Error-Code: ExpiredToken\r\nConnection: close\r\n\r\n"
		})
		stat := func() error { _, err := s.Stat(t.Context(), "a.ts"); return err }
		wantAlarm(t, stat(), "ExpiredToken", "renew the credentials")
		f.set(&keyError{err: errors.New("the SSO token expired"), cure: "aws sso login --profile x"}, false)
		runKeys(t, s)
		time.Sleep(time.Hour)
		wantAlarm(t, stat(), "ExpiredToken", "aws sso login --profile x")
		f.set(nil, false)
		time.Sleep(time.Minute)
		wantAlarm(t, stat(), "ExpiredToken", "renew the credentials")
	})
}

// TestRenewWithoutKeys takes other credentials though they are late as well, as there are none to go on with.
func TestRenewWithoutKeys(t *testing.T) {
	t.Parallel()
	g := newGiver(t, func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusBadGateway); return true })
	h := newHome(t, g)
	h.write(t, ".aws/config", allProfiles, 0o600)
	s := mustOpen(t, Config{Endpoint: g.url, Bucket: "live", env: h.env(box + sts)})
	if _, err := s.Renew(t.Context(), Credentials{Profile: "nobody"}); err == nil {
		t.Error("a mistake was taken")
	}
	use, err := s.Renew(t.Context(), Credentials{Profile: "role"})
	if err != nil {
		t.Fatal(err)
	}
	use()
	wantAlarm(t, s.Ready(t.Context()), "assumed role of profile role: the token service", "")
	if use, err = s.Renew(t.Context(), Credentials{Profile: "base"}); err != nil {
		t.Fatal(err)
	}
	use()
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.Renew(t.Context(), Credentials{Profile: "role"}); err == nil {
		t.Error("keys were given up for some that are late")
	}
}

// TestCuresOfSources has each service refuse in the way that it does.
func TestCuresOfSources(t *testing.T) {
	t.Parallel()
	const refused = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>%s</Code><Message>no\x01 way</Message></Error></ErrorResponse>`
	says := func(status int, text string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
			return true
		}
	}
	role := "AWS_PROFILE=role " + sts
	web := sts + "AWS_WEB_IDENTITY_TOKEN_FILE=HOME/token AWS_ROLE_ARN=arn:aws:iam::1:role/pod"
	only := func(path string, status int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasPrefix(r.URL.Path, path) {
				w.WriteHeader(status)
			}
			return strings.HasPrefix(r.URL.Path, path)
		}
	}
	for _, tt := range []struct {
		name, env  string
		answer     func(http.ResponseWriter, *http.Request) bool
		says, cure string
	}{
		{"role refused", role, says(403, fmt.Sprintf(refused, "AccessDenied")), "answered 403 AccessDenied", "external id"},
		{"role's keys unknown", role, says(403, fmt.Sprintf(refused, "InvalidClientTokenId")), "InvalidClientTokenId", "keys that the role is assumed with"},
		{"role's keys expired", role, says(403, fmt.Sprintf(refused, "ExpiredToken")), "ExpiredToken", "have expired"},
		{"token refused", web, says(403, fmt.Sprintf(refused, "AccessDenied")), "AccessDenied", "sts:AssumeRoleWithWebIdentity"},
		{"token expired", web, says(400, fmt.Sprintf(refused, "ExpiredTokenException")), "ExpiredTokenException", "token file"},
		{"store in place of STS", role, says(400, "<Error><Code>InvalidParameterValue</Code><Message>m</Message></Error>"), "400 InvalidParameterValue: m", "assumed role"},
		{"STS out of reach", "AWS_PROFILE=role AWS_ENDPOINT_URL_STS=http://127.0.0.1:1", nil, "refused", "AWS_ENDPOINT_URL_STS names another"},
		{"portal in place of STS", role, says(200, "<html>sign in"), "holds no keys", "AWS_ENDPOINT_URL_STS"},
		{"redirect to elsewhere", role, func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
			return true
		}, "answered 307", "assumed role"},
		{"machine without a role", imds, only("/latest/meta-data/", 404), "no role", "instance profile"},
		{"machine without keys", imds, only("/latest/meta-data/iam/security-credentials/m", 500), "answered 500", "instance profile"},
		{"machine without the first version", imds + "AWS_EC2_METADATA_V1_DISABLED=true", only("/latest/api/token", 404), "PUT /latest/api/token", "HttpPutResponseHopLimit 2"},
		{"SSO session over", "AWS_PROFILE=sso " + sso, only("/federation/", 401), "answered 401", "aws sso login --profile sso"},
		{"SSO role not granted", "AWS_PROFILE=sso " + sso, only("/federation/", 403), "answered 403", "sso_role_name of profile sso"},
		{"nobody signed in", "AWS_PROFILE=old-sso " + sso, nil, "nobody signed in", "aws sso login --profile old-sso"},
		{"container's service says why", box, says(500, `{"code":"Unwell","message":"come back later"}`), "500 Unwell: come back later", "agent"},
		{"container's service says nothing of use", box, says(200, `{"AccessKeyId":"a"}`), "holds no pair", "container role"},
		{"container's service is not there", "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/keys", nil, "refused", "Pod Identity agent"},
		{"no machine's service", "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1", nil, "refused", "AWS_ACCESS_KEY_ID"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t, newGiver(t, tt.answer))
			h.write(t, ".aws/config", allProfiles, 0o600)
			h.write(t, "token", "jwt", 0o600)
			h.write(t, ".aws/sso/cache/e6427457497fe0f4f93a7334d2203b8e17ee82df.json", `{"accessToken":"signed-in","expiresAt":"2199-01-01T00:00:00Z"}`, 0o600)
			s := mustOpen(t, Config{Endpoint: "http://127.0.0.1:1", Bucket: "live", env: h.env(tt.env)})
			_, err := s.Stat(t.Context(), "a.ts")
			wantAlarm(t, err, tt.says, tt.cure)
			if strings.ContainsAny(err.Error(), "\x01\n") {
				t.Errorf("the error breaks a line: %q", err.Error())
			}
		})
	}
}

// TestHopLimit has the token of IMDSv2 never come, as in a container that is one hop too far.
func TestHopLimit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		get        func(r *http.Request) (done bool)
		says, cure string
	}{
		{"token demanded", func(*http.Request) bool { return false }, "no token within 2s", "HttpPutResponseHopLimit 2"},
		{"first version works", func(r *http.Request) bool { r.Header.Set("X-aws-ec2-metadata-token", "imds-token"); return false }, "", ""},
		{"nothing there that answers", func(r *http.Request) bool { <-r.Context().Done(); return true }, "deadline exceeded", "no metadata service that answers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t, newGiver(t, func(_ http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodPut {
					<-r.Context().Done()
					return true
				}
				return tt.get(r)
			}))
			s := mustOpen(t, Config{Endpoint: "http://127.0.0.1:1", Bucket: "live", env: h.env(imds)})
			err := s.Ready(t.Context())
			switch {
			case tt.says != "":
				wantAlarm(t, err, tt.says, tt.cure)
			case err != nil:
				t.Error(err)
			}
		})
	}
}

// TestSignInIsRenewed by the token that "aws sso login" gave for that, which is passed on to the AWS tools.
func TestSignInIsRenewed(t *testing.T) {
	t.Parallel()
	const name = ".aws/sso/cache/e6427457497fe0f4f93a7334d2203b8e17ee82df.json"
	const expired = `{"accessToken":"old","expiresAt":"2020-01-01T00:00:00Z","refreshToken":"again","clientId":"c","clientSecret":"CLIENT-SECRET","region":"eu-west-1"}`
	for _, refuses := range []bool{false, true} {
		t.Run(fmt.Sprintf("refused %v", refuses), func(t *testing.T) {
			t.Parallel()
			h := newHome(t, newGiver(t, func(w http.ResponseWriter, r *http.Request) bool {
				if !refuses || r.URL.Path != "/token" {
					return false
				}
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"error":"invalid_grant"}`)
				return true
			}))
			h.write(t, ".aws/config", allProfiles, 0o600)
			h.write(t, name, expired, 0o600)
			s := mustOpen(t, Config{Endpoint: "http://127.0.0.1:1", Bucket: "live", env: h.env("AWS_PROFILE=sso " + sso)})
			kept, err := os.ReadFile(filepath.Join(h.dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if refuses {
				wantAlarm(t, s.Ready(t.Context()), "expired at 2020-01-01T00:00:00Z: the SSO service answered 400 invalid_grant", "aws sso login --profile sso")
				if string(kept) != expired {
					t.Errorf("the token's file is now %s", kept)
				}
				return
			}
			if err := s.Ready(t.Context()); err != nil || s.keys.current.Load().AccessKeyID != "sso-123-Uploader" {
				t.Errorf("no keys: %v", err)
			}
			for _, want := range []string{`"accessToken":"renewed"`, `"refreshToken":"next"`, `"clientSecret":"CLIENT-SECRET"`, `"region":"eu-west-1"`} {
				if !strings.Contains(string(kept), want) {
					t.Errorf("the token's file lacks %s: %s", want, kept)
				}
			}
		})
	}
}
