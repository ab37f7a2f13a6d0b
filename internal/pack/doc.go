// Package pack loads everything that is declared as data: configuration
// standards first; detections, playbooks, obligations, control libraries and
// crosswalks are further kinds of the same thing. A pack is a directory with a
// manifest (pack.yaml), files and fixtures. There is one loader, one lint, one
// approval, one tailoring and one diff, whatever the kind; a kind is a decoder
// that is handed to NewLoader.
//
// Serves A1 and C7.1a (CC7.1, point of focus 1).
//
// Invariants:
//   - Load reports every mistake it can find in one pass, each with file, line,
//     field and what to do, or gives a pack without any.
//   - What a pack says is identified by its digest: the same files, the same
//     digest, whatever machine, order or time. A tailored pack has its own.
//   - A pack is a draft until a named person approves that digest.
//   - A loaded pack is not changed any more; Tailor gives a new one.
//   - Foreign bytes never cost more than a bounded amount of work: file, pack
//     and depth limits, no YAML aliases, a cost limit on expressions.
//
// Floor: declared (pure: no SQL, no clock, no network).
package pack
