// Package verdict says of one changed file whether it was authorised: by a ticket,
// by a package, by configuration management, or not explained by anything. It reads
// what agents send, judges it, and remembers what a path was, so that a change that
// was undone is seen. It is pure: what is known is given, and nothing is stored.
//
// Serves C7.1c.
//
// Invariants:
//   - What an agent sends is foreign: every field has its bounds, and one that is
//     outside of them is kind Invalid naming items[i].field.
//   - An agent's word is evidence, never a verdict: a digest that matches, a program
//     that is a package manager, a token that a key of ours signed.
//   - A token that was made after a change authorises nothing.
//   - Each verdict has a reason in plain words and its evidence.
//
// Floor: domains.
package verdict
