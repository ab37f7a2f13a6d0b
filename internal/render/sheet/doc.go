// Package sheet writes and reads workbooks (XLSX, ECMA-376): the form in which
// auditors keep populations, samples and request lists.
//
// It is a layer over github.com/xuri/excelize that knows nothing of the
// programme. Writing streams rows, gives text as text (a cell that begins with
// "=" is never a formula), times in UTC as ISO text, and the same bytes for the
// same content. Reading takes foreign bytes: archives are measured before they
// are unpacked, a sheet has bounded rows and columns, macros and external links
// are never followed, a formula gives its stored value, merged cells are told.
//
// Serves A19 and quality.md's exports.
//
// Floor: edges. Imports fault alone.
package sheet
