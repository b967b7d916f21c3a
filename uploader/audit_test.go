package uploader

import "github.com/hlsship/hlsship/uploader/plan"

// Audit has the books of u checked in each turn of its Run. wrong is called from there with what does not hold and what is known of the
// files and playlists.
func (u *Uploader) Audit(wrong func(faults []string, state string)) {
	u.advanced = func(may plan.Allowance) {
		faults := u.plan.Check()
		if may == plan.Requests {
			faults = append(faults, u.plan.CheckIdle()...)
		}
		if len(faults) > 0 {
			wrong(faults, u.plan.String())
		}
	}
}
