package api

import (
	"log/slog"
	"net/http"

	"github.com/attesta/attesta/internal/api/assets"
	"github.com/attesta/attesta/internal/api/assurance"
	calendarops "github.com/attesta/attesta/internal/api/calendar"
	capacityops "github.com/attesta/attesta/internal/api/capacity"
	componentops "github.com/attesta/attesta/internal/api/components"
	endpointops "github.com/attesta/attesta/internal/api/endpoints"
	firewallops "github.com/attesta/attesta/internal/api/firewall"
	"github.com/attesta/attesta/internal/api/governance"
	"github.com/attesta/attesta/internal/api/imports"
	integrityops "github.com/attesta/attesta/internal/api/integrity"
	placeops "github.com/attesta/attesta/internal/api/places"
	"github.com/attesta/attesta/internal/api/programme"
	raciops "github.com/attesta/attesta/internal/api/raci"
	referenceops "github.com/attesta/attesta/internal/api/references"
	resilienceops "github.com/attesta/attesta/internal/api/resilience"
	"github.com/attesta/attesta/internal/api/reviews"
	"github.com/attesta/attesta/internal/api/risks"
	segmentops "github.com/attesta/attesta/internal/api/segmentation"
	targetops "github.com/attesta/attesta/internal/api/targets"
	"github.com/attesta/attesta/internal/api/trainings"
	"github.com/attesta/attesta/internal/api/vendors"
	workops "github.com/attesta/attesta/internal/api/work"
	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/audit/firm"
	"github.com/attesta/attesta/internal/audit/owntest"
	"github.com/attesta/attesta/internal/audit/reliance"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/anchor"
	"github.com/attesta/attesta/internal/base/backup"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/operations/activity"
	"github.com/attesta/attesta/internal/operations/bulk"
	"github.com/attesta/attesta/internal/operations/capacity"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/endpoint"
	"github.com/attesta/attesta/internal/operations/firewall"
	"github.com/attesta/attesta/internal/operations/folder"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/operations/reference"
	"github.com/attesta/attesta/internal/operations/segment"
	"github.com/attesta/attesta/internal/operations/target"
	"github.com/attesta/attesta/internal/posture"
	"github.com/attesta/attesta/internal/posture/gap"
	"github.com/attesta/attesta/internal/posture/oversight"
	"github.com/attesta/attesta/internal/posture/readiness"
	"github.com/attesta/attesta/internal/program/asset"
	"github.com/attesta/attesta/internal/program/badge"
	"github.com/attesta/attesta/internal/program/calendar"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/diagram"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/program/place"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/program/raci"
	"github.com/attesta/attesta/internal/program/resilience"
	"github.com/attesta/attesta/internal/program/review"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/program/training"
	"github.com/attesta/attesta/internal/program/vendor"
	"github.com/attesta/attesta/internal/program/work"

	"github.com/danielgtaylor/huma/v2"
)

// Config is what the operations work on. The table itself can be had without
// any of it, for documents and command lines.
type Config struct {
	DB          *database.DB
	Access      *access.Service
	Ledger      *ledger.Log
	Activity    *activity.Service
	Posture     *posture.Service
	Findings    *finding.Service
	Hosts       *host.Service
	Standards   *standard.Service
	Controls    *control.Service
	Scopes      *scope.Service
	Evidence    *evidence.Service
	Policies    *policy.Service
	Plan        *plan.Service
	Questions   *question.Service
	People      *people.Service
	Gaps        *gap.Service
	Readiness   *readiness.Service
	Changes     *change.Service
	Waivers     *waiver.Service
	Bulk        *bulk.Service
	Exclusions  *exclusion.Service
	Populations *population.Service
	Engagements *engagement.Service
	Reliance    *reliance.Service
	Vendors     *vendor.Service
	Reviews     *review.Service
	Assets      *asset.Service
	Diagrams    *diagram.Service
	Work        *work.Service
	OwnTests    *owntest.Service
	Folders     *folder.Service
	Places      *place.Service
	Badges      *badge.Service
	Firms       *firm.Service
	Capacity    *capacity.Service
	Integrity   *integrity.Service
	Baselines   *baseline.Service
	Segment     *segment.Service
	Resilience  *resilience.Service
	Components  *component.Service
	Firewall    *firewall.Service
	References  *reference.Service
	Endpoints   *endpoint.Service
	Training    *training.Service
	Governance  oversight.Set
	Calendar    *calendar.Service
	RACI        *raci.Service
	Targets     *target.Service
	Backups     *backup.Service
	Anchors     *anchor.Service
	Clock       clock.Clock  // clock.System
	Logger      *slog.Logger // slog.Default()
	Version     string       // of the program; shown to whoever connects
}

// API is the operations over their services.
type API struct {
	cfg        Config
	operations []*Operation
	registry   huma.Registry
	mux        *http.ServeMux
}

// New makes the API. It panics when the table contradicts itself.
func New(cfg Config) *API {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	a := &API{cfg: cfg, registry: huma.NewMapRegistry("#/components/schemas/", namer)}
	for _, list := range [][]*Operation{a.aboutPosture(), a.aboutProgram(), a.aboutPolicies(), a.aboutPeople(), a.aboutChanges(), a.aboutQuestions(), a.aboutPlan(), a.aboutFindings(), a.aboutHosts(), a.aboutBulk(), a.aboutEvidence(), a.aboutAudits(), a.aboutReliance(), a.aboutBackups(), a.aboutAnchors(), a.aboutLedger()} {
		a.operations = append(a.operations, list...)
	}
	a.rows(vendors.Operations(cfg.Vendors))
	a.rows(imports.Operations(cfg.Controls))
	a.rows(reviews.Operations(cfg.Reviews, cfg.Clock))
	a.rows(assets.Operations(cfg.Assets, cfg.Diagrams))
	a.rows(workops.Operations(cfg.Work))
	a.rows(assurance.Operations(cfg.OwnTests, cfg.Firms))
	a.rows(programme.Operations(cfg.Folders))
	a.rows(capacityops.Operations(cfg.Capacity))
	a.rows(integrityops.Operations(cfg.Integrity, cfg.Baselines))
	a.rows(segmentops.Operations(cfg.Segment))
	a.rows(resilienceops.Operations(cfg.Resilience))
	a.rows(componentops.Operations(cfg.Components))
	a.rows(firewallops.Operations(cfg.Firewall))
	a.rows(referenceops.Operations(cfg.References))
	a.rows(endpointops.Operations(cfg.Endpoints))
	a.rows(placeops.Operations(cfg.Places, cfg.Badges))
	a.rows(trainings.Operations(cfg.Training))
	a.rows(risks.Operations(cfg.Governance.Risks))
	a.rows(governance.Operations(cfg.Governance))
	a.rows(calendarops.Operations(cfg.Calendar))
	a.rows(raciops.Operations(cfg.RACI))
	a.rows(targetops.Operations(cfg.Targets))
	for _, o := range a.operations {
		o.input = huma.SchemaFromType(a.registry, o.in)
		o.output = a.registry.Schema(o.out, true, o.Name)
	}
	a.check()
	a.mux = a.routes()
	return a
}

// Operations gives the table.
func (a *API) Operations() []*Operation { return a.operations }
