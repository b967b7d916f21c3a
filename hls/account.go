package hls

import (
	"errors"
	"sync"
)

// ErrMemory is the error of those who cannot read a playlist for now, as its Account has no room.
var ErrMemory = errors.New("playlists take all the memory that they may")

// PerReference is what one name that a playlist has takes while the playlist is read and what it means is found out, in bytes:
// the Reference, its place among those of the playlist, and a part of what is kept of a name that nobody knew before,
// with names of 64 bytes.
const PerReference = 400

// Cost returns the memory, in bytes, that a playlist version takes at most while it is read and until what it names is
// known: its text of so many bytes, the copy that its URIs share, and the references. Where the text is parsed already,
// Playlist.Cost knows more. What is negative counts as 0, and what is above 2^60 as that.
func Cost(text int64, references int) int64 {
	const most = 1 << 60
	return 2*max(0, min(text, most)) + max(0, min(int64(references), most/PerReference))*PerReference
}

const (
	// A share larger than 1/smallShares of the limit is a large one. Large ones together leave 1/reserved of it to small
	// ones, and what is larger than 1/largestShare of it does not fit.
	smallShares, reserved, largestShare = 64, 8, 2
	// mostBytes is more than any machine has, so that sums of it are numbers.
	mostBytes = 1 << 61
)

// Account bounds the memory that the playlists of a process take: those that are read, that wait, that are published or that
// an earlier process left. All channels share one, since whoever writes into one directory must not take what the
// others need: where memory is short, the largest gives way. The zero Account and a nil one bound nothing; NewAccount makes
// one that does. It is safe for concurrent use.
//
// Whoever is about to read a playlist asks whether its Cost Fits, as what does not never will; takes it; parses the text with
// ParseOptions of it; and makes the share as large as the Playlist turned out to be.
type Account struct {
	limit int64 // 0 for none

	mu     sync.Mutex
	used   int64
	shares map[*Share]struct{} // those that may be asked to yield
	freed  chan struct{}       // closed when something is given back; nil if nobody waits
}

// NewAccount returns an Account of so many bytes; 0 or less bounds nothing.
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

// Used returns how many bytes are taken. That may be above the limit, as Set asks nobody.
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

// Fits reports whether so many bytes can be one share, half of the limit at most. To wait for room for what does not fit is
// to wait for ever.
func (a *Account) Fits(bytes int64) bool { return a.Limit() == 0 || bytes <= a.limit/largestShare }

// Large reports whether so many bytes are a large share, one of those that give way to smaller ones.
func (a *Account) Large(bytes int64) bool { return a.Limit() > 0 && bytes > a.limit/smallShares }

// references returns how many references a text of so many bytes may have at most, so that its Cost fits. It is 0 if the text
// alone does not, and maxReferences where nothing is bounded.
func (a *Account) references(text int64) int {
	if a.Limit() == 0 {
		return maxReferences
	}
	return int(max(0, min(maxReferences, (a.limit/largestShare-Cost(text, 0))/PerReference)))
}

// Take takes so many bytes until the Share is released. Where there is no room the largest of those that have a larger share is
// asked to yield, and ok is false. The Share is there all the same, of 0 bytes: to wait, call Freed first, then Take or Grow,
// and if that fails receive from the channel.
func (a *Account) Take(bytes int64) (s *Share, ok bool) {
	s = &Share{account: a}
	return s, s.Grow(bytes)
}

// Freed returns a channel that is closed as soon as something is given back, which may be too little: try again, with a new
// channel. It is nil for a nil Account, where nobody has to wait.
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

// Share is a part of an Account: what one playlist takes. It is safe for concurrent use. A nil Share has no bytes, and takes
// what it is told without a bound.
type Share struct {
	account *Account

	// The rest is guarded by the mu of the account.
	bytes    int64
	released bool
	yield    func() // nil if it cannot be given up, or was called already
}

// Bytes returns how many bytes it has, 0 once it is released.
func (s *Share) Bytes() int64 {
	if s == nil || s.account == nil {
		return 0
	}
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	return s.bytes
}

// Grow makes the share so many bytes large in all. Where there is no room ok is false, others are asked as by Take, and the share
// stays as it is. A share that is larger already becomes smaller, and one that is released stays so.
func (s *Share) Grow(bytes int64) (ok bool) {
	if s == nil || s.account == nil {
		return true
	}
	a := s.account
	bytes = max(0, min(bytes, mostBytes))
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

// Set makes the share so many bytes large, whether there is room or not: for what is in memory already.
func (s *Share) Set(bytes int64) {
	if s == nil || s.account == nil {
		return
	}
	s.account.mu.Lock()
	defer s.account.mu.Unlock()
	s.account.set(s, max(0, min(bytes, mostBytes)))
}

// MayYield says that the share can be given up: yield is called when others need the room, once and by any goroutine. It must not
// block, may use the Account, and has the share released or made smaller soon; MayYield says then whether it can be asked
// again. nil takes it back, though a call that is under way still comes, after Release as well.
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
	if a.Large(bytes) {
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
