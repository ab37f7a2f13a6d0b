// Package firm keeps how an independent auditor is chosen, and who received the
// report: the firms that were looked at, their licence and peer review, the
// questions on independence, the engagement letter; the reports received, and to
// whom they were handed under which terms.
//
// Serves A22, A19 (the report received) and CC2.3.
//
// Invariants:
//   - A firm is engaged only with a licence that somebody verified, and with every
//     question on independence answered; a threat needs what makes up for it.
//   - Whoever proposed a firm does not engage it, unless nobody else could.
//   - A report is recorded whatever its opinion says. It is for those who are named,
//     on terms; a copy that was handed out stays in the register.
//
// Floor: domains, over internal/base/journal.
package firm
