package s3

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// source is the one place where keys come from.
type source struct {
	// name is what the log calls it; profile and role are those that it was found by, if any.
	name, profile, role string
	// ignores is a profile that was named as well, and that others come before; empty for none.
	ignores string
	// fetch returns the keys. It may hang. An error that a person has to mend is a *keyError.
	fetch func(ctx context.Context, client *http.Client) (credentials.Value, error)
}

// attributes are for the log.
func (s source) attributes() []any {
	all := []any{"source", s.name}
	if s.profile != "" {
		all = append(all, "profile", s.profile)
	}
	if s.role != "" {
		all = append(all, "role", s.role)
	}
	return all
}

// keyError is why there are no keys.
type keyError struct {
	err error
	// cure tells what to do about it; empty for what is said of every source.
	cure string
	// mistake says that only other settings will help, and that waiting will not.
	mistake bool
}

func (e *keyError) Error() string { return e.err.Error() }
func (e *keyError) Unwrap() error { return e.err }

// mistake returns an error of the settings.
func mistake(format string, args ...any) error {
	return &keyError{err: fmt.Errorf(format, args...), mistake: true}
}

// finder decides where keys come from. What was asked for by name is used, or it is an error: nothing else takes its
// place, as it may belong to another account.
type finder struct {
	Credentials
	region string
	env    func(string) string
	shared shared
}

// find returns where the keys of c come from. It reads the shared files and asks nobody; every error of it is a mistake.
func (c Credentials) find(region string, env func(string) string) (source, error) {
	f := &finder{Credentials: c, region: region, env: env}
	src, err := f.keys()
	if err != nil || c.RoleARN == "" {
		return src, err
	}
	to, err := f.sts(f.shared.profiles[f.profileName()])
	if err != nil {
		return source{}, err
	}
	return assumed(src, role{arn: c.RoleARN, externalID: c.ExternalID, session: f.env("AWS_ROLE_SESSION_NAME"), sts: to}), nil
}

// keys is find without the role that settings name.
func (f *finder) keys() (source, error) {
	switch {
	case f.AccessKey != "":
		return source{name: "static keys", fetch: fixed(f.AccessKey, string(f.SecretKey), string(f.SessionToken))}, nil
	case f.AccessKeyFile != "":
		return source{name: "key files", fetch: f.fromFiles}, nil
	}
	var err error
	f.shared, err = readShared(f.File, f.env)
	access, secret := f.env("AWS_ACCESS_KEY_ID"), f.env("AWS_SECRET_ACCESS_KEY")
	named := f.Profile != "" || f.env("AWS_PROFILE") != "" || f.env("AWS_DEFAULT_PROFILE") != ""
	switch {
	case f.File != "" || f.Profile != "":
	case access != "" && secret != "":
		return source{name: "environment", ignores: f.env("AWS_PROFILE"), fetch: fixed(access, secret, f.env("AWS_SESSION_TOKEN"))}, nil
	case access != "":
		return source{}, mistake("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY, which goes with it, is not")
	case secret != "":
		return source{}, mistake("AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID, which goes with it, is not")
	case named:
	case f.env("AWS_WEB_IDENTITY_TOKEN_FILE") != "":
		return f.webIdentity(f.shared.profiles[f.profileName()], role{arn: f.env("AWS_ROLE_ARN"), session: f.env("AWS_ROLE_SESSION_NAME")}, f.env("AWS_WEB_IDENTITY_TOKEN_FILE"))
	}
	if err != nil {
		return source{}, err
	}
	p, there := f.shared.profiles[f.profileName()]
	switch {
	case f.File != "" || named || there && p.givesKeys():
		return f.ofProfile(f.profileName(), nil)
	case f.hasContainer():
		return f.container()
	case slices.Contains(f.shared.missing, f.env("AWS_SHARED_CREDENTIALS_FILE")):
		// One that is there may be empty, as that of a package is where the machine has a role.
		return source{}, mistake("AWS_SHARED_CREDENTIALS_FILE: %s: no such file", f.env("AWS_SHARED_CREDENTIALS_FILE"))
	case f.instanceOff():
		return source{}, mistake("no variable, profile or role of a container is set, and AWS_EC2_METADATA_DISABLED rules out the machine's role")
	}
	return f.instance(p)
}

// profileName is the profile that is used where one is.
func (f *finder) profileName() string {
	return cmp.Or(f.Profile, f.env("AWS_PROFILE"), f.env("AWS_DEFAULT_PROFILE"), "default")
}

// fixed returns the same keys for ever.
func fixed(access, secret, token string) func(context.Context, *http.Client) (credentials.Value, error) {
	return func(context.Context, *http.Client) (credentials.Value, error) {
		return credentials.Value{AccessKeyID: access, SecretAccessKey: secret, SessionToken: token}, nil
	}
}

// keyWords are the keys of a profile that say where keys are, signInWords those of SSO among them.
func keyWords() []string {
	return append([]string{"aws_access_key_id", "aws_secret_access_key", "role_arn", "source_profile", "credential_source", "web_identity_token_file",
		"credential_process", "login_session"}, signInWords()...)
}

func signInWords() []string {
	return []string{"sso_session", "sso_account_id", "sso_role_name", "sso_start_url", "sso_region"}
}

// has returns those of the keys that have a value.
func (s section) has(keys ...string) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return s.values[key] == "" })
}

// givesKeys says whether the profile speaks of keys at all.
func (s section) givesKeys() bool { return len(s.has(keyWords()...)) > 0 }

// mistake is about a section's key, or about what it lacks.
func (s section) mistake(format string, args ...any) error {
	return mistake("profile %s in %s: %w", s.name, s.file, fmt.Errorf(format, args...))
}

