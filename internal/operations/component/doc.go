// Package component is the register of what hosts consist of, and of what of it
// somebody approved: software, services, listening ports, users, groups, SSH keys,
// sudo rules, kernel modules and settings, USB devices, containers and images,
// scheduled jobs, certificates, set-id files, content roots, and machines that hosts
// meet on their links.
//
// Serves C7.1d (unknown or unauthorised components are detected) and CC7.2 6.
//
// A component is a kind, a name and what tells it from others of its kind, derived
// from the sections that agents send by pure functions (derive.go). It stands once,
// on however many hosts it is. People approve, refuse and ask; a kind is judged from
// its first approval on, since a fleet that nobody has looked at yet is not ten
// thousand findings. What is not approved then becomes an item of population
// components, judged like a host: a finding with a deadline, closed by approval or by
// being observed to be gone.
//
// Invariants: nothing is gone because it could not be read or its host is silent; no
// approval is made by the program; equal hosts share one set of components, and a
// batch costs what changed in it; a decision is never changed, only followed.
//
// Floor: domains, over operations/host and operations/entries.
package component
