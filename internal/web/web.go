package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/audit/export"
	"github.com/attesta/attesta/internal/audit/reliance"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/directory"
	"github.com/attesta/attesta/internal/base/access/factor"
	"github.com/attesta/attesta/internal/base/access/identity"
	"github.com/attesta/attesta/internal/base/access/passkey"
	"github.com/attesta/attesta/internal/base/access/saml"
	"github.com/attesta/attesta/internal/base/backup"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/health"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/notify"
	"github.com/attesta/attesta/internal/notify/mail"
	"github.com/attesta/attesta/internal/notify/webhook"
	"github.com/attesta/attesta/internal/operations/activity"
	"github.com/attesta/attesta/internal/operations/bulk"
	"github.com/attesta/attesta/internal/operations/desk"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/web/screen"
	"github.com/attesta/attesta/internal/web/ui"
)

// Config is all that the screens depend on. Fields without a default beside
// them are required.
type Config struct {
	Access      *access.Service
	Second      *factor.Service
	Directory   *directory.Service
	Passkeys    *passkey.Service
	Provider    *identity.Service
	SAML        *saml.Service
	Posture     *posture.Service
	Ledger      *ledger.Log
	Scopes      *scope.Service
	Instances   *instance.Service
	Evidence    *evidence.Service
	Controls    *control.Service
	Standards   *standard.Service
	Outcomes    *outcome.Service
	Findings    *finding.Service
	Waivers     *waiver.Service
	Exclusions  *exclusion.Service
	Populations *population.Service
	Hosts       *host.Service
	Clock       clock.Clock     // clock.System
	Logger      *slog.Logger    // slog.Default()
	PublicURL   string          // "http://localhost:8080": decides the cookie's Secure and the words of commands
	DataDir     string          // named in commands that people copy; may be empty
	Stop        <-chan struct{} // closed when the server begins to stop: event streams end
	Engagements *engagement.Service
	Reliance    *reliance.Service
	Blobs       *blobs.Dir
	Packages    *export.Service
	Desk        *desk.Service
	Bulk        *bulk.Service
	Activity    *activity.Service
	Health      *health.Monitor
	Jobs        *jobs.Runner
	Backups     *backup.Service
	Notices     *notify.Service // nil: nobody is told of anything
	Webhooks    *webhook.Service
	Mail        *mail.Service
	// Begin gives what the programme begins with, as far as it is done; none when all of
	// it is, or for whoever does none of it. May be nil.
	Begin func(ctx context.Context, who access.Principal) ([]ui.FirstStep, error)
	// Work counts what waits for a person, of now where fresh; nil: nothing is counted.
	Work  func(ctx context.Context, who access.Principal, fresh bool) (int, error)
	Areas []screen.Area // whose screens live in packages of their own
	Demo  bool          // every screen says that it shows a demonstration
}

// Site is the handler of all screens.
type Site struct {
	cfg     Config
	content *content
	assets  ui.Assets
	secure  bool
	lists   []list
	exports chan struct{} // lists that are being written to files: one for each
	mux     *http.ServeMux
	actions map[string]access.Action // by pattern; never changed once mux answers
}

// maxExports is how many lists are written to files at once.
const maxExports = 4

// route is one line of the table below.
type route struct {
	pattern string        // of http.ServeMux
	action  access.Action // what its reader needs; public for the door
	handle  handler
}

// handler answers a request of somebody who may make it.
type handler func(w http.ResponseWriter, r *request) error

// public marks a route that needs nobody to be signed in. It is no action of
// the access table, so Authorise would refuse it.
const public = screen.Public

// request is an HTTP request with who makes it and what its period is.
type request struct {
	*http.Request
	who    access.Principal
	now    time.Time
	system string // what the organisation calls its system
	period period
	words  words

	matching int64 // how many lines the list that is shown has in all; 0 where it does not say
}

