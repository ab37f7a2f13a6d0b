// Package api is what programs may ask: one table of operations, each with its
// name, address, input, output, who may, and the function behind it. The HTTP
// routes below /api/v1, the OpenAPI document, the tools of the Model Context
// Protocol and the verbs of `attesta api` are made from that table, so that none
// of them can open what the others do not.
//
// Invariants:
//
//   - Every operation names an action of access's table, and is refused without it
//     whichever way it was asked.
//   - A program carries a token (access.MakeToken); cookies open nothing here, so
//     no page of another site can use a person's session.
//   - An input is one flat object. A field that is not declared, or not as it is
//     declared, is refused with its name; nothing is guessed.
//   - What failed is a problem of RFC 9457 with the fault's kind, field and hint.
//   - A POST with an Idempotency-Key is done once: the same key and input give the
//     stored answer for a day, the same key with another input is refused.
//   - Programs that talk in tools may look, and may propose what a person decides.
//
// Floor: edges.
package api
