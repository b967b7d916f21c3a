package plan

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// auditor has the books of a Plan checked while a test drives it.
type auditor struct {
	*Plan
	t    *testing.T
	rest int // calls without a check, so that those of a large Plan take no longer than the calls
}

// effort is how much may be looked at after each call.
const effort = 50

// unaudited has no books checked from now on, as the test measures.
func (d *desk) unaudited() { d.plan.rest = math.MaxInt }

// audit checks the books after a call.
func (a *auditor) audit(idle bool) {
	a.t.Helper()
	if a.rest--; a.rest > 0 {
		return
	}
	b := &books{p: a.Plan}
	b.audit()
	if a.rest = b.size / effort; idle {
		b.idle()
		b.overlooked()
	}
	if len(b.wrong) > 0 {
		a.t.Fatalf("the books are wrong:\n\t%s\n%s", strings.Join(b.wrong, "\n\t"), a.Plan)
	}
}

// Observe and the others are those of the Plan, and check its books.
func (a *auditor) Observe(f hls.File)     { a.t.Helper(); a.Plan.Observe(f); a.audit(false) }
func (a *auditor) ObserveLate(f hls.File) { a.t.Helper(); a.Plan.ObserveLate(f); a.audit(false) }
func (a *auditor) Remember(f hls.File)    { a.t.Helper(); a.Plan.Remember(f); a.audit(false) }
func (a *auditor) Drain()                 { a.t.Helper(); a.Plan.Drain(); a.audit(false) }
func (a *auditor) Scanned()               { a.t.Helper(); a.Plan.Scanned(); a.audit(false) }
func (a *auditor) vanish()                { a.t.Helper(); a.Plan.vanish(); a.audit(false) }
func (a *auditor) EndSurvey(whole bool)   { a.t.Helper(); a.Plan.EndSurvey(whole); a.audit(false) }
func (a *auditor) Recover(now time.Time)  { a.t.Helper(); a.Plan.Recover(now); a.audit(false) }
func (a *auditor) Recheck(now time.Time)  { a.t.Helper(); a.Plan.Recheck(now); a.audit(false) }

func (a *auditor) Report(id uint64, o Outcome) {
	a.t.Helper()
	a.Plan.Report(id, o)
	a.audit(false)
}

func (a *auditor) Yield(path string, seq uint64) {
	a.t.Helper()
	a.Plan.Yield(path, seq)
	a.audit(false)
}

func (a *auditor) Survey(page []Listed) int {
	a.t.Helper()
	n := a.Plan.Survey(page)
	a.audit(false)
	return n
}

func (a *auditor) Next(now time.Time) []Job {
	a.t.Helper()
	jobs := a.Plan.Next(now)
	a.audit(true)
	return jobs
}
