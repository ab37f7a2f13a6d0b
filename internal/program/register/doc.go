// Package register keeps things as the sequence of their records: a risk, a
// meeting of the board, a law that applies. What a thing is at a date is folded
// from what was recorded up to then.
//
// It is what several nouns of the programme are built on, so that each of them
// holds rules only: which changes there are, what each must say, and what a thing
// is after it. Serves A13, A18 and A21.
//
// Invariants:
//   - A record is only added, in one transaction with the ledger entry that
//     commits to what it says by digest.
//   - A record is a person's, never the program's.
//   - Folding is pure: the same records give the same thing, whenever.
//
// Floor: domains. day.go, text.go and noun.go are pure.
package register