// routes is every address of the site with what its reader needs.
func (s *Site) routes() []route {
	return []route{
		{"GET /{$}", access.PostureRead, s.home},
		{"GET /criteria", access.PostureRead, s.criteria},
		{"GET /criteria/{id}", access.PostureRead, s.criterion},
		{"POST /criteria/{id}/points/{number}", access.ControlEdit, s.considerPoint},
		{"GET /posture/differences", access.PostureRead, s.differences},
		{"GET /controls", access.ControlRead, s.controls},
		{"GET /controls/library", access.ControlRead, s.library},
		{"POST /controls/library", access.ControlEdit, s.adoptStarter},
		{"GET /controls/library/{slug}", access.ControlRead, s.libraryControl},
		{"GET /controls/{slug}", access.ControlRead, s.control},
		{"POST /controls/{slug}/approve", access.ControlEdit, s.approveControl},
		{"POST /controls/{slug}/adopt", access.ControlEdit, s.adoptControl},
		{"POST /controls/{slug}/tailor", access.ControlEdit, s.tailorControl},
		{"POST /controls/{slug}/retire", access.ControlEdit, s.retireControl},
		{"POST /controls/{slug}/instances", access.InstanceRecord, s.sayOfInstance}, // the service asks for more, by what is said
		{"GET /scope", access.ScopeRead, s.scopePage},
		{"GET /scope/edit", access.ScopeEdit, s.newScope},
		{"POST /scope/edit", access.ScopeEdit, s.editScope},
		{"POST /scope/approve", access.ScopeApprove, s.approveScope},
		{"GET /evidence", access.EvidenceRead, s.evidenceList},
		{"GET /evidence/new", access.EvidenceAdd, s.newEvidence},
		{"POST /evidence", access.EvidenceAdd, s.addEvidence},
		{"GET /evidence/{ref}", access.EvidenceRead, s.evidenceItem},
		{"POST /evidence/{ref}/review", access.EvidenceReview, s.reviewEvidence},
		{"POST /evidence/{ref}/redact", access.EvidenceRedact, s.redactEvidence},
		{"GET /evidence/{ref}/{version}/content", access.EvidenceRead, s.evidenceContent},
		{"GET /evidence/{ref}/{version}/scan", access.EvidenceRead, s.evidenceScan},
		{"GET /evidence/{ref}/{version}/package", access.EvidenceRead, s.evidencePackage},
		{"GET /crosswalks", access.ControlRead, s.crosswalks},
		{"GET /crosswalks/{id}", access.ControlRead, s.crosswalk},
		{"GET /checks/{pack}/{check}", access.StandardRead, s.check},
		{"GET /checks/{pack}/{check}/tailor", access.StandardRead, s.tailorCheckForm},
		{"POST /checks/{pack}/{check}/tailor", access.StandardTailor, s.tailorCheck},
		{"GET /hosts", access.HostRead, s.hosts},
		{"GET /hosts/compare", access.HostRead, s.compareHosts},
		{"GET /hosts/{id}", access.HostRead, s.host},
		{"POST /hosts/{id}/edit", access.HostEdit, s.editHost},
		{"GET /hosts/{id}/sections/{section}", access.HostRead, s.hostSection},
		{"GET /findings", access.FindingRead, s.findings},
		{"GET /findings/{ref}", access.FindingRead, s.finding},
		{"POST /findings/{ref}/acknowledge", access.FindingAcknowledge, s.acknowledge},
		{"POST /findings/{ref}/release", access.FindingAcknowledge, s.release},
		{"POST /findings/{ref}/assign", access.FindingAssign, s.assign},
		{"GET /waivers", access.WaiverRead, s.waivers},
		{"GET /waivers/new", access.WaiverAsk, s.newWaiver},
		{"POST /waivers", access.WaiverAsk, s.askWaiver},
		{"GET /waivers/{ref}", access.WaiverRead, s.waiver},
		{"POST /waivers/{ref}/approve", access.WaiverApprove, s.approveWaiver},
		{"POST /waivers/{ref}/refuse", access.WaiverApprove, s.refuseWaiver},
		{"POST /waivers/{ref}/withdraw", access.WaiverAsk, s.withdrawWaiver},
		{"GET /exclusions", access.ExclusionRead, s.exclusions},
		{"GET /exclusions/new", access.ExclusionAsk, s.newExclusion},
		{"POST /exclusions", access.ExclusionAsk, s.askExclusion},
		{"GET /exclusions/{ref}", access.ExclusionRead, s.exclusion},
		{"POST /exclusions/{ref}/approve", access.ExclusionApprove, s.decideExclusion},
		{"POST /exclusions/{ref}/refuse", access.ExclusionApprove, s.decideExclusion},
		{"POST /exclusions/{ref}/end", access.ExclusionAsk, s.decideExclusion},
		{"GET /populations", access.PopulationRead, s.populations},
		{"GET /populations/new", access.PopulationEdit, s.newPopulation},
		{"POST /populations", access.PopulationEdit, s.definePopulation},
		{"GET /populations/{slug}", access.PopulationRead, s.population},
		{"GET /populations/{slug}/edit", access.PopulationEdit, s.editPopulation},
		{"POST /populations/{slug}/approve", access.PopulationApprove, s.approvePopulation},
		{"POST /populations/{slug}/extract", access.PopulationExtract, s.extractPopulation},
		{"POST /populations/{slug}/retire", access.PopulationEdit, s.retirePopulation},
		{"GET /extractions/{ref}", access.PopulationRead, s.extraction},
		{"GET /extractions/{ref}/{file}", access.PopulationRead, s.extractionFile},
		{"POST /extractions/{ref}/again", access.PopulationExtract, s.extractAgain},
		{"POST /extractions/{ref}/neighbours", access.PopulationEdit, s.reconcileNeighbours},
		{"POST /extractions/{ref}/reconcile", access.PopulationEdit, s.reconcile},
		{"GET /reconciliations/{id}", access.PopulationRead, s.reconciliation},
		{"POST /reconciliations/{id}/explain", access.PopulationEdit, s.explain},
		{"GET /standards", access.StandardRead, s.standards},
		{"GET /standards/{id}", access.StandardRead, s.standard},
		{"GET /standards/{id}/diff", access.StandardRead, s.standardDiff},
		{"POST /standards/{id}/approve", access.StandardApprove, s.approve},
		{"GET /timeline", access.EvidenceRead, s.timeline},
		{"GET /engagements", access.EngagementRead, s.engagements},
		{"GET /engagements/new", access.EngagementEdit, s.newEngagement},
		{"POST /engagements/new", access.EngagementEdit, s.createEngagement},
		{"GET /engagements/{number}", access.EngagementRead, s.engagement},
		{"GET /engagements/{number}/change", access.EngagementEdit, s.changeEngagementForm},
		{"POST /engagements/{number}/change", access.EngagementEdit, s.changeEngagement},
		{"POST /engagements/{number}/populations", access.PopulationExtract, s.freezePopulation},
		{"GET /engagements/{number}/populations/{extraction}", access.EngagementRead, s.tieOut},
		{"POST /engagements/{number}/packages", access.PackageExport, s.buildPackage},
		{"GET /engagements/{number}/packages/{package}", access.PackageRead, s.takePackage},
		{"GET /engagements/{number}/requests.xlsx", access.EngagementRead, s.requestWorkbook},
		{"POST /engagements/{number}/requests", access.RequestAnswer, s.askRequest},
		{"POST /engagements/{number}/requests/import", access.RequestAnswer, s.importRequests},
		{"GET /engagements/{number}/requests/{ref}", access.EngagementRead, s.request},
		{"POST /engagements/{number}/requests/{ref}/answer", access.RequestAnswer, s.answerRequest},
		{"POST /engagements/{number}/requests/{ref}/judge", access.RequestJudge, s.judgeRequest},
		{"POST /engagements/{number}/requests/{ref}/messages", access.RequestAnswer, s.writeMessage},
		{"POST /engagements/{number}/requests/{ref}/attach", access.RequestAnswer, s.attachExhibit},
		{"POST /standards/{id}/tier", access.StandardTailor, s.switchTier},
		{"GET /reliance", access.RelianceRead, s.reliance},
		{"POST /reliance", access.RelianceDeclare, s.declareReach},
		{"POST /reliance/export", access.RelianceRead, s.takeReliance},
		{"GET /ledger", access.LedgerRead, s.ledger},
		{"GET /ledger/{entry}", access.LedgerRead, s.entry},
		{"GET /ledger/{entry}/proof", access.LedgerRead, s.proofFile},
		{"GET /events", access.PostureRead, s.events},
		{"GET /search", access.SessionManageOwn, s.search},       // each kind asks for its own action
		{"GET /views/{id}", access.SessionManageOwn, s.openView}, // and the list's own
		{"POST /views", access.SessionManageOwn, s.saveView},
		{"POST /views/{id}/share", access.ViewShare, s.shareView},
		{"POST /views/{id}/remove", access.SessionManageOwn, s.removeView},
		{"POST /bulk", access.BulkAct, s.chooseMany},             // and the list's own, and the act's
		{"POST /export/{list}", access.ListExport, s.exportList}, // and the list's own

		{"GET /settings/health", access.HealthRead, s.health},
		{"GET /settings/backup", access.BackupRead, s.backups},
		{"POST /settings/backup", access.BackupMake, s.changeBackups}, // the service asks for more, by what is done
		{"GET /settings/backup/{id}", access.BackupRead, s.backup},
		{"POST /settings/backup/{id}", access.BackupMake, s.changeBackup},
		{"GET /settings/users", access.UserRead, s.users},
		{"POST /settings/users", access.UserManage, s.addUser},
		{"GET /settings/users/{id}", access.UserManage, s.user},
		{"POST /settings/users/{id}", access.UserManage, s.changeUser},
		{"GET /settings/login", access.SettingsRead, s.loginSettings},
		{"POST /settings/login", access.SettingsEdit, s.changeLoginSettings},
		{"POST /settings/login/provider", access.UserManage, s.changeProvider},
		{samlForm, access.UserManage, s.changeSAML},
		{"POST /settings/login/try", access.UserManage, s.tryProvider},
		{"POST /account/provider", access.SessionManageOwn, s.changeOwnProvider},
		{"GET /settings/directory", access.UserRead, s.directory},
		{"POST /settings/directory", access.UserManage, s.changeDirectory},
		{"GET /inbox", access.NotificationRead, s.inbox},
		{"POST /inbox", access.NotificationEdit, s.readInbox},
		{"GET /account/notifications", access.NotificationRead, s.choices},
		{"POST /account/notifications", access.NotificationEdit, s.choose},
		{"GET /settings/mail", access.SettingsRead, s.mail},
		{"POST /settings/mail", access.SettingsEdit, s.changeMail},
		{"GET /settings/webhooks", access.SettingsRead, s.webhooks},
		{"POST /settings/webhooks", access.SettingsEdit, s.addWebhook},
		{"GET /settings/webhooks/{id}", access.SettingsRead, s.webhook},
		{"POST /settings/webhooks/{id}", access.SettingsEdit, s.changeWebhook},
		{"GET /account", access.SessionManageOwn, s.account},
		{"POST /account/password", access.SessionManageOwn, s.changePassword},
		{"GET /account/second", access.SessionManageOwn, s.second},
		{"POST /account/second", access.SessionManageOwn, s.changeSecond},
		{"POST /account/passkeys", access.SessionManageOwn, s.changePasskeys},
		{"POST /account/passkeys/ask", access.SessionManageOwn, s.askProof},
		{"GET /account/tokens", access.SessionManageOwn, s.tokens},
		{"POST /account/tokens", access.SessionManageOwn, s.makeToken},
		{"POST /account/tokens/revoke", access.SessionManageOwn, s.revokeToken},
		{"POST /account/sessions/end", access.SessionManageOwn, s.endSession},
		{"POST /logout", access.SessionManageOwn, s.logout},
		{"POST /theme", access.SessionManageOwn, s.theme},

		{"GET /login", public, s.loginForm},
		{"POST /login", public, s.login},
		{"POST /login/passkey", public, s.loginByPasskey},
		{"POST /login/passkey/ask", public, s.askPasskey},
		{"POST /login/code/ask", public, s.askSecond},
		{"GET /login/oidc", public, s.toProvider(identity.OIDC)},
		{"GET " + identity.Return, public, s.fromOIDC},
		{"GET /login/saml", public, s.toProvider(saml.Way)},
		{"GET " + saml.Metadata, public, s.samlMetadata},
		{samlLanding, public, s.landSAML},
		{samlReturn, public, s.fromSAML},
		{"GET /login/code", public, s.codeForm},
		{"POST /login/code", public, s.code},
		{"GET /link/{token}", public, s.link},
		{"POST /link/{token}", public, s.useLink},
		{"GET " + notify.SlipPath + "{slip}", public, s.slip},
		{"POST " + notify.SlipPath + "{slip}", public, s.useSlip},
	}
}

