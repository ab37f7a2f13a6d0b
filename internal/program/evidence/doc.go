// Package evidence keeps what people bring to show that controls were
// performed: files, by their digest, and links to what is kept elsewhere; who
// brought it and when, what period it covers, and who reviewed it. It shows
// controls nothing that a reviewer did not accept.
//
// Serves A17, CC4.1 and CC2.1.
//
// Invariants:
//   - Versions are added, a later one supersedes, nothing is deleted but by a
//     redaction. Each version, review and redaction is bound to a ledger entry.
//   - Performed, covered and collected are three dates; collecting late is not
//     performing late.
//   - Nobody reviews what they brought themselves, unless nobody else could;
//     then what stands in for a second person is recorded.
//   - A file is stored whole before anything names it. An upload that fails
//     leaves nothing behind.
//   - A file's name is a label, never a path.
//
// Floor: domains.
package evidence
