package state

import (
	"testing"
	"time"
)

// TestTitle says the worst in a few words.
func TestTitle(t *testing.T) {
	t.Parallel()
	channel := func(c OfChannel, s OfStore, streams ...OfStream) ChannelReport {
		r := ChannelReport{Channel: Channel{State: c}, Store: Store{State: s}}
		for _, of := range streams {
			r.Streams = append(r.Streams, StreamReport{Stream: Stream{State: of}})
		}
		return r
	}
	for want, tt := range map[string]struct {
		channels []ChannelReport
		faulty   bool
	}{
		"no streams yet":              {[]ChannelReport{channel(Running, Unasked)}, false},
		"starting":                    {[]ChannelReport{channel(Starting, Up, Live)}, false},
		"2 live":                      {[]ChannelReport{channel(Running, Up, Live, Ended, Live)}, false},
		"1 ended":                     {[]ChannelReport{channel(Running, Up, Ended)}, false},
		"⚠ stalled":                   {[]ChannelReport{channel(Running, Up, Stalled)}, true},
		"⚠ 1 of 3 held":               {[]ChannelReport{channel(Running, Up, Live, Stalled, Held)}, true},
		"⚠ 2 of 2 behind":             {[]ChannelReport{channel(Running, Up, Behind, Behind)}, false},
		"⚠ store refusing":            {[]ChannelReport{channel(Running, Refusing, Behind)}, true},
		"⚠ 1 of 2 stores unreachable": {[]ChannelReport{channel(Running, Up), channel(Running, Unreachable, Behind)}, false},
		"⚠ 1 of 2 restarting":         {[]ChannelReport{channel(Restarting, Unasked), channel(Running, Unreachable, Held)}, true},
	} {
		r := Report{Channels: tt.channels}
		if r.Finish(); r.Title != want || r.Faulty() != tt.faulty {
			t.Errorf("got %q, faulty %v, want %q, %v", r.Title, r.Faulty(), want, tt.faulty)
		}
		for _, c := range r.Channels {
			for i := 1; i < len(c.Streams); i++ {
				if c.Streams[i].State.Worse(c.Streams[i-1].State) {
					t.Errorf("%s: %s stands behind %s", want, c.Streams[i].State, c.Streams[i-1].State)
				}
			}
		}
	}
}

// TestReserve says how long an outage may last, if that is known.
func TestReserve(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		r    Reserve
		left time.Duration
		ok   bool
	}{
		{Reserve{Waiting: 40, Budget: 100, Rate: 5}, 12 * time.Second, true},
		{Reserve{Waiting: 100, Budget: 100}, 0, true},
		{Reserve{Waiting: 40, Budget: 100}, 0, false},
		{Reserve{Waiting: 40, Rate: 5}, 0, false},
	} {
		if left, ok := tt.r.Left(); left != tt.left || ok != tt.ok {
			t.Errorf("%+v: %v, %v", tt.r, left, ok)
		}
	}
}

// TestEbb measures how fast something becomes less.
func TestEbb(t *testing.T) {
	t.Parallel()
	var e Ebb
	now := time.Unix(1000, 0)
	for i := range 10 {
		rate, left := e.Look(100-5*i, now.Add(time.Duration(i)*time.Second))
		switch {
		case i == 0 && (rate != 0 || left != nil):
			t.Errorf("at first: %v, %v", rate, left)
		case i > 0 && (rate != 5 || left == nil || *left != Seconds(20-i)):
			t.Errorf("after %d s: %v, %v", i, rate, left)
		}
	}
	if rate, left := e.Look(500, now.Add(11*time.Second)); rate != 0 || left != nil {
		t.Errorf("while it becomes more: %v, %v", rate, left)
	}
}
