package recorder

import (
	"time"

	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/recording"
)

// News is what became of a recording.
type News struct {
	// Session is its name, State how it does, and Since when that began.
	Session string
	State   state.OfRecording
	Since   time.Time
	// Summary is what session.json says of one that is closed; nil for another, and if nothing can be listed.
	Summary *recording.Summary
	// Before says that an earlier process closed it, with all that is known now.
	Before bool
	// Dropped is how many sessions were forgotten so far without being closed, because there are too many; this one is the latest. 0 for other news.
	Dropped int
	// Stays is the published path of a closing list that is not replaced, because the new one would not go on from it; empty for none.
	Stays string
}

func (r *Recorder) tell(s *taping, to state.OfRecording, sum *recording.Summary) {
	r.news = append(r.news, News{Session: s.name, State: to, Since: r.now, Summary: sum})
}

func (r *Recorder) stays(s *taping, path string) {
	r.news = append(r.news, News{Session: s.name, State: state.RecordingClosed, Since: r.now, Stays: path})
}

// was tells that an earlier process closed s.
func (r *Recorder) was(s *taping, sum *recording.Summary) {
	r.news = append(r.news, News{Session: s.name, State: state.RecordingClosed, Since: r.now, Summary: sum, Before: true})
}

// drops tells that s is remembered no more.
func (r *Recorder) drops(s *taping) {
	r.dropped++
	r.news = append(r.news, News{Session: s.name, State: state.RecordingBroken, Since: r.now, Dropped: r.dropped})
}

// Take returns what became of recordings since it was called last.
func (r *Recorder) Take() (all []News) {
	all, r.news = r.news, nil
	return all
}
