package hls

import "sync"

// PerReference is what one name that a playlist has takes while the playlist is read and what it means is found out, in bytes:
// the Reference, its place among those of the playlist, and a part of what is kept of a name that nobody knew before.
const PerReference = 400

// Cost returns the memory, in bytes, that a playlist version takes at most while it is read and until what it names is
// known: its text, the copy that its URIs share, and the references.
func Cost(text int64, references int) int64 { return 2*text + int64(references)*PerReference }

const (
	// A share larger than 1/smallShares of the limit is a large one. Large ones together leave 1/reserved of it to small
	// ones, and none is larger than 1/largestShare of it.
	smallShares, reserved, largestShare = 64, 8, 2
)

// Account bounds the memory that the playlists of a process take: those that are read, wait, are published or come from an
// earlier process. All channels share one, since whoever writes into one directory must not take what the others need:
// where memory is short, the largest gives way. The zero Account and a nil one bound nothing; NewAccount makes one
// that does. It is safe for concurrent use.
type Account struct {
	limit int64 // 0 for none

	mu     sync.Mutex
	used   int64
	shares map[*Share]struct{} // those that may be asked to yield
	freed  chan struct{}       // closed when something is given back; nil if nobody waits
}

// NewAccount returns an Account of as many bytes; 0 or less bounds nothing.
func NewAccount(limit int64) *Account {
	return &Account{limit: max(limit, 0), shares: map[*Share]struct{}{}}
}

// Limit returns the bound in bytes, 0 for none.
func (a *Account) Limit() int64 {
	if a == nil {
		return 0
	}
	return a.limit
}

// Used returns how many bytes are taken.
func (a *Account) Used() int64 {
	if a == nil {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.used
}

// Tight reports whether more than half of the memory is taken, so that whoever can do with less should.
func (a *Account) Tight() bool { return a.Limit() > 0 && a.Used() > a.limit/2 }

// Fits reports whether as many bytes could be taken if nobody else took any: what does not fit never will.
func (a *Account) Fits(bytes int64) bool { return a.Limit() == 0 || bytes <= a.limit/largestShare }

// References returns how many references a text of as many bytes may have at most, so that its Cost fits. It is 0 if the
// text alone does not.
func (a *Account) References(text int64) int {
	if a.Limit() == 0 {
		return maxReferences
	}
	return int(max(0, min(maxReferences, (a.limit/largestShare-Cost(text, 0))/PerReference)))
}

// Take takes as many bytes, until the Share is released. Where there is no room, those that have a larger share are asked to
// yield, and ok is false: wait for Freed, which was called before, and try again.
func (a *Account) Take(bytes int64) (s *Share, ok bool) {
	s = &Share{account: a}
	return s, s.Grow(bytes)
}

// Freed returns a channel that is closed as soon as something is given back; nil of a nil Account, where nobody waits.
func (a *Account) Freed() <-chan struct{} {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.freed == nil {
		a.freed = make(chan struct{})
	}
	return a.freed
}

// Share is a part of an Account. It is safe for concurrent use. A nil Share is none of any.
type Share struct {
	account *Account

	// The rest is guarded by the mu of the account.
	bytes    int64
	released bool
	yield    func() // nil if it cannot be given up, or was asked for already
}

// Bytes returns how many it holds.
func (s *Share) Bytes() int64 {
	if s == nil || s.account == nil {
		return 0
	}
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	return s.bytes
}

// Grow makes the share as many bytes large if there is room, as Take does; a share that is larger already becomes smaller.
func (s *Share) Grow(bytes int64) (ok bool) {
	if s == nil || s.account == nil {
		return true
	}
	a := s.account
	a.mu.Lock()
	short := a.short(s, bytes)
	var ask []func()
	if short > 0 {
		ask = a.largest(bytes, short)
	} else {
		a.set(s, bytes)
	}
	a.mu.Unlock()
	for _, yield := range ask {
		yield()
	}
	return short <= 0
}

// Set makes the share as many bytes large, whether there is room or not: for what is there already.
func (s *Share) Set(bytes int64) {
	if s == nil || s.account == nil {
		return
	}
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	s.account.set(s, bytes)
}

// MayYield says that the share can be given up: yield is called, once and from any goroutine, when others need the room. It
// must not block, and sees to it that the share is released or made smaller soon. nil takes it back.
func (s *Share) MayYield(yield func()) {
	if s == nil || s.account == nil {
		return
	}
	a := s.account
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.yield = yield; yield == nil || s.released {
		delete(a.shares, s)
	} else if a.shares != nil {
		a.shares[s] = struct{}{}
	}
}

// Release gives the share back. Calling it again does nothing.
func (s *Share) Release() {
	if s == nil || s.account == nil {
		return
	}
	a := s.account
	a.mu.Lock()
	defer a.mu.Unlock()
	a.set(s, 0)
	s.released = true
	delete(a.shares, s)
}

// short returns how many bytes are missing for s to have as many. The caller holds mu.
func (a *Account) short(s *Share, bytes int64) int64 {
	if a.limit == 0 || s.released || bytes <= s.bytes {
		return 0
	}
	limit := a.limit
	if bytes > a.limit/smallShares {
		limit -= a.limit / reserved
	}
	return a.used - s.bytes + bytes - limit
}

// set makes s as many bytes large. The caller holds mu.
func (a *Account) set(s *Share, bytes int64) {
	if s.released {
		return
	}
	a.used += bytes - s.bytes
	less := bytes < s.bytes
	s.bytes = bytes
	if less && a.freed != nil {
		close(a.freed)
		a.freed = nil
	}
}

// largest returns how to ask for shares that are larger than as many bytes, the largest first, until they make up for what is
// short. The caller holds mu, and calls them without it.
func (a *Account) largest(than, short int64) []func() {
	var ask []func()
	for short > 0 {
		var most *Share
		for s := range a.shares {
			if s.yield != nil && s.bytes > than && (most == nil || s.bytes > most.bytes) {
				most = s
			}
		}
		if most == nil {
			break
		}
		ask = append(ask, most.yield)
		short -= most.bytes
		most.yield = nil
		delete(a.shares, most)
	}
	return ask
}
