package s3

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// allProfiles is a ~/.aws/config with what people write there.
const allProfiles = `# shared by everything on this machine
[default]
region = eu-west-3 # where the office is

[profile base]
aws_access_key_id = from-base
aws_secret_access_key = s

[profile role]
role_arn = arn:aws:iam::1:role/uploader
source_profile = base
external_id = partner-42
role_session_name = live
duration_seconds = 3600

[profile chain]
role_arn = arn:aws:iam::2:role/second
source_profile = role

[profile self]
role_arn = arn:aws:iam::1:role/own
source_profile = self
aws_access_key_id = from-self
aws_secret_access_key = s

[profile container]
role_arn = arn:aws:iam::1:role/uploader
credential_source = EcsContainer

[profile machine]
role_arn = arn:aws:iam::1:role/uploader
credential_source = Ec2InstanceMetadata

[profile environment]
role_arn = arn:aws:iam::1:role/uploader
credential_source = Environment

[profile web]
role_arn = arn:aws:iam::1:role/web
web_identity_token_file = HOME/token

[profile by-services]
role_arn = arn:aws:iam::1:role/uploader
source_profile = base
services = here
endpoint_url = http://127.0.0.1:1

[services here]
s3 =
  endpoint_url = http://127.0.0.1:2
sts =
  endpoint_url = GIVER

[sso-session office]
sso_start_url = https://office.test/start
sso_region = eu-west-1
sso_registration_scopes = sso:account:access

[profile sso]
sso_session = office
sso_account_id = 123
sso_role_name = Uploader

[profile old-sso]
sso_start_url = https://office.test/start
sso_region = eu-west-1
sso_account_id = 123
sso_role_name = Uploader

[profile sso-role]
role_arn = arn:aws:iam::1:role/uploader
source_profile = sso

[profile noargs]
credential_process = HOME/getkeys

[profile quoted]
credential_process = "HOME/my keys/get" --role 'live uploader' ""

[profile loop]
role_arn = arn:aws:iam::1:role/a
source_profile = loop-back
[profile loop-back]
role_arn = arn:aws:iam::1:role/b
source_profile = loop

[profile mfa]
role_arn = arn:aws:iam::1:role/uploader
source_profile = base
mfa_serial = arn:aws:iam::1:mfa/me

[profile lone-role]
role_arn = arn:aws:iam::1:role/uploader
[profile lone-source]
source_profile = base
[profile two]
role_arn = arn:aws:iam::1:role/uploader
source_profile = base
credential_source = Environment
[profile elsewhere]
role_arn = arn:aws:iam::1:role/uploader
credential_source = Moon
[profile half]
aws_access_key_id = half
[profile slip]
aws_acess_key_id = slip
aws_secret_acces_key = s
[profile no-session]
sso_session = nowhere
sso_account_id = 123
sso_role_name = Uploader
[profile no-account]
sso_session = office
sso_role_name = Uploader
[profile no-program]
credential_process = HOME/none --x
[profile open-quote]
credential_process = "HOME/getkeys
[profile long]
role_arn = arn:aws:iam::1:role/uploader
source_profile = base
duration_seconds = a day
[profile login]
login_session = arn:aws:iam::1:user/me
`

type findCase struct {
	name string
	env  string
	c    Credentials
	// keys is the access key, source what the log calls where it is from, asked what the services were asked.
	keys, source string
	asked        []string
	// mistake is what the error of a mistake says; late, what that of a source says that may yet have keys, and cure of it.
	mistake, late, cure string
}

const (
	sts  = "AWS_ENDPOINT_URL_STS=GIVER "
	sso  = "AWS_ENDPOINT_URL_SSO=GIVER AWS_ENDPOINT_URL_SSO_OIDC=GIVER "
	box  = "AWS_CONTAINER_CREDENTIALS_FULL_URI=GIVER/container AWS_CONTAINER_AUTHORIZATION_TOKEN=container-token "
	imds = "AWS_EC2_METADATA_SERVICE_ENDPOINT=GIVER "
)

