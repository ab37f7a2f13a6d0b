// Package simulation makes up an organisation: hosts that join, drift, are
// mended, fall silent, are patched and leave over months, and people who approve
// and take on what is found. Tests, benchmarks, pictures and demonstrations
// stand on it.
//
// Serves A4 and C7.1b: what is said of posture at any date, and how fast, is
// shown on a history that nobody wrote by hand.
//
// Invariants:
//   - Everything goes in as real data does: batches through
//     host.ReceiveFacts and ReceiveHeartbeat in transactions, decisions through
//     the services with a named person, each with its ledger entry. Nothing is
//     written around them.
//   - What goes wrong is what the shipped standards say can go wrong: a drift is
//     the difference between a host in good order and a failing fixture of a
//     check. A new check drifts without a line here.
//   - The same plan gives the same story: every choice is drawn from the seed.
//     Ids and salts are random, as they are in life.
//   - The clock is the caller's and only goes forward; at the end it stands at
//     the plan's end.
//
// Heartbeats are as far apart as the plan says, and the grace with which the
// history is written is longer than that: a year of one every thirty seconds
// would say no more. Silence shorter than a beat does not occur in it.
//
// A history of 300 days or more, with every place of Config, has a year of the
// whole programme too. What the first areas do stands here, in programme_NAME.go; an
// area that joins adds its year in one file of package years, or of package upkeep where
// it is about hosts:
//
//   - makeNAME makes its services on Stage.Clock and keeps them as fields of Stage;
//   - yearOfNAME(o, c) puts deeds into its calendar: c.On(day, what, do) on a day
//     of a year of 365, moved to the next working day; c.At(moment, …); c.Daily(…);
//   - both stand in one line of Areas() of its package, behind the areas that it needs.
//
// A deed does one thing through a service, in the name of somebody of the cast;
// its error ends the making. Deeds meant for earlier days come
// first, and on the same day in the order of areas and of their writing, also
// where holidays push them together. Choices are drawn from the calendar's r,
// never from a map's order, so that one area changes no other. What an area
// shows is then held in internal/server TestDemoYear: its states, its entries,
// and that no screen of it is empty.
//
// Mail and webhooks go to package sink: nothing leaves the process.
//
// Floor: edges. It brings data in, as ingest does, and is told nothing of screens.
package simulation
