// Package risk holds the catalogue of risks and threats that an organisation
// chooses from (a pack of kind "risks"), and the organisation's own register built
// on it: which risks there are, how they are rated before and after controls, what
// is done about each, what is accepted until when, and the yearly assessment that
// looks at all of them.
//
// Serves A13 and the risk assessment of A18 (CC3.1 to CC3.4, CC9.1).
//
// Invariants:
//   - A rating is likelihood times magnitude on a scale that is declared as data
//     (pack "risk-scale"). What is left after controls names the controls that
//     leave it; where none does, nothing is taken off.
//   - What counts against the appetite is the residual rating only as long as no
//     control that it leans on deviates or is out of use; then it is the inherent
//     one, and why is said.
//   - A risk over the appetite is accepted by another person than who asked, by
//     a frozen text whose digest is in the ledger, until a day. After it, or once
//     the risk is rated higher or described anew, the acceptance holds no more,
//     without anybody doing anything.
//   - The yearly assessment closes only when every question on fraud and change is
//     answered and every open risk was looked at since it began.
//
// Floor: domains. scenario.go, scale.go, rating.go, judge.go, diff.go and text.go
// are pure.
package risk
