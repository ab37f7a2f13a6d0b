// Package training keeps courses, who must take them, and who completed which
// version when.
//
// Serves A12 (CC1.4, CC2.2; CC5.3, CC7.3 and P1 to P8 by what the courses teach).
//
// Invariants of courses, a pack of kind "courses":
//   - Every question has a right answer and a wrong one, an explanation and the
//     lesson that it is about; ids are used once.
//   - The same version and seed give the same questions in the same order.
//
// Invariants of training:
//   - A course is what was published: its content is a record, so that an answer
//     of any year can be read with the questions of that year.
//   - A completion comes from a quiz that the server graded, or from the file of
//     another system, which is kept with its digest and is marked as such. Nobody
//     types that somebody is trained.
//   - Answers are kept for each attempt, right or wrong, with the seed.
//   - What is due follows from the assignment, the person's first day, the
//     versions and the completions; none of it is stored (see due.go).
//   - A person without a login is not observed until the day by which they should
//     have completed, and fails after it: the criterion asks for trained people,
//     and that they cannot log in trains nobody. The reason says so. What another
//     system holds about them can be imported.
//   - A day of absence does not count towards a due date. Who left, or is not asked
//     any more, before that date is not applicable.
//   - Ledger entries hold pseudonyms, ids, days and digests. Names, addresses and
//     why somebody is away are not in them.
//
// Days are days of the organisation's zone. Floor: domains. course.go, draw.go,
// day.go, due.go and file.go are pure.
package training
