package s3

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// giver plays the services that give keys: STS, those of a container and of a machine, and the portal and the token service of
// IAM Identity Center.
type giver struct {
	url string
	// answer, unless nil, may answer in its place.
	answer func(w http.ResponseWriter, r *http.Request) (done bool)

	mu    sync.Mutex
	asked []string
}

func newGiver(t *testing.T, answer func(http.ResponseWriter, *http.Request) bool) *giver {
	t.Helper()
	g := &giver{answer: answer}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// requests returns what was asked so far, one line each.
func (g *giver) requests() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.asked)
}

func (g *giver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		form = url.Values{}
	}
	_, signed, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	by, _, _ := strings.Cut(signed, "/")
	line := strings.TrimSpace(strings.Join([]string{r.Method, r.URL.Path}, " "))
	if form.Get("Action") != "" {
		line = form.Get("Action")
		for _, name := range []string{"RoleArn", "ExternalId", "RoleSessionName", "DurationSeconds", "WebIdentityToken"} {
			if form.Get(name) != "" {
				line += " " + form.Get(name)
			}
		}
		if by != "" {
			line += " by " + by
		}
	}
	g.mu.Lock()
	g.asked = append(g.asked, line)
	g.mu.Unlock()
	if g.answer != nil && g.answer(w, r) {
		return
	}
	g.give(w, r, form)
}

func (g *giver) give(w http.ResponseWriter, r *http.Request, form url.Values) {
	ends := time.Now().Add(time.Hour).UTC()
	const format = `{"Code":"Success","AccessKeyId":%q,"SecretAccessKey":"s","Token":"t","Expiration":%q}`
	switch {
	case form.Get("Action") != "":
		role := path.Base(form.Get("RoleArn"))
		fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials></%[1]sResult></%[1]sResponse>`,
			form.Get("Action"), "role-"+role, ends.Format(time.RFC3339))
	case r.URL.Path == "/container":
		if r.Header.Get("Authorization") != "container-token" {
			w.WriteHeader(401)
			return
		}
		fmt.Fprintf(w, format, "from-container", ends.Format(time.RFC3339))
	case r.URL.Path == "/latest/api/token":
		_, _ = io.WriteString(w, "imds-token")
	case strings.HasPrefix(r.URL.Path, "/latest/") && r.Header.Get("X-aws-ec2-metadata-token") != "imds-token":
		w.WriteHeader(401)
	case r.URL.Path == "/latest/meta-data/iam/security-credentials/":
		_, _ = io.WriteString(w, "machine")
	case r.URL.Path == "/latest/meta-data/iam/security-credentials/machine":
		fmt.Fprintf(w, format, "from-instance", ends.Format(time.RFC3339))
	case r.URL.Path == "/federation/credentials":
		if token := r.Header.Get("X-Amz-Sso_bearer_token"); token != "signed-in" && token != "renewed" {
			w.WriteHeader(401)
			return
		}
		fmt.Fprintf(w, `{"roleCredentials":{"accessKeyId":"sso-%s-%s","secretAccessKey":"s","sessionToken":"t","expiration":%d}}`,
			r.URL.Query().Get("account_id"), r.URL.Query().Get("role_name"), ends.UnixMilli())
	case r.URL.Path == "/token":
		_ = json.NewEncoder(w).Encode(map[string]any{"accessToken": "renewed", "expiresIn": 3600, "refreshToken": "next"})
	default:
		w.WriteHeader(404)
	}
}

// home is a home directory; what is written in its files may name it as HOME and the giver as GIVER.
type home struct {
	dir   string
	giver *giver
}

func newHome(t *testing.T, g *giver) home {
	t.Helper()
	return home{dir: t.TempDir(), giver: g}
}

func (h home) expand(text string) string {
	url := ""
	if h.giver != nil {
		url = h.giver.url
	}
	return strings.NewReplacer("HOME", h.dir, "GIVER", url).Replace(text)
}

// write makes a file below the home.
func (h home) write(t *testing.T, name, text string, mode os.FileMode) {
	t.Helper()
	file := filepath.Join(h.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(h.expand(text)), mode); err != nil {
		t.Fatal(err)
	}
}

// env returns variables, each of the form NAME=VALUE, and no other ones.
func (h home) env(variables string) func(string) string {
	all := map[string]string{"HOME": h.dir}
	for one := range strings.FieldsSeq(h.expand(variables)) {
		name, value, _ := strings.Cut(one, "=")
		all[name] = value
	}
	return func(name string) string { return all[name] }
}
