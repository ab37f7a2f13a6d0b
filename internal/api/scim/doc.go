// Package scim speaks SCIM 2.0 (RFC 7643 and 7644) to directories: it makes of
// their requests changes of internal/base/access/directory, and of what is
// there resources. It serves CC6.2 and CC6.3 of the product itself, and the
// mission's A9.
//
// Filters and paths are parsed by github.com/scim2/filter-parser. The server
// around it is our own: github.com/elimity-com/scim holds a request against the
// schema before a handler sees it, so that Entra's "False" for a boolean is
// refused, and it has neither If-Match nor answers without attributes that were
// not asked for, by which directories keep large groups cheap.
//
// What directories send beside the standard is taken:
//
//   - operations of a PATCH in any case; booleans as "True" and "False";
//   - a PATCH of emails[type eq "work"].value where there is no such address
//     adds one; a removal of members with a value removes those;
//   - a filter emails[type eq "work"].value eq "…", which the grammar does not have;
//   - attributes of the core and enterprise schemas that are not kept here are
//     passed over. What no schema has is refused.
//
// A replacement (PUT) without active leaves the user as they are: it opens
// nobody's account.
//
// Floor: edge. Imports directory.
package scim
