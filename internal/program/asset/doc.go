// Package asset keeps what the organisation has: machines, databases, services and
// things, each with owner, class of data, environment and zone; and which data
// flows between them, as declared and as seen.
//
// Serves A7, A8 and B17 (CC6.1, CC2.1, CC6.5, C1.2).
//
// Invariants:
//   - Hosts, databases, vendors and places that other registers know are assets by
//     themselves: nobody enters them, and one that falls silent or is taken out
//     stays. What comes from there is shown as such and is not typed here.
//   - What is said here is a sequence of records, which are only added; each is
//     bound to a ledger entry by the digest of what it says.
//   - An asset without owner, class or environment is a gap, never left out.
//   - A retired asset is done with when how it was disposed of is recorded: day,
//     method and what shows it.
//   - Whether a flow crosses the boundary follows from its ends. Agents tell which
//     ports listen, not who connects: a flow is seen as far as that goes, and the
//     words say so.
//
// Floor: domains. asset.go, judge.go, flow.go, record.go and csv.go are pure.
package asset
