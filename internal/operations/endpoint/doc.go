// Package endpoint keeps the devices of people, laptops, workstations and telephones,
// as lists of device managements tell of them: what each is protected by, when it was
// heard of, whose it is, and whether they are still here.
//
// Serves B19 (CC6.7, CC6.8, CC6.1, CC6.4).
//
// Invariants:
//   - A device is what the newest list that has it says. What a list does not say is not
//     observed; words that are no answer are an error, with the words.
//   - A device is gone where a list that is whole, without a refused line, does not have it.
//     Where many would go at once somebody says that it is meant.
//   - A list that is older than expected says nothing: its devices fall silent.
//   - Whose a device is, the register of people says: what a person said here, an e-mail
//     address, a login. A name alone only asks.
//
// A device that two managements list stands in each: nothing tells for sure that they
// are one.
//
// Floor: domains, over internal/base/journal and internal/operations/host.
package endpoint
