package spool

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// maxFormer bounds how many spool folders that were moved away stay open for what they hold: whoever moves them again and
// again is not to take all descriptors.
const maxFormer = 4

// takenPause is the time from one line in the log about a spool folder that was taken away to the next; those between are
// counted.
const takenPause = time.Hour

// errMovedAgain says that it was moved away more often than that.
var errMovedAgain = errors.New("it is moved away again and again")

// renew opens the spool folder if there is none, if its name means another one, or if others may write to it now. What
// lies in the former one is of use as long as it can be reached.
func (s *Spool) renew(ctx context.Context) {
	s.mu.Lock()
	b := s.base
	early := b == nil && s.sys.now().Before(s.retry)
	s.mu.Unlock()
	if early || b != nil && b.is(s.config.Dir) {
		return
	}
	if b != nil {
		s.mu.Lock()
		s.base, s.former = nil, append(s.former, b)
		s.mu.Unlock()
		s.tellTaken()
	}
	recovered, err := s.reopen()
	if err != nil {
		s.trouble("open", "", err)
		return
	}
	s.mu.Lock()
	s.retry = time.Time{}
	if s.base != nil && !s.run.IsZero() {
		_ = s.base.writeBegan(s.run) // stillRuns tries again
	}
	s.mu.Unlock()
	if len(recovered) > 0 {
		s.config.Late(ctx, recovered)
	}
}

// taken is what the log was told of spool folders that were taken away. It is owned by Run.
type taken struct {
	told     time.Time
	repeated int // since
}

// tellTaken logs that the spool folder is gone, unless the log has been told of the like: a mirror that deletes what its
// source has not, such as rsync --delete, takes it away each time.
func (s *Spool) tellTaken() {
	t := &s.taken
	if now := s.sys.now(); t.told.IsZero() || now.Sub(t.told) >= takenPause {
		s.config.Logger.Warn("spool folder was moved or removed, or is open to others; it is made again", "spool", s.folder,
			"repeated", t.repeated, "cure", "leave it alone while hlsship runs (rsync --delete needs --exclude .hlsship), or have it "+
				"elsewhere with --spool-dir; what it held survives only while hlsship runs, if at all")
		*t = taken{told: now}
		return
	}
	t.repeated++
}

// isTaken reports whether the spool folder was taken away, which renew tells and mends.
func (s *Spool) isTaken() bool {
	s.mu.Lock()
	b := s.base
	s.mu.Unlock()
	return b != nil && !b.is(s.config.Dir)
}

// reopen goes on with the folder that has the name now. One that came back is still locked by this process, and nothing in
// it is news.
func (s *Spool) reopen() (recovered []hls.File, err error) {
	s.forsake()
	s.mu.Lock()
	former := slices.Clone(s.former)
	s.mu.Unlock()
	for _, b := range former {
		if b.is(s.config.Dir) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.base, s.former = b, slices.DeleteFunc(s.former, func(one *base) bool { return one == b })
			return nil, nil
		}
	}
	if len(former) > maxFormer {
		return nil, errMovedAgain
	}
	return s.begin(s.config.Late != nil)
}

// forsake closes spool folders that were moved away and hold nothing any more.
func (s *Spool) forsake() {
	used := map[*base]bool{}
	for _, e := range s.list() {
		e.mu.Lock()
		used[e.base] = true
		e.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.former = slices.DeleteFunc(s.former, func(b *base) bool {
		if !used[b] {
			b.close()
		}
		return !used[b]
	})
}
