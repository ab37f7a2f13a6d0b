// Package years is the demonstration's year of the areas that joined the
// programme after its first ones: people, vendors, questions, the plan, access reviews
// and what is done to many. Package simulation carries their deeds out, each on its day.
//
// An area adds a file: makeNAME makes its services on Stage.Clock and keeps them
// in Stage, yearOfNAME puts deeds into its calendar, and both stand in one line of
// Areas, behind the areas that they need. What is drawn is drawn from the
// calendar's R, never from a map's order.
//
// Floor: edges, under simulation.
package years

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/audit/firm"
	"github.com/attesta/attesta/internal/audit/owntest"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/blobs"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/base/sealed"
	"github.com/attesta/attesta/internal/evidence/exclusion"
	"github.com/attesta/attesta/internal/evidence/finding"
	"github.com/attesta/attesta/internal/evidence/outcome"
	"github.com/attesta/attesta/internal/evidence/population"
	"github.com/attesta/attesta/internal/evidence/standard"
	"github.com/attesta/attesta/internal/evidence/waiver"
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/operations/bulk"
	"github.com/attesta/attesta/internal/operations/capacity"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/endpoint"
	"github.com/attesta/attesta/internal/operations/firewall"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/operations/reference"
	"github.com/attesta/attesta/internal/operations/segment"
	"github.com/attesta/attesta/internal/posture/readiness"
	"github.com/attesta/attesta/internal/program/asset"
	"github.com/attesta/attesta/internal/program/badge"
	"github.com/attesta/attesta/internal/program/calendar"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/committee"
	"github.com/attesta/attesta/internal/program/concern"
	"github.com/attesta/attesta/internal/program/control"
	"github.com/attesta/attesta/internal/program/diagram"
	"github.com/attesta/attesta/internal/program/evidence"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/program/obligation"
	"github.com/attesta/attesta/internal/program/people"
	"github.com/attesta/attesta/internal/program/place"
	"github.com/attesta/attesta/internal/program/plan"
	"github.com/attesta/attesta/internal/program/policy"
	"github.com/attesta/attesta/internal/program/question"
	"github.com/attesta/attesta/internal/program/raci"
	"github.com/attesta/attesta/internal/program/resilience"
	"github.com/attesta/attesta/internal/program/review"
	"github.com/attesta/attesta/internal/program/risk"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/program/training"
	"github.com/attesta/attesta/internal/program/vendor"
	"github.com/attesta/attesta/internal/program/work"
)

// Stage is what an area's year is made on: the services that there are when it
// is its turn, and its own, which it puts there.
type Stage struct {
	DB     *database.DB
	Ledger *ledger.Log
	Blobs  *blobs.Dir  // for frozen populations
	Papers *blobs.Dir  // for what people bring
	Key    *sealed.Key // seals what is secret
	Data   string      // the data directory
	Clock  clock.Clock
	Set    func(time.Time) // moves the clock forward
	Quiet  *slog.Logger

	Start, End time.Time                   // of the history
	AsOf       time.Time                   // date of the type 1
	From, To   time.Time                   // window of the type 2
	Cast       map[string]access.Principal // who is there now, by login

	Access      *access.Service
	Standards   *standard.Service
	Outcomes    *outcome.Service
	Findings    *finding.Service
	Hosts       *host.Service
	Controls    *control.Service
	Scopes      *scope.Service
	Evidence    *evidence.Service
	Policies    *policy.Service
	Changes     *change.Service
	Waivers     *waiver.Service
	Exclusions  *exclusion.Service
	Populations *population.Service
	Engagements *engagement.Service
	Instances   *instance.Service

	// Of the areas of this package, and of package upkeep.
	People     *people.Service
	Vendors    *vendor.Service
	Reviews    *review.Service
	Questions  *question.Service
	Tasks      *plan.Service
	Readiness  *readiness.Service
	Bulk       *bulk.Service
	Risks      *risk.Service
	Assets     *asset.Service
	Diagrams   *diagram.Service
	OwnTests   *owntest.Service
	Firms      *firm.Service
	Capacity   *capacity.Service
	Asks       *ask.Service
	Segment    *segment.Service
	Integrity  *integrity.Service
	Baselines  *baseline.Service
	Firewall   *firewall.Service
	Components *component.Service // nil before its year begins
	Endpoints  *endpoint.Service
	References *reference.Service // nil before components' year begins
	Resilience *resilience.Service
	Training   *training.Service
	Concerns   *concern.Service
	Work       *work.Service
	Calendar   *calendar.Service
	RACI       *raci.Service
	Places     *place.Service
	Badges     *badge.Service

	Committees  *committee.Service
	Obligations *obligation.Service

	beside map[string]map[string]string // digests by source and section
}

// Reports says that a host's agent reports a section that the fleet does not make, so
// that its heartbeats name it from now on.
func (o *Stage) Reports(source, section, digest string) {
	if o.beside == nil {
		o.beside = map[string]map[string]string{}
	}
	if o.beside[source] == nil {
		o.beside[source] = map[string]string{}
	}
	o.beside[source][section] = digest
}

// Beside gives the sections that a host's agent reports beside those of the fleet.
func (o *Stage) Beside(source string) map[string]string { return o.beside[source] }

// Calendar takes the deeds of one area. Days are those of a year of 365, moved
// with the length of the history.
type Calendar struct {
	Days int        // of the history
	R    *rand.Rand // the area's own

	On    func(day int, what string, do func(ctx context.Context) error)                        // on a working day, in working hours
	At    func(t time.Time, what string, do func(ctx context.Context) error)                    // at a moment
	Daily func(clock time.Duration, work bool, what string, do func(ctx context.Context) error) // each day, or working day
	Day   func(day int) time.Time                                                               // 00:00 UTC of a day
}

// Area is a part of the programme with a year of its own.
type Area struct {
	Name string
	Make func(o *Stage) error              // its services; nil: it needs none
	Year func(o *Stage, c *Calendar) error // what people do of it, and when
}

// Areas gives every area, in the order in which things of the same moment happen.
func Areas() []Area {
	return []Area{
		{"register of people", makePeople, yearOfPeople},
		{"vendors", makeVendors, yearOfVendors},
		{"questions", makeQuestions, yearOfQuestions},
		{"imports", nil, yearOfImports},
		{"plan", makePlan, yearOfPlan},
		{"places", makePlaces, yearOfPlaces},
		{"access reviews", makeReviews, yearOfReviews},
		{"bulk", makeBulk, yearOfBulk},
		{"risks", makeRisks, yearOfRisks},
		{"assets", makeAssets, yearOfAssets},
		{"assurance", makeAssurance, yearOfAssurance},
		{"capacity", makeCapacity, yearOfCapacity},
		{"resilience", makeResilience, yearOfResilience},
		{"training", makeTraining, yearOfTraining},
		{"work", makeWork, yearOfWork},
		{"governance", makeGovernance, yearOfGovernance},
		{"programme as a folder", nil, yearOfFolder},
	}
}

// controlInUse gives kind NotFound where no control of that slug is in use.
func (o *Stage) controlInUse(ctx context.Context, slug string) error {
	c, err := o.Controls.Get(ctx, access.System(), slug)
	if err == nil && c.Current().State == control.Retired {
		return fault.New(fault.NotFound, "control %s is retired", slug)
	}
	return err
}
