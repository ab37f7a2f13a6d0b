// Package reference keeps reference hosts: a named person declares a host the one that
// others of a group are to be like, and says why. What the reference consists of and
// is approved there is approved for the group as long as the reference has it; what a
// member has beyond it, or lacks, is a list. The files of members are held against
// the reference's approved baseline, and approved in one decision where they are equal,
// by name where they are not.
//
// Serves C7.1d, B20 (CC7.1, CC6.8).
//
// Invariants:
//   - A reference that is silent, left the population or cannot be read makes nothing
//     pass: what leans on it is not observed, with the reason.
//   - A reference approves nothing by itself: it carries a person's approval of the same
//     component, and never one of the account of who declared it.
//   - It may be replaced; who did it, when and why stays.
//
// Floor: domains, over operations/component and operations/integrity/baseline.
package reference
