package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Credentials says which keys sign the requests. There is one source, the first of these that is spoken of; where it has no
// keys, no other one takes its place: AccessKey with SecretKey; AccessKeyFile with SecretKeyFile; Profile of File or of the
// shared files of the AWS tools; AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY; AWS_PROFILE; AWS_WEB_IDENTITY_TOKEN_FILE with
// AWS_ROLE_ARN; the profile "default", if it speaks of keys; AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI; the role of
// the machine, unless AWS_EC2_METADATA_DISABLED is true.
type Credentials struct {
	// AccessKey names the static key.
	AccessKey string
	// SecretKey belongs to AccessKey, SessionToken to temporary keys only.
	SecretKey, SessionToken Secret
	// AccessKeyFile and SecretKeyFile hold one key each and nothing else but white space around it, as
	// mounted secrets do. They are read whenever keys are asked for.
	AccessKeyFile, SecretKeyFile string
	// File is a shared file; empty means AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, or the usual places.
	File string
	// Profile is a section of it; empty means AWS_PROFILE or "default".
	Profile string
	// RoleARN is a role to assume with the keys that were found; empty for none. ExternalID is what its trust policy may ask for.
	RoleARN, ExternalID string
}

// Settings are what a profile says of the store.
type Settings struct {
	// Region and Endpoint are empty if the profile does not speak of them.
	Region, Endpoint string
	// Origin names the profile and its file.
	Origin string
}

// Settings returns what the profile that c and env name, or "default", says of the store. env returns a variable of the
// environment, empty if it is not set. The error is of reading the files; a profile that is not there is none.
func (c Credentials) Settings(env func(string) string) (Settings, error) {
	f := finder{Credentials: c, env: env}
	var err error
	if f.shared, err = readShared(c.File, env); err != nil {
		return Settings{}, err
	}
	p, ok := f.shared.profiles[f.profileName()]
	if !ok {
		return Settings{}, nil
	}
	return Settings{Region: p.values["region"], Endpoint: f.serviceURL("s3", p), Origin: "profile " + p.name + " in " + p.file}, nil
}

// Files returns the files that may hold the keys of c. Where the keys come from env there are none.
func (c Credentials) Files(env func(string) string) []string {
	switch {
	case c.AccessKey != "":
		return nil
	case c.AccessKeyFile != "" || c.SecretKeyFile != "":
		return []string{c.AccessKeyFile, c.SecretKeyFile}
	case c.File != "":
		return []string{c.File}
	case c.Profile == "" && env("AWS_ACCESS_KEY_ID") != "":
		return nil
	}
	home := cmp.Or(env("HOME"), env("USERPROFILE"))
	return []string{cmp.Or(env("AWS_SHARED_CREDENTIALS_FILE"), filepath.Join(home, ".aws", "credentials"))}
}

// maxKeyFile bounds a file with one key, in bytes: one that is larger is another file.
const maxKeyFile = 4 << 10

// fromFiles reads one key from each of the two files.
func (c Credentials) fromFiles(context.Context, *http.Client) (credentials.Value, error) {
	access, err := keyFile(c.AccessKeyFile)
	if err != nil {
		return credentials.Value{}, &keyError{err: err, mistake: true}
	}
	secret, err := keyFile(c.SecretKeyFile)
	if err != nil {
		return credentials.Value{}, &keyError{err: err, mistake: true}
	}
	return credentials.Value{AccessKeyID: access, SecretAccessKey: secret}, nil
}

// keyFile returns the one word that a file holds. Errors do not show it.
func keyFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	words := strings.Fields(string(data))
	switch {
	case err != nil:
		return "", err
	case len(data) > maxKeyFile || len(words) != 1:
		return "", fmt.Errorf("%s does not hold one key and nothing else", name)
	}
	return words[0], nil
}

// harmless drops from an error what may hold a token: the query of a URL, and anything after its first
// line or beyond a few hundred bytes. What a *keyError says beside its text stays.
func harmless(err error) error {
	text, _, _ := strings.Cut(err.Error(), "\n")
	if u, ok := errors.AsType[*url.Error](err); ok {
		where := "its service"
		if parsed, bad := url.Parse(u.URL); bad == nil {
			where = parsed.Host
		}
		text = fmt.Sprintf("ask %s: %v", printable(where, 100), u.Err)
	}
	clean := keyError{err: errors.New(printable(text, 400))}
	if k, ok := errors.AsType[*keyError](err); ok {
		clean.cure, clean.mistake = k.cure, k.mistake
	}
	return &clean
}
