package population

type starter struct {
	slug    string
	content Content
}

// shipped are the definitions that a new deployment begins with, as drafts.
func shipped() []starter {
	return []starter{
		{"hosts", Content{Title: "Hosts", Source: "hosts", Date: "present", Apply: true,
			Purpose:  "What the checks of hosts are about: every host whose agent reports, at an instant or at any time of a window.",
			Boundary: "A host is present from its first facts until it is retired; one that reports again is present again. A host without an agent is not here: reconcile with what neighbours and name servers know."}},
		{"hosts-joined", Content{Title: "Hosts that joined", Source: "hosts", Date: "first_seen", Apply: true,
			Purpose: "Hosts whose set-up falls into the window: was each hardened and approved before it served?"}},
		{"findings-raised", Content{Title: "Findings raised", Source: "findings", Date: "opened",
			Purpose:  "Deviations from configuration standards that were detected in the window: was each acted on in time?",
			Boundary: "A finding is opened at the moment at which the failing state was observed. One that is open at the end of the window is a member, with its state then."}},
		{"findings-open", Content{Title: "Findings open in the window", Source: "findings", Date: "open",
			Purpose: "Deviations that existed at any time of the window, also those raised before it began."}},
		{"changes-landed", Content{Title: "Changes to production branches", Source: "changes", Date: "landed", Filter: `item.manner != "manual"`,
			Purpose:  "Every change of the window: was each requested, tested, approved by another person and deployed as it was merged?",
			Boundary: "A change is what landed on the production branch at once, by the moment at which it landed. A direct push is a change like any other. Reconcile with deployments: what was deployed and never merged stands there alone."}},
		{"changes-emergency", Content{Title: "Emergency changes", Source: "changes", Date: "landed", Filter: `item.emergency != ""`,
			Purpose: "Changes that went around the usual way in an emergency: was each reviewed by another person in time?"}},
		{"changes-manual", Content{Title: "Changes asked for by hand", Source: "changes", Date: "landed", Filter: `item.manner == "manual"`,
			Purpose: "Work on hosts and databases that no repository holds: was each approved before it was done?"}},
		{"deployments-production", Content{Title: "Deployments", Source: "deployments", Date: "deployed", Filter: `item.state == "success"`,
			Purpose:  "Every deployment of the window: was what it brought merged before, and did somebody else than its authors deploy it?",
			Boundary: "A deployment is what a pipeline, a forge or a person reported. Reconcile with what agents saw change on hosts: what changed without a deployment stands there alone."}},
		{"vendors", Content{Title: "Vendors in the window", Source: "vendors", Date: "used",
			Purpose:  "Vendors and subservice organisations that were used at any time of the window: was each approved before it was engaged, reviewed in time, and does a report speak of the window?",
			Boundary: "A vendor is used from contract, first payment or first access, whichever came first. One that nobody entered is not here: hold the list against payments, sign-ins and grants."}},
		{"assets", Content{Title: "Assets in the window", Source: "assets", Date: "used",
			Purpose:  "What the organisation had at any time of the window: has each an owner who is still here, a class of data, an environment, and was it reviewed within a year?",
			Boundary: "Hosts, databases and vendors are here by themselves, silent ones too. What nobody entered and no register knows is not: hold the list against invoices and accounts. What another register says of an asset, and whether an owner is still here, is as it stands when the population is extracted."}},
		{"assets-retired", Content{Title: "Assets retired in the window", Source: "assets-retired", Date: "gone",
			Purpose: "Assets that went out of use in the window: is shown what became of each and of the data on it?"}},
		{"vendors-engaged", Content{Title: "Vendors engaged", Source: "vendors-engaged", Date: "engaged",
			Purpose: "Vendors that were engaged in the window: was each examined and approved by another person before?"}},
		{"vendors-ended", Content{Title: "Vendors ended", Source: "vendors-ended", Date: "ended",
			Purpose: "Vendors whose use ended in the window: was all access removed and what became of our data shown?"}},
		{"vendor-reviews-due", Content{Title: "Vendor reviews due in the window", Source: "vendor-reviews", Date: "due",
			Purpose: "Reviews of vendors that were due in the window: was each done in time, by somebody who does not manage the vendor?"}},
		{"policy-acknowledgements", Content{Title: "Policy acknowledgements", Source: "policy-acknowledgements", Date: "due",
			Purpose:  "Each person and each version of a policy that asked them: was it acknowledged by the day that was set?",
			Boundary: "Whom a version asks follows from the roles that people held while it did. Who left, or whose version was replaced, before the day that was set is a member of state no_need."}},
		{"training-assignments", Content{Title: "Trainings due", Source: "training-assignments", Date: "due",
			Purpose:  "Each day of the window by which somebody had to have completed a course: was it completed in time, in a version that still counts?",
			Boundary: "Everybody whom an assignment holds: employees, contractors, and logins that are nobody's in the register. Days of absence move the day. Who left, or was not asked any more, before the day is not applicable; somebody without a login fails after it like everybody else, and the reason says so."}},
		{"waivers", Content{Title: "Waivers in force", Source: "waivers", Date: "in_force",
			Purpose: "What was accepted rather than mended: did somebody else approve each waiver, and did it end?"}},
		{"people", Content{Title: "People", Source: "people", Date: "present",
			Purpose:  "Everybody who worked for the organisation at any time of the window: was each trained, did each acknowledge the policies?",
			Boundary: "A person is here from the first day that a source says, else from when Attesta first heard of them, until the end of the last day or until the directory no longer had them. Accounts without a person are of kind service."}},
		{"joiners", Content{Title: "People who joined", Source: "people", Date: "joined", Filter: `item.kind != "service"`,
			Purpose: "Was each new employee and contractor checked, bound to confidentiality and given access by role?"}},
		{"leavers", Content{Title: "People who left", Source: "people", Date: "left", Filter: `item.kind != "service"`,
			Purpose:  "Was each leaver's access removed in time, as the systems themselves say?",
			Boundary: "access says removed only where every account that was known to be theirs was observed to be gone or to let nobody in. Where one is not observed, not decided or was never seen, access_in_time is not known, and access_reason says why."}},
		{"movers", Content{Title: "People who changed role", Source: "people", Date: "moved", Filter: `item.kind != "service"`,
			Purpose: "Was the access of the old work taken back from each who changed team or title?"}},
	}
}
