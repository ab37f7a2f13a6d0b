// Package diagram keeps network and data-flow diagrams: what of the inventory and
// of its flows each shows, where nodes are pinned, frozen versions, who approved
// them, and what is different now.
//
// Serves A8 and B17 (CC2.1, CC6.1, CC6.6; the description of the system).
//
// Invariants:
//   - Nobody draws: nodes and arrows are assets and flows. A version freezes them
//     with the pins, and its digest is in the ledger.
//   - A version is approved by somebody else than who froze it, unless nobody else
//     could: then what stands in for a second person is recorded.
//   - Whether the present differs from what was approved is derived.
//   - Findings follow from what the picture shows, now and in every version.
//
// Floor: domains. picture.go and compare.go are pure; places in pixels are those of
// internal/render/diagram.
package diagram
