package session

import "github.com/hlsship/hlsship/hls"

// Effects is what a Machine has for others, in the order in which it is to be carried out. This file alone writes it.
type Effects struct {
	// Fetch are playlists whose published text is to be told by Published.
	Fetch []string
	// Facts are for the Plan.
	Facts []hls.File
	// Questions are to be answered by Answered.
	Questions []Question
	// Keep are sources that are kept over a restart where they can be.
	Keep []hls.Source
	// Release are sources that nobody needs.
	Release []hls.Source
	// Looks are paths of the directory that the watcher is asked to look at.
	Looks []string
	// Events are what operators are to hear of.
	Events []Event
	// Listings are for the recorder; there are none if Surroundings.Record is false.
	Listings []Listing
}

// Question is whether a store has the bytes of a file under a key.
type Question struct {
	// ID is its number.
	ID uint64
	// Key is the path under which it would be stored, and List the playlist for which that is asked.
	Key, List string
	// File is what the directory has. Whoever answers releases its Source.
	File hls.File
}

// Reply is what the store says.
type Reply uint8

const (
	// Nobody could tell yet.
	Nobody Reply = iota
	// Same: it has these bytes.
	Same
	// Other: it has others.
	Other
	// None: it has none, or nobody will ever know.
	None
	// Changed: the directory has not these bytes any more.
	Changed
)

// Event is what happened to a playlist that an operator should know.
type Event struct {
	// Playlist is its path.
	Playlist string
	// Kind is "run" (another run of the packager began, in the session Name), "hole" (the segment Name did not come, and is left out
	// or marked), "exact" (the playlist is shipped as it is, for the reason Name) or "unrecorded" (it is not recorded, for that).
	Kind, Name string
}

func (e *Effects) fetch(path string)  { e.Fetch = append(e.Fetch, path) }
func (e *Effects) fact(f hls.File)    { e.Facts = append(e.Facts, f) }
func (e *Effects) ask(q Question)     { e.Questions = append(e.Questions, q) }
func (e *Effects) look(path string)   { e.Looks = append(e.Looks, path) }
func (e *Effects) event(x ...Event)   { e.Events = append(e.Events, x...) }
func (e *Effects) list(l Listing)     { e.Listings = append(e.Listings, l) }
func (e *Effects) discard(f hls.File) { f.Share.Release(); e.release(f.Source) }

func (e *Effects) keep(s hls.Source) {
	if s != nil {
		e.Keep = append(e.Keep, s)
	}
}

func (e *Effects) release(s hls.Source) {
	if s != nil {
		e.Release = append(e.Release, s)
	}
}

// take returns what was gathered, and starts over.
func (e *Effects) take() Effects {
	was := *e
	*e = Effects{}
	return was
}
