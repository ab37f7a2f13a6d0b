// Package postgres reads what a PostgreSQL server says about itself into
// sections of facts (population databases): settings, roles, pg_hba rules, TLS,
// privileges of PUBLIC, replication, archiving.
//
// Serves C7.1b for databases.
//
// Invariants:
//   - Nothing is written: the session is read only, with a limit on time and
//     rows, and says attesta as its name.
//   - No hash, password or key leaves the server: how a password is kept is
//     decided there, and secrets in pg_hba options are left out.
//   - What the role may not read is missing as an error that says what to grant;
//     what the version does not have is absent. One denied view hides no other.
//
// Floor: edges. It knows the fact registry; it stores nothing.
package postgres