func plainCases() []findCase {
	pair := "AWS_ACCESS_KEY_ID=from-env AWS_SECRET_ACCESS_KEY=s "
	machine := []string{"PUT /latest/api/token", "GET /latest/meta-data/iam/security-credentials/", "GET /latest/meta-data/iam/security-credentials/machine"}
	return []findCase{
		{name: "static keys win", env: pair, c: Credentials{AccessKey: "static", SecretKey: "s"}, keys: "static", source: "static keys"},
		{name: "environment", env: pair + "AWS_PROFILE=base", keys: "from-env", source: "environment"},
		{name: "half an environment beside a role", env: "AWS_ACCESS_KEY_ID=from-env " + box, mistake: "AWS_SECRET_ACCESS_KEY, which goes with it, is not"},
		{name: "the other half", env: "AWS_SECRET_ACCESS_KEY=s " + imds, mistake: "AWS_ACCESS_KEY_ID, which goes with it, is not"},
		{name: "--profile before the environment", env: pair, c: Credentials{Profile: "base"}, keys: "from-base", source: "shared file"},
		{name: "AWS_PROFILE before a container's role", env: box + "AWS_PROFILE=base", keys: "from-base", source: "shared file"},
		{name: "AWS_PROFILE before web identity", env: sts + "AWS_WEB_IDENTITY_TOKEN_FILE=HOME/token AWS_ROLE_ARN=arn:aws:iam::1:role/pod AWS_PROFILE=base", keys: "from-base", source: "shared file"},
		{name: "container", env: box, keys: "from-container", source: "container role", asked: []string{"GET /container"}},
		{name: "container with a token's file", env: "AWS_CONTAINER_CREDENTIALS_FULL_URI=GIVER/container AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=HOME/container-token",
			keys: "from-container", source: "container role", asked: []string{"GET /container"}},
		{name: "container without its token", env: "AWS_CONTAINER_CREDENTIALS_FULL_URI=GIVER/container", late: "answered 401", cure: "AWS_CONTAINER_AUTHORIZATION_TOKEN",
			asked: []string{"GET /container"}},
		{name: "container whose token's file is missing", env: "AWS_CONTAINER_CREDENTIALS_FULL_URI=GIVER/container AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=HOME/none", mistake: "no such file"},
		{name: "container elsewhere in the clear", env: "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/keys", mistake: "plain http of this machine only"},
		{name: "container at no URL", env: "AWS_CONTAINER_CREDENTIALS_FULL_URI=GIVER:x:y", mistake: "no URL"},
		{name: "machine", env: imds, keys: "from-instance", source: "instance role", asked: machine},
		{name: "web identity", env: sts + "AWS_WEB_IDENTITY_TOKEN_FILE=HOME/token AWS_ROLE_ARN=arn:aws:iam::1:role/pod AWS_ROLE_SESSION_NAME=pod-1", keys: "role-pod", source: "web identity",
			asked: []string{"AssumeRoleWithWebIdentity arn:aws:iam::1:role/pod pod-1 jwt"}},
		{name: "web identity before a container's role", env: sts + box + "AWS_WEB_IDENTITY_TOKEN_FILE=HOME/token AWS_ROLE_ARN=arn:aws:iam::1:role/pod", keys: "role-pod", source: "web identity",
			asked: []string{"AssumeRoleWithWebIdentity arn:aws:iam::1:role/pod hlsship jwt"}},
		{name: "web identity of another store, without a role", env: sts + "AWS_WEB_IDENTITY_TOKEN_FILE=HOME/token", keys: "role-.", source: "web identity", asked: []string{"AssumeRoleWithWebIdentity jwt"}},
		{name: "web identity without a role", env: "AWS_WEB_IDENTITY_TOKEN_FILE=HOME/token", mistake: "AWS_ROLE_ARN, which goes with it, is not"},
		{name: "web identity whose file is missing", env: sts + box + "AWS_WEB_IDENTITY_TOKEN_FILE=HOME/none AWS_ROLE_ARN=arn:aws:iam::1:role/pod", mistake: "token file: stat HOME/none: no such file"},
		{name: "nothing at all", env: "AWS_EC2_METADATA_DISABLED=true", mistake: "AWS_EC2_METADATA_DISABLED rules out"},
		{name: "a named file that is missing beside the machine's role", env: imds + "AWS_SHARED_CREDENTIALS_FILE=HOME/none", mistake: "AWS_SHARED_CREDENTIALS_FILE: HOME/none: no such file"},
		{name: "a named file that says nothing beside the machine's role", env: imds + "AWS_SHARED_CREDENTIALS_FILE=HOME/token-of-nothing", keys: "from-instance", source: "instance role", asked: machine},
		{name: "a file that is missing and not needed", env: box + "AWS_SHARED_CREDENTIALS_FILE=HOME/none", keys: "from-container", source: "container role", asked: []string{"GET /container"}},
		{name: "a role to assume with what was found", env: sts + box, c: Credentials{RoleARN: "arn:aws:iam::9:role/partner", ExternalID: "42"}, keys: "role-partner", source: "assumed role",
			asked: []string{"GET /container", "AssumeRole arn:aws:iam::9:role/partner 42 hlsship by from-container"}},
		{name: "a role to assume with a role", env: sts, c: Credentials{Profile: "role", RoleARN: "arn:aws:iam::9:role/partner"}, keys: "role-partner", source: "assumed role",
			asked: []string{"AssumeRole arn:aws:iam::1:role/uploader partner-42 live 3600 by from-base", "AssumeRole arn:aws:iam::9:role/partner hlsship by role-uploader"}},
	}
}

