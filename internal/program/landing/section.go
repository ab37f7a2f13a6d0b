package landing

import "github.com/attesta/attesta/internal/facts"

// Section gives what does not hold of a repository as facts of its branch.
func (o Open) Section(branch string) (facts.Section, error) {
	v := facts.Changes{Branch: &branch}
	var missing []facts.Missing
	known := func(name string) bool {
		if why, ok := o.Never[name]; ok {
			missing = append(missing, facts.Missing{Path: "/" + name, State: facts.Absent, Reason: why})
			return false
		}
		if why, ok := o.Unknown[name]; ok {
			missing = append(missing, facts.Missing{Path: "/" + name, State: facts.NotObserved, Reason: why})
			return false
		}
		return true
	}
	for _, k := range []struct {
		name string
		from []Deviation
		to   *[]facts.ChangeDeviation
	}{
		{"direct", o.Direct, &v.Direct}, {"unproven", o.Unproven, &v.Unproven}, {"unapproved", o.Unapproved, &v.Unapproved}, {"untested", o.Untested, &v.Untested}, {"unrequested", o.Unrequested, &v.Unrequested},
		{"unaccepted", o.Unaccepted, &v.Unaccepted}, {"own", o.Own, &v.Own}, {"unmerged", o.Unmerged, &v.Unmerged}, {"unstaged", o.Unstaged, &v.Unstaged}, {"rewritten", o.Rewritten, &v.Rewritten},
		{"emergencies_late", o.EmergenciesLate, &v.EmergenciesLate}, {"emergencies_open", o.EmergenciesOpen, &v.EmergenciesOpen},
	} {
		if !known(k.name) {
			continue
		}
		*k.to = []facts.ChangeDeviation{}
		for _, d := range k.from {
			*k.to = append(*k.to, facts.ChangeDeviation{Ref: d.Ref, Title: d.Title, Day: d.Day})
		}
	}
	v.Environments = append([]string{}, o.Environments...)
	if known("shared_hosts") {
		v.SharedHosts = append([]string{}, o.SharedHosts...)
	}
	return facts.NewSection("changes", v, missing)
}
