package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/simulation"
	"github.com/attesta/attesta/internal/web"
)

// emptyInDemo are screens on which a year leaves nothing to show, and why. It
// shrinks: whoever fills one takes its line away.
var emptyInDemo = map[string]string{
	"GET /concerns/received":   "the walk is no recipient",
	"GET /posture/differences": "nothing became known late about today; a past day has differences",
}

// unseenInDemo are addresses that the walk does not open, and why.
var unseenInDemo = map[string]string{
	"GET /link/{token}": "used once, by the walk itself", "GET /login": "the walk is logged in", "GET /login/code": "no second factor waits", "GET /login/oidc": "no provider is set", "GET /login/oidc/return": "a provider leads there",
	"GET /events": "a stream", "GET /search": "asks for words", "GET /hosts/compare": "asks for two hosts",
	"GET /engagements/{number}/packages/{package}":       "a package is built by whoever tries it: that takes a minute",
	"GET /engagements/{number}/populations/{extraction}": "frozen within an engagement by the auditor's own hand",
	"GET /evidence/{ref}/{version}/scan":                 "no scanner's result was brought",
	"GET /evidence/{ref}/{version}/package":              "built on the way",
	"GET /standards/{id}/diff":                           "each standard has one version",
	"GET /settings/programme/programme.zip":              "an archive; the test of the folder reads it",
	"GET /static/{name}":                                 "files",
	"GET /integrity/path":                                "asks for a host and a path",
	"GET /acknowledge/{slip}":                            "stands in a mail",
	"GET /training/imports/{number}":                     "stands beside a form that only some open",
	"GET /my/training/{course}/quiz":                     "draws questions",
	"GET /my/training/{course}/results/{attempt}":        "of whoever answered",
	"GET /concerns/received/{id}":                        "of whoever is named; the walk is not",
	"GET /calendar/feed/{token}":                         "a secret of one person, shown once",
	"GET /login/saml/metadata":                           "no provider is set",
	"GET /settings/anchors/{id}":                         "no anchor is set: nothing of a demonstration leaves the machine",
	"GET /settings/anchors/{id}/{receipt}/{file}":        "no anchor is set",
}

var links = regexp.MustCompile(`(?:href|src)="(/[^"#]*)`)

// The demonstration has a year of everything: no list is empty, and each
// state that a stranger should see occurs.
func TestDemoYear(t *testing.T) {
	if testing.Short() {
		t.Skip("a year takes half a minute")
	}
	dir := filepath.Join(t.TempDir(), "demo")
	began := clock.System()
	if err := makeDemo(t.Context(), DataDir(dir), simulation.Plan{Hosts: 12, Days: 365, Seed: 1}, "test", io.Discard); err != nil {
		t.Fatal(err)
	}
	t.Logf("made in %s", clock.System().Sub(began).Round(time.Second))
	t.Run("states", func(t *testing.T) { statesOfDemo(t, DataDir(dir)) })
	now, err := demoClock(t.Context(), DataDir(dir))
	if err != nil {
		t.Fatal(err)
	}
	in := begin(t, local(dir), Options{Clock: now, Demo: true})
	c := in.login().c
	c.Timeout = time.Minute
	t.Run("pack", func(t *testing.T) {
		packOfDemo(t, c, in.ready.URL, "/board-pack", 14)
		packOfDemo(t, c, in.ready.URL, "/board-pack?on="+now().AddDate(0, -2, 0).Format(time.DateOnly), 6)
	})
	t.Run("queue", func(t *testing.T) { queueOfDemo(t, in, c) })
	t.Run("targets", func(t *testing.T) { targetsOfDemo(t, c, in.ready.URL) })
	walked := map[string]int{} // by pattern: pages that were opened
	var patterns []string
	for _, a := range web.Addresses((&parts{}).areas()...) {
		if strings.HasPrefix(a.Pattern, "GET ") {
			patterns = append(patterns, a.Pattern)
		}
	}
	router := http.NewServeMux()
	for _, p := range patterns {
		router.HandleFunc(p, func(http.ResponseWriter, *http.Request) {})
	}
	var queue []string
	for _, p := range patterns {
		if !strings.Contains(p, "{") || strings.HasSuffix(p, "{$}") {
			queue = append(queue, strings.TrimSuffix(strings.TrimPrefix(p, "GET "), "{$}"))
		}
	}
	queue = append(queue, "/findings?state=all", "/exclusions?state=all", "/evidence?state=sent_back", "/vendors/V-2")
	seen := map[string]bool{}
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		req, err := http.NewRequest(http.MethodGet, in.ready.URL+path, nil)
		if err != nil || seen[path] {
			continue
		}
		_, pattern := router.Handler(req)
		if pattern == "" || walked[pattern] >= 3 || unseenInDemo[pattern] != "" {
			continue
		}
		seen[path] = true
		walked[pattern]++
		res, err := c.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		raw, err := io.ReadAll(res.Body)
		res.Body.Close()
		page := string(raw)
		switch {
		case err != nil:
			t.Fatalf("%s: %v", path, err)
		case res.StatusCode != http.StatusOK:
			t.Errorf("%s answers %d", path, res.StatusCode)
			continue
		case !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html"):
			continue
		case !strings.Contains(page, "Demonstration.") && !strings.HasSuffix(pattern, "/print"):
			t.Errorf("%s does not say that it shows a demonstration", path)
		}
		if strings.Contains(page, `class="empty"`) && emptyInDemo[pattern] == "" && !strings.Contains(path, "?") {
			t.Errorf("%s is empty", path)
		}
		for words, on := range map[string]string{"late": "/policies", "sent back": "/evidence", "in force": "/waivers", "missed": "/timeline"} {
			if path == on && !strings.Contains(page, words) {
				t.Errorf("%s shows nothing that is %s", path, words)
			}
		}
		for _, m := range links.FindAllStringSubmatch(page, -1) {
			queue = append(queue, strings.ReplaceAll(m[1], "&amp;", "&"))
		}
	}
	for _, p := range patterns {
		if walked[p] == 0 && unseenInDemo[p] == "" {
			t.Errorf("%s: nothing in the demonstration leads there", p)
		}
	}
	for p := range unseenInDemo {
		if !slices.Contains(patterns, p) && p != "GET /acknowledge/{slip}" && p != "GET /static/{name}" {
			t.Errorf("%s is no address any more: take its exception away", p)
		}
	}
}