func profileCases() []findCase {
	assume := "AssumeRole arn:aws:iam::1:role/uploader "
	cases := []findCase{
		{name: "role", env: sts, keys: "role-uploader", source: "assumed role", asked: []string{assume + "partner-42 live 3600 by from-base"}},
		{name: "chain", env: sts, keys: "role-second", source: "assumed role",
			asked: []string{assume + "partner-42 live 3600 by from-base", "AssumeRole arn:aws:iam::2:role/second hlsship by role-uploader"}},
		{name: "self", env: sts, keys: "role-own", source: "assumed role", asked: []string{"AssumeRole arn:aws:iam::1:role/own hlsship by from-self"}},
		{name: "container", env: sts + box, keys: "role-uploader", source: "assumed role", asked: []string{"GET /container", assume + "hlsship by from-container"}},
		{name: "container", env: sts + imds, mistake: "profile container in HOME/.aws/config: credential_source is EcsContainer, and no AWS_CONTAINER"},
		{name: "machine", env: sts + imds, keys: "role-uploader", source: "assumed role", asked: []string{"PUT /latest/api/token",
			"GET /latest/meta-data/iam/security-credentials/", "GET /latest/meta-data/iam/security-credentials/machine", assume + "hlsship by from-instance"}},
		{name: "machine", env: sts + imds + "AWS_EC2_METADATA_DISABLED=TRUE", mistake: "credential_source is Ec2InstanceMetadata, which AWS_EC2_METADATA_DISABLED"},
		{name: "environment", env: sts, mistake: "AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set"},
		{name: "web", env: sts, keys: "role-web", source: "web identity", asked: []string{"AssumeRoleWithWebIdentity arn:aws:iam::1:role/web hlsship jwt"}},
		{name: "by-services", keys: "role-uploader", source: "assumed role", asked: []string{assume + "hlsship by from-base"}},
		{name: "sso", env: sso, keys: "sso-123-Uploader", source: "SSO", asked: []string{"GET /federation/credentials"}},
		{name: "old-sso", env: sso, late: "the SSO token expired at 2020-01-01T00:00:00Z", cure: "aws sso login --profile old-sso"},
		{name: "sso-role", env: sts + sso, keys: "role-uploader", source: "assumed role", asked: []string{"GET /federation/credentials", assume + "hlsship by sso-123-Uploader"}},
		{name: "noargs", keys: "from-process-0", source: "credential_process"},
		{name: "quoted", keys: "from-process-3", source: "credential_process"},
		{name: "no-such-profile", env: box + imds, mistake: "profile no-such-profile is not in HOME/.aws/config or HOME/.aws/credentials"},
	}
	for name, says := range map[string]string{
		"loop":        "source_profile leads back to it",
		"mfa":         "profile mfa in HOME/.aws/config: mfa_serial",
		"lone-role":   "profile lone-role in HOME/.aws/config: role_arn is there, and source_profile, credential_source or web_identity_token_file",
		"lone-source": "profile lone-source in HOME/.aws/config: source_profile is there, and role_arn, which goes with it, is missing",
		"two":         "source_profile and credential_source are there",
		"elsewhere":   "credential_source is none of",
		"half":        "profile half in HOME/.aws/config: aws_access_key_id is there, and the other",
		"slip":        "not understood: aws_acess_key_id, aws_secret_acces_key",
		"no-session":  "no section [sso-session nowhere]",
		"no-account":  "sso_account_id is missing",
		"no-program":  "profile no-program in HOME/.aws/config: credential_process: fork/exec HOME/none: no such file",
		"open-quote":  "credential_process: a quote is not closed",
		"long":        "duration_seconds is no number",
		"login":       "login_session is not understood",
	} {
		cases = append(cases, findCase{name: name, env: sts + box + imds, mistake: says})
	}
	for i := range cases {
		cases[i].env += " AWS_PROFILE=" + cases[i].name
		cases[i].name = "profile " + cases[i].name + " (" + cmp.Or(cases[i].mistake, cases[i].late, cases[i].keys) + ")"
	}
	return cases
}

