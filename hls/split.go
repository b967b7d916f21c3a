package hls

import "sync"

// Split returns two Sources of the bytes of s, each of which is released by itself: s is released with the last of them. If s is a
// Keeper both are. Whoever calls it uses s no more. nil is split into nil.
func Split(s Source) (a, b Source) {
	if s == nil {
		return nil, nil
	}
	c := &common{source: s, users: 2}
	if keeper, ok := s.(Keeper); ok {
		return &keptPart{part{common: c}, keeper}, &keptPart{part{common: c}, keeper}
	}
	return &part{common: c}, &part{common: c}
}

// common is a Source that several share.
type common struct {
	source Source

	mu    sync.Mutex
	users int
}

// part is what one of them has.
type part struct {
	*common
	once sync.Once
}

// Open implements Source.
func (p *part) Open() (Reader, error) { return p.source.Open() }

// Release implements Source.
func (p *part) Release() {
	p.once.Do(func() {
		p.mu.Lock()
		p.users--
		last := p.users == 0
		p.mu.Unlock()
		if last {
			p.source.Release()
		}
	})
}

// keptPart is a part of a Keeper.
type keptPart struct {
	part
	keeper Keeper
}

var _ Keeper = (*keptPart)(nil)

// Keep implements Keeper.
func (p *keptPart) Keep(folder string) { p.keeper.Keep(folder) }
