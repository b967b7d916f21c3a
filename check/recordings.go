package check

import (
	"context"

	"github.com/hlsship/hlsship/uploader/store"
)

// recordings looks at what recordings need beside the rest: the folder of the prefix is listed, as recover and the next start do. That objects may
// be read back is known by now.
func (s *storeCheck) recordings(ctx context.Context) {
	if !s.config.Record {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	for _, err := range s.store.Folder(ctx, s.config.Prefix) {
		if err == nil {
			break
		}
		if store.KindOf(err) == store.Transient {
			s.found.add(ofStore(err, s.at, "listing the folder of the prefix", "recordings-unlisted", "list-failed"))
			return
		}
		s.found.warn("recordings-unlisted", "Grant s3:ListBucket on the bucket to these credentials for all below the prefix, with and without a delimiter, and s3:GetObject for all below it.",
			"the folder of the prefix cannot be listed: if hlsship is killed, the recording of that run may never be closed; recover finds no sessions, and clip only closed ones (%s)",
			short(causeOf(err)))
		return
	}
	if !s.config.Conditional {
		s.found.note("recordings-unconditional", "Do not run recover while hlsship ships to this prefix.",
			"without conditional writes, hlsship and recover may overwrite each other's lists if both close a session at the same moment")
		return
	}
	s.found.ok("recordings", "sessions can be listed and read back, as recover, clip and the next start do")
}
