package people

import "github.com/attesta/attesta/internal/program/roster"

// Who people are by their sources is roster's to say; what is stored of it has
// its names.
type (
	Kind       = roster.Kind
	State      = roster.State
	Fields     = roster.Fields
	Person     = roster.Person
	Said       = roster.Said
	Order      = roster.Order
	Source     = roster.Source
	SourceKind = roster.SourceKind
	Settings   = roster.Settings
	NewSource  = roster.NewSource
	Reading    = roster.Reading
	Step       = roster.Step
	Problem    = roster.Problem
	Doubt      = roster.Doubt
	Plan       = roster.Plan

	voice    = roster.Voice
	register = roster.Register
)

// The kinds of people, their states, the kinds of sources, and whose an account is.
const (
	Employee   = roster.Employee
	Contractor = roster.Contractor
	ServiceID  = roster.ServiceID

	Planned = roster.Planned
	Here    = roster.Here
	Leaving = roster.Leaving
	Left    = roster.Left
	Merged  = roster.Merged

	SCIM = roster.SCIM
	LDAP = roster.LDAP
	CSV  = roster.CSV
	Hand = roster.Hand

	Theirs    = roster.Theirs
	Asked     = roster.Asked
	NotTheirs = roster.NotTheirs
)
