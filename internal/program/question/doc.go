// Package question asks before anything else is built: whether a report is
// needed, of which type and when; what data is held, where it lives, how it moves
// and who has access. From the answers it derives an inventory of data, the first
// population of accounts, a suggestion of categories with reasons, and the
// controls to begin with.
//
// Serves A3. Invariants:
//   - Questionnaires are declared as data (packs/questions), each question with why
//     it is asked and each answer with what follows from it.
//   - Answers come in versions that are added, never changed, each with its ledger
//     entry. A question may be skipped or answered with "I do not know"; neither
//     counts as good, nor does any other answer: it is what somebody said.
//   - What is derived is suggested. A scope is written as a draft that somebody
//     else approves; a data set and a control are taken in by a person.
//
// Floor: domains. Derive and Advise are pure.
package question
