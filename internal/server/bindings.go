package server

import (
	"slices"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/audit/export"
	"github.com/attesta/attesta/internal/audit/firm"
	"github.com/attesta/attesta/internal/audit/owntest"
	"github.com/attesta/attesta/internal/audit/reliance"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/directory"
	"github.com/attesta/attesta/internal/base/access/factor"
	"github.com/attesta/attesta/internal/base/access/identity"
	"github.com/attesta/attesta/internal/base/access/passkey"
	"github.com/attesta/attesta/internal/base/access/saml"
	"github.com/attesta/attesta/internal/base/anchor"
	"github.com/attesta/attesta/internal/base/backup"
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
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/operations/bulk"
	"github.com/attesta/attesta/internal/operations/capacity"
	"github.com/attesta/attesta/internal/operations/component"
	"github.com/attesta/attesta/internal/operations/databases"
	"github.com/attesta/attesta/internal/operations/desk"
	"github.com/attesta/attesta/internal/operations/endpoint"
	"github.com/attesta/attesta/internal/operations/firewall"
	"github.com/attesta/attesta/internal/operations/folder"
	"github.com/attesta/attesta/internal/operations/host"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/operations/reference"
	"github.com/attesta/attesta/internal/operations/segment"
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

// Bindings are the business rows that ledger entries commit to, for
// `attesta ledger verify`.
func Bindings() []ledger.Binding {
	return slices.Concat(
		vendor.Bindings(), training.Bindings(), concern.Bindings(),
		risk.Bindings(),
		committee.Bindings(),
		obligation.Bindings(),
		asset.Bindings(), diagram.Bindings(),
		capacity.Bindings(), resilience.Bindings(),
		component.Bindings(),
		capacity.Bindings(), resilience.Bindings(), integrity.Bindings(), baseline.Bindings(),
		firewall.Bindings(), reference.Bindings(),
		endpoint.Bindings(),
		ask.Bindings(),
		segment.Bindings(),
		work.Bindings(), calendar.Bindings(), raci.Bindings(),
		owntest.Bindings(), firm.Bindings(),
		place.Bindings(), badge.Bindings(),
		folder.Bindings(),
		review.Bindings(),
		identity.Bindings(), saml.Bindings(),
		outcome.Bindings(), host.Bindings(), databases.Bindings(), standard.Bindings(), finding.Bindings(), waiver.Bindings(), exclusion.Bindings(), population.Bindings(), engagement.Bindings(), export.Bindings(), reliance.Bindings(),
		notify.Bindings(), webhook.Bindings(), mail.Bindings(), backup.Bindings(), anchor.Bindings(), []ledger.Binding{ledger.EpochBinding()},
		access.Bindings(), factor.Bindings(), passkey.Bindings(), directory.Bindings(), desk.Bindings(), bulk.Bindings(), scope.Bindings(), control.Bindings(), instance.Bindings(), evidence.Bindings(), policy.Bindings(), people.Bindings(), plan.Bindings(), question.Bindings(), change.Bindings(),
	)
}