// ofProfile returns the source that the profile speaks of. within are those that led to it.
func (f *finder) ofProfile(name string, within []string) (source, error) {
	p, ok := f.shared.profiles[name]
	switch {
	case !ok && len(f.shared.missing) == len(f.shared.from):
		return source{}, mistake("profile %s: %s: no such file", name, strings.Join(f.shared.from, ", "))
	case !ok:
		return source{}, mistake("profile %s is not in %s", name, strings.Join(f.shared.from, " or "))
	case slices.Contains(within, name):
		return source{}, p.mistake("source_profile leads back to it")
	}
	within = append(within, name)
	pair := p.has("aws_access_key_id", "aws_secret_access_key")
	src, err := source{}, error(nil)
	switch {
	case p.values["mfa_serial"] != "":
		return source{}, p.mistake("mfa_serial asks for a code that nobody can type here; name a profile without it")
	case len(p.has("role_arn", "source_profile", "credential_source", "web_identity_token_file")) > 0:
		src, err = f.ofRole(p, within)
	case len(pair) == 1:
		return source{}, p.mistake("%s is there, and the other of aws_access_key_id and aws_secret_access_key is missing", pair[0])
	case len(pair) == 2:
		src = source{name: "shared file", fetch: fixed(p.values["aws_access_key_id"], p.values["aws_secret_access_key"], p.values["aws_session_token"])}
	case len(p.has(signInWords()...)) > 0:
		src, err = f.signIn(p)
	case p.values["credential_process"] != "":
		src, err = process(p)
	case p.values["login_session"] != "":
		return source{}, p.mistake("login_session is not understood; use sso_session, credential_process or keys")
	default:
		return source{}, p.mistake("nothing in it gives keys: aws_access_key_id, role_arn, sso_session and credential_process are missing%s", p.strange())
	}
	src.profile = name
	return src, err
}

// strange lists the keys of a profile that look like slips of the pen.
func (s section) strange() string {
	known := append(keyWords(), "region", "output", "endpoint_url", "endpoint_url_s3", "endpoint_url_sts", "services", "external_id", "role_session_name",
		"duration_seconds", "aws_session_token", "aws_account_id", "ca_bundle", "cli_pager", "s3", "max_attempts", "retry_mode", "sso_registration_scopes")
	var strange []string
	for _, key := range slices.Sorted(maps.Keys(s.values)) {
		if !slices.Contains(known, key) && !strings.Contains(key, ".") {
			strange = append(strange, printable(key, 40))
		}
	}
	if strange == nil {
		return ""
	}
	return "; not understood: " + strings.Join(strange, ", ")
}

// ofRole returns the role of a profile, which keys from somewhere else assume.
func (f *finder) ofRole(p section, within []string) (source, error) {
	ways := p.has("source_profile", "credential_source", "web_identity_token_file")
	arn := p.values["role_arn"]
	switch {
	case arn == "":
		return source{}, p.mistake("%s is there, and role_arn, which goes with it, is missing", ways[0])
	case len(ways) == 0:
		return source{}, p.mistake("role_arn is there, and source_profile, credential_source or web_identity_token_file, one of which says who assumes it, is missing")
	case len(ways) > 1:
		return source{}, p.mistake("%s are there, of which there may be one", strings.Join(ways, " and "))
	}
	to, err := f.sts(p)
	if err != nil {
		return source{}, err
	}
	r := role{arn: arn, externalID: p.values["external_id"], session: p.values["role_session_name"], sts: to}
	if text := p.values["duration_seconds"]; text != "" {
		if r.seconds, err = strconv.Atoi(text); err != nil || r.seconds < 900 || r.seconds > 43200 {
			return source{}, p.mistake("duration_seconds is no number from 900 to 43200")
		}
	}
	var base source
	switch way := p.values[ways[0]]; {
	case ways[0] == "web_identity_token_file":
		return f.webIdentity(p, r, way)
	case ways[0] == "source_profile" && way == p.name:
		if len(p.has("aws_access_key_id", "aws_secret_access_key")) < 2 {
			return source{}, p.mistake("source_profile is itself, and aws_access_key_id or aws_secret_access_key is missing")
		}
		base.fetch = fixed(p.values["aws_access_key_id"], p.values["aws_secret_access_key"], p.values["aws_session_token"])
	case ways[0] == "source_profile":
		if base, err = f.ofProfile(way, within); err != nil {
			err = &keyError{err: fmt.Errorf("profile %s in %s: source_profile: %w", p.name, p.file, err), mistake: true}
		}
	case strings.EqualFold(way, "Environment"):
		if f.env("AWS_ACCESS_KEY_ID") == "" || f.env("AWS_SECRET_ACCESS_KEY") == "" {
			return source{}, p.mistake("credential_source is Environment, and AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set")
		}
		base.fetch = fixed(f.env("AWS_ACCESS_KEY_ID"), f.env("AWS_SECRET_ACCESS_KEY"), f.env("AWS_SESSION_TOKEN"))
	case strings.EqualFold(way, "Ec2InstanceMetadata"):
		if f.instanceOff() {
			return source{}, p.mistake("credential_source is Ec2InstanceMetadata, which AWS_EC2_METADATA_DISABLED rules out")
		}
		base, err = f.instance(p)
	case strings.EqualFold(way, "EcsContainer"):
		if !f.hasContainer() {
			return source{}, p.mistake("credential_source is EcsContainer, and no AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or AWS_CONTAINER_CREDENTIALS_FULL_URI is set")
		}
		base, err = f.container()
	default:
		return source{}, p.mistake("credential_source is none of Environment, Ec2InstanceMetadata, EcsContainer")
	}
	if err != nil {
		return source{}, err
	}
	return assumed(base, r), nil
}
