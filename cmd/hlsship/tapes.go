package main

import (
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/spool"
)

// tapes are what the spool keeps of recordings, as the uploader uses it.
type tapes struct{ spool *spool.Tapes }

// tapes returns what is kept of recordings at c, nil if the spool is off, or nothing is recorded.
func (k keeping) tapes(c storeConfig, lists listConfig) uploader.Tapes {
	if k.spool == nil || !lists.record {
		return nil
	}
	return tapes{k.spool.Tapes(c.server() + "/" + c.keyPrefix())}
}

// Left implements uploader.Tapes.
func (t tapes) Left() []uploader.Part { return t.Kept("") }

// Kept implements uploader.Tapes.
func (t tapes) Kept(session string) (all []uploader.Part) {
	for _, one := range t.spool.Kept(session) {
		all = append(all, uploader.Part{Session: one.Session, List: one.List, Sort: uploader.PartSort(one.Sort), Text: one.Text, Number: one.Number})
	}
	return all
}

// Keep implements uploader.Tapes.
func (t tapes) Keep(parts []uploader.Part) {
	all := make([]spool.Tape, len(parts))
	for i, p := range parts {
		all[i] = spool.Tape{Session: p.Session, List: p.List, Sort: byte(p.Sort), Text: p.Text, Number: p.Number}
	}
	t.spool.Keep(all)
}
