package s3

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	// sessionFresh is how long a session must last to be used without another one being asked for. They last five
	// minutes (S3 CreateSession).
	sessionFresh = time.Minute
	// sessionUsable is how long it must last to be used at all.
	sessionUsable = 10 * time.Second
)

// session holds the keys that sign requests to a directory bucket (S3 Express One Zone), which the store gives for a few
// minutes in exchange for a request that is signed with ours.
type session struct {
	transport *transport
	lock      chan struct{} // buffer 1; held while a session is asked for, which a mutex is not meant for
	current   atomic.Pointer[sessionKeys]
}

// sessionKeys are the keys of a session and those that it was made with.
type sessionKeys struct{ own, with credentials.Value }

func newSession(t *transport) *session { return &session{transport: t, lock: make(chan struct{}, 1)} }

// lasting returns the keys of the session if they last for that long; nil if not.
func (s *session) lasting(with credentials.Value, least time.Duration) *credentials.Value {
	if k := s.current.Load(); k != nil && k.with == with && time.Until(k.own.Expiration) > least {
		return &k.own
	}
	return nil
}

// keys returns what signs the requests of a bucket whose owner's keys are with. One request at a time asks for a new
// session, in the stead of its attempt; the others use the old one as long as they can.
func (s *session) keys(a *attempt, with credentials.Value) (credentials.Value, error) {
	if k := s.lasting(with, sessionFresh); k != nil {
		return *k, nil
	}
	old := s.lasting(with, sessionUsable)
	select {
	case s.lock <- struct{}{}:
		defer func() { <-s.lock }()
	default:
		if old != nil {
			return *old, nil
		}
		select {
		case s.lock <- struct{}{}:
			defer func() { <-s.lock }()
		case <-a.ctx.Done():
			return credentials.Value{}, a.ctx.Err()
		}
	}
	if k := s.lasting(with, sessionFresh); k != nil {
		return *k, nil
	}
	made, err := s.ask(a, with)
	switch {
	case err == nil:
		s.current.Store(&sessionKeys{made, with})
		return made, nil
	case old != nil:
		return *old, nil
	}
	return credentials.Value{}, err
}

// drop forgets a session that the store refused.
func (s *session) drop() { s.current.Store(nil) }

// ask makes a session (S3 CreateSession).
func (s *session) ask(a *attempt, with credentials.Value) (credentials.Value, error) {
	u := s.transport.at.root()
	u.RawQuery = "session"
	req, err := http.NewRequestWithContext(a.ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return credentials.Value{}, err
	}
	resp, err := s.transport.base.RoundTrip(s.transport.sign(req, with, hexSHA256(nil)))
	if err != nil {
		return credentials.Value{}, err
	}
	defer resp.Body.Close() //nolint:errcheck // what was read of it counts
	if resp.StatusCode != http.StatusOK {
		return credentials.Value{}, readAnswer(resp)
	}
	var made struct {
		XMLName     xml.Name `xml:"CreateSessionResult"`
		Credentials struct {
			AccessKeyID     string `xml:"AccessKeyId"`
			SecretAccessKey string
			SessionToken    string
			Expiration      time.Time
		}
	}
	if err := xml.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&made); err != nil {
		return credentials.Value{}, foreign(resp)
	}
	c := made.Credentials
	if c.AccessKeyID == "" || c.SecretAccessKey == "" || c.SessionToken == "" {
		return credentials.Value{}, errors.New("the store made a session without keys")
	}
	return credentials.Value{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken, Expiration: c.Expiration}, nil
}
