// Package folder is the programme as a folder of YAML and Markdown: what the
// organisation has written down, one thing a file, so that it can be kept in Git,
// reviewed as changes are reviewed, and brought back.
//
// Serves A2 and A5 (programme as code).
//
// Invariants:
//   - The same programme gives the same bytes: keys and files are in a fixed order,
//     and nothing says when it was written.
//   - A folder is read strictly and bounded: what is not known is refused with its
//     file and line, and nothing outside of the folder is read.
//   - Import goes through each domain's own functions with the rights of who
//     imports. What another person decides is held: it is exported, it is compared,
//     and import never sets it.
//   - An import is one transaction: either every file that says something else was
//     brought in, or nothing was. The dry run does the same and takes it back, so
//     that it cannot say anything else than the import.
//   - What changed on the server since the export is not overwritten.
//   - What is not in the folder is kept.
//
// A kind of thing declares itself as an Of in package kinds; the engine knows none.
//
// Floor: domains. yaml.go, read.go, diff.go and tree.go are pure.
package folder
