package uploader

import "github.com/hlsship/hlsship/uploader/plan"

// Audit has the books of u checked while its Run turns, as far as that takes little. wrong is called from there with what does not hold
// and what is known of the files and playlists.
func (u *Uploader) Audit(wrong func(faults []string, state string)) {
	turns := 0
	u.advanced = func(may plan.Allowance) {
		if turns++; turns%auditEvery != 0 {
			return
		}
		faults := u.plan.Check()
		if may == plan.Requests {
			faults = append(faults, u.plan.CheckIdle()...)
		}
		if len(faults) > 0 {
			wrong(faults, u.plan.String())
		}
	}
}

// auditEvery is how many turns of the loop have the books checked once.
const auditEvery = 1
