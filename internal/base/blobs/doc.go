// Package blobs keeps content by its SHA-256 digest in a directory:
// sha256/ab/cd/<digest>. Evidence that is too large for a ledger entry lies
// here, and the entry names its digest.
//
// Invariants:
//
//   - What Put returned without error is on disk: the file is written beside,
//     synced, renamed, and the directory synced.
//   - A name is never given to content that does not hash to it, and reading
//     hashes again: at the end of a file that changed, Read returns kind
//     Refused instead of io.EOF.
//   - Content is removed by redaction only.
//
// An S3 store is the second implementation; there is no interface before it
// exists.
//
// Floor: base, stateful.
package blobs