// statesOfDemo holds what a stranger should find somewhere.
func statesOfDemo(t *testing.T, dir DataDir) {
	db, err := database.Open(t.Context(), dir.Database(), database.ReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	count := func(query string) int64 {
		t.Helper()
		var n int64
		if err := db.Reader().QueryRowContext(context.Background(), query).Scan(&n); err != nil {
			t.Errorf("%s: %v", query, err)
		}
		return n
	}
	for table, states := range map[string]string{
		"waiver": "asked approved refused withdrawn expired", "exclusion": "asked approved refused ended expired", "finding": "open acknowledged waived closed",
		"notify_message": "delivered failed held", "notify_sending": "sent failed", "population_version": "draft approved",
		"person": "planned here leaving left", "people_item": "open done not_applicable", "people_account": "present gone", "people_reading": "applied held refused",
		"integrity_group": "open explained undone settled", "review_campaign": "running closed", "review_revocation": "open gone", "review_part": "observed",
	} {
		for _, state := range strings.Fields(states) {
			if count(fmt.Sprintf(`SELECT COUNT(*) FROM %s WHERE state = '%s'`, table, state)) == 0 {
				t.Errorf("no %s is %s", strings.ReplaceAll(table, "_", " "), state)
			}
		}
	}
	for _, typ := range strings.Fields(`waiver.asked waiver.approved waiver.refused waiver.withdrawn waiver.expired exclusion.approved exclusion.refused exclusion.ended exclusion.expired
		evidence.added evidence.accepted evidence.sent_back instance.triggered instance.waived population.defined population.frozen population.reconciled population.explained
		engagement.set request.imported request.changed request.message engagement.attached scope.set scope.approved control.adopted control.approved control.tailored control.retired point.considered
		policy.written policy.submitted policy.approved policy.sent_back policy.published policy.acknowledged policy.answered policy.reviewed policy.retired
		finding.opened finding.closed finding.reopened finding.acknowledged finding.waived finding.stale finding.resumed
		user.added user.role_changed user.disabled user.login user.token_made server.started server.stopped canary.judged backup.made reach.declared
		asset.added asset.described asset.reviewed asset.retired asset.disposed flow.declared diagram.made diagram.frozen diagram.approved
		absence.set absence.ended absence.acted work.escalated calendar.planned calendar.cancelled calendar.feed_made raci.set
		webhook.set webhook.paused webhook.delivered webhook.failed mail.set mail.sent mail.failed notice.read view.saved standard.approved standard.tailored
		vendor.asked vendor.approved vendor.refused vendor.report vendor.report_reviewed vendor.leaving vendor.ended questions.answered data_set.written task.created task.done task.dropped task.said bulk.begun bulk.ended
		committee.formed committee.seated committee.independence committee.charter_approved meeting.invited meeting.held meeting.declared meeting.decided meeting.minutes_approved meeting.called_off
		obligation.entered obligation.reviewed obligation.described obligation.ended
		integrity.observed integrity.unexplained integrity.explained integrity.undone integrity.run_signed integrity.compared baseline.asked baseline.made baseline.failed baseline.approved baseline.refused baseline.taken cm_tool.registered cm_tool.ended change.token_signed
		components.found components.approved components.refused components.asked components.answered device_list.added device_list.brought device_list.said device_list.ended reference_host.declared reference_host.replaced reference_host.ended
		review.begun review.decided review.assigned review.closed review.gone review.listed review.duty`) {
		if count(`SELECT COUNT(*) FROM ledger_entry WHERE type = '`+typ+`'`) == 0 {
			t.Errorf("no entry of the type %s", typ)
		}
	}
	for what, query := range map[string]string{
		"a webhook's message that was tried again":  `SELECT COUNT(*) FROM notify_message WHERE state = 'delivered' AND attempts > 1`,
		"a mail that was tried again":               `SELECT COUNT(*) FROM notify_sending WHERE state = 'sent' AND attempts > 1`,
		"a notice that nobody read":                 `SELECT COUNT(*) FROM notify_notice WHERE read_at = 0`,
		"a request that the auditor accepted":       `SELECT COUNT(*) FROM engagement_request_version WHERE content LIKE '%"theirs":"accepted"%'`,
		"a request that was returned":               `SELECT COUNT(*) FROM engagement_request_version WHERE content LIKE '%"theirs":"returned"%'`,
		"two versions of the scope by people":       `SELECT COUNT(*) / 2 FROM ledger_entry WHERE type = 'scope.approved'`,
		"a leaver's account that was found late":    `SELECT COUNT(*) FROM finding WHERE check_id = 'people/leaver-access' AND state = 'closed'`,
		"a leaver's account that is still there":    `SELECT COUNT(*) FROM finding WHERE check_id = 'people/leaver-access' AND state <> 'closed'`,
		"an account that nobody has claimed":        `SELECT COUNT(*) FROM people_account WHERE says = 'asked'`,
		"two people that may be one":                `SELECT COUNT(*) FROM people_doubt WHERE answer = ''`,
		"a finding that closed in time":             `SELECT COUNT(*) FROM finding WHERE state = 'closed' AND closed_at <= due_at`,
		"a finding that is late":                    fmt.Sprintf(`SELECT COUNT(*) FROM finding WHERE state IN ('open', 'acknowledged') AND due_at < %d`, clock.System().UnixMicro()),
		"evidence that nobody has reviewed":         `SELECT COUNT(*) FROM evidence_version v WHERE NOT EXISTS (SELECT 1 FROM evidence_review r WHERE r.evidence_id = v.evidence_id AND r.version = v.version)`,
		"an engagement that is closed":              `SELECT COUNT(*) FROM engagement_version WHERE content LIKE '%"state":"closed"%'`,
		"a line of a reconciliation not explained":  `SELECT COUNT(*) FROM reconciliation_line WHERE side <> 'both' AND cause = ''`,
		"changes by package":                        `SELECT COUNT(*) FROM integrity_group WHERE verdict = 'package'`,
		"changes by ticket":                         `SELECT COUNT(*) FROM integrity_group WHERE verdict = 'ticket'`,
		"changes by a run of a tool":                `SELECT COUNT(*) FROM integrity_group WHERE verdict = 'management'`,
		"a token that was used beyond its limits":   `SELECT COUNT(*) FROM integrity_group WHERE exceeded > 0`,
		"a host whose watching was downgraded":      `SELECT COUNT(*) FROM finding WHERE check_id = 'integrity/watching-in-force' AND state <> 'closed'`,
		"a component that waits for an answer":      `SELECT COUNT(*) FROM component WHERE asked = 1 AND state = 'new'`,
		"a component whose approval ended":          `SELECT COUNT(*) FROM component WHERE state = 'expired'`,
		"a component that was refused, still there": `SELECT COUNT(*) FROM component WHERE state = 'refused'`,
		"a component that went":                     `SELECT COUNT(*) FROM component WHERE state = 'gone'`,
		"an approval for some hosts, until a day":   `SELECT COUNT(*) FROM component_decision WHERE scope <> '' AND expires_at > 0`,
		"a disk that was encrypted late":            `SELECT COUNT(*) FROM finding WHERE check_id = 'endpoints/encrypted' AND state = 'closed'`,
		"a device of somebody who left":             `SELECT COUNT(*) FROM finding WHERE check_id = 'endpoints/owner-here' AND state <> 'closed'`,
		"a device that is not heard of":             `SELECT COUNT(*) FROM finding WHERE check_id = 'endpoints/seen' AND state <> 'closed'`,
		"an access review that closed late":         `SELECT COUNT(*) FROM review_campaign WHERE state = 'closed' AND ended_at >= due_at`,
		"access that is still there":                `SELECT COUNT(*) FROM review_revocation WHERE state = 'open' AND saw = 'there'`,
		"an access review as evidence":              `SELECT COUNT(*) FROM review_campaign WHERE evidence <> ''`,
		"a host that left":                          `SELECT COUNT(*) FROM host WHERE retired_at > 0`,
	} {
		if count(query) == 0 {
			t.Errorf("there is not %s", what)
		}
	}
}