// TestFind says for each way in which AWS users name their keys which source is taken, what it asks, and what is said where it
// cannot be taken. Nothing else is ever asked in its place.
func TestFind(t *testing.T) {
	t.Parallel()
	for _, tt := range slices.Concat(plainCases(), profileCases()) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := newGiver(t, nil)
			h := newHome(t, g)
			h.write(t, ".aws/config", allProfiles, 0o600)
			h.write(t, "token", "jwt\n", 0o600)
			h.write(t, "token-of-nothing", "# none\n", 0o600)
			h.write(t, "container-token", "container-token\n", 0o600)
			const program = "#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"from-process-'$#'\",\"SecretAccessKey\":\"s\"}'\n"
			h.write(t, "getkeys", program, 0o700)
			h.write(t, "my keys/get", program, 0o700)
			// The names are those that the AWS tools give to the tokens of "office" and of the start URL.
			token := `{"accessToken":"signed-in","expiresAt":%q}`
			h.write(t, ".aws/sso/cache/e6427457497fe0f4f93a7334d2203b8e17ee82df.json", fmt.Sprintf(token, time.Now().Add(time.Hour).UTC().Format(time.RFC3339)), 0o600)
			h.write(t, ".aws/sso/cache/b0448ceda20bc7f17c083c4ac45bc4cf33d50b9b.json", fmt.Sprintf(token, "2020-01-01T00:00:00Z"), 0o600)
			tt.check(t, h)
		})
	}
}

func (tt findCase) check(t *testing.T, h home) {
	t.Helper()
	c := serverConfig("http://127.0.0.1:1")
	c.Credentials, c.env = tt.c, h.env(tt.env)
	s, err := Open(t.Context(), c)
	if want := h.expand(tt.mistake); want != "" {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want a mistake: %s", err, want)
		}
		if asked := h.giver.requests(); len(asked) > 0 {
			t.Errorf("it asked for %q all the same", asked)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if asked := h.giver.requests(); !slices.Equal(asked, tt.asked) {
		t.Errorf("asked for %q, want %q", asked, tt.asked)
	}
	if tt.late != "" {
		_, err := s.Put(t.Context(), segment("a.ts", "x"))
		wantAlarm(t, err, tt.late, tt.cure)
		return
	}
	if err := s.Lacking(); err != nil {
		t.Fatal(err)
	}
	if got := s.keys.current.Load().AccessKeyID; got != tt.keys {
		t.Errorf("keys are %q, want %q", got, tt.keys)
	}
	find := *s.keys.find.Load()
	if src, err := find(); err != nil || src.name != tt.source {
		t.Errorf("source is %q, %v, want %q", src.name, err, tt.source)
	}
}

// wantAlarm checks that err asks a person for help, and what it says.
func wantAlarm(t *testing.T, err error, says, cure string) {
	t.Helper()
	e, ok := errors.AsType[*store.Error](err)
	if !ok || e.Kind != store.Alarm || !strings.Contains(e.Error(), says) || !strings.Contains(e.Cure, cure) {
		t.Errorf("got %v with %+v, want an alarm that says %q and the cure %q", err, e, says, cure)
	}
}
