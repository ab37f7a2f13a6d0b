// Package web is what people see: it asks the services, makes a view and has
// package ui draw it. One file per screen holds the handler and what turns a
// service's answer into the view.
//
// It serves A1, A6, C7.1a, C7.1b and B11 of the mission, on screen.
//
// Invariants, held by tests:
//
//   - Every route declares the action that its reader needs; a route that
//     declares none does not compile into the table. Who is not signed in is
//     sent to the door, who may not is told so. The services ask again.
//   - Every screen works as plain links and forms. Script adds the drawer, the
//     count of new records and a few keys.
//   - The content security policy allows no inline script or style and nothing
//     from elsewhere; requests from other sites cannot change anything
//     (http.CrossOriginProtection).
//   - A number or status that is shown is a service's; this package adds none.
//   - An error never shows its cause, only its public words and a reference
//     that the log holds.
//
// Floor: edges. Imports the services; never ingest or an agent.
package web