// Address is one address of the site and what its reader needs.
type Address struct {
	Pattern string        // of http.ServeMux
	Action  access.Action // "" where nobody needs to be logged in
}

// Addresses gives every address of a site with these areas but its static files.
func Addresses(areas ...screen.Area) []Address {
	var all []Address
	s := &Site{cfg: Config{Areas: areas}}
	for _, rt := range slices.Concat(s.routes(), s.areaRoutes()) {
		a := Address{Pattern: rt.pattern, Action: rt.action}
		if a.Action == public {
			a.Action = ""
		}
		all = append(all, a)
	}
	return all
}

// LinkPath is the path of the page that a one-time link leads to.
func LinkPath(token string) string { return "/link/" + url.PathEscape(token) }

// New makes the site.
func New(cfg Config) (http.Handler, error) {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	u, err := url.Parse(cfg.PublicURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fault.New(fault.Invalid, "the public address %q is not an address", cfg.PublicURL).
			At("", 0, "public_url").WithHint("write it as https://attesta.example.org, without a path")
	}
	s := &Site{cfg: cfg, secure: u.Scheme == "https", exports: make(chan struct{}, maxExports)}
	s.lists = slices.Concat(allLists(), s.areaLists())
	static, err := newStatic(ui.Static())
	if err != nil {
		return nil, err
	}
	s.assets = static.assets()
	if s.content, err = shipped(); err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	mux.Handle("GET /static/{name}", static)
	s.actions = map[string]access.Action{}
	for _, rt := range slices.Concat(s.routes(), s.areaRoutes()) {
		s.actions[rt.pattern] = rt.action
		mux.Handle(rt.pattern, s.guard(rt))
	}
	s.mux = mux
	mux.Handle("/", s.guard(route{"/", public, s.notFound}))
	return s.around(mux), nil
}
