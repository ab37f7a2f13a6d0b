// Package firewall reviews the rules of firewalls: those that hosts have in force, and
// those of security groups that clouds' own files tell of.
//
// Serves B12 (CC6.6, CC6.1, CC7.1).
//
// Invariants:
//   - What a thousand hosts have in common is reviewed once: a rule set is known by
//     what it says, and goes on while all who have it move to the next together.
//   - What is odd about a rule is proved (see analysis) or said to be not modelled.
//     That a rule is unused is said where its counter stood at zero for 90 days on every host.
//   - A justification is of a rule by its chain and text, for some hosts and until a day.
//   - A review freezes the rules that it is about. It counts once somebody else approved
//     it; that a rule was removed shows in the facts, not in what somebody says.
//
// Floor: domains, over internal/base/journal and internal/operations/host.
package firewall
