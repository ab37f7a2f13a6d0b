// Package ingest is where sources reach the server: it enrols agents, knows
// them by their certificates, takes their batches in and answers for them
// (mission B7, B9, B11, C7.1b; criteria CC6.1, CC6.6, CC7.1, CC7.2).
//
// It has a listener of its own with TLS 1.3 and an authority of its own, which
// signs this server's certificate and the agents', and nothing else.
//
// Invariants:
//
//   - Who sends follows from the certificate, never from the body.
//   - Acknowledged means committed: the row of the batch, what its handler
//     wrote and how far the stream has come are one transaction. A batch is
//     handled once, whatever is sent how often and in whichever order.
//   - A sequence that was skipped is a row until it arrives or its source
//     declares that it never will.
//   - Nothing that was received whole is lost: what a handler refuses as
//     Invalid is kept in quarantine with the reason and every byte.
//   - A token enrols one key, once. Its secret is stored hashed.
//   - Below the disk watermark nothing is taken in.
//
// Floor: edges. Domains do not know this package; the server registers their
// handlers by kind.
package ingest
