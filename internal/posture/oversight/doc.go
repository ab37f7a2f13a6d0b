// Package oversight gathers what those who oversee are shown, as of a day: how
// criteria and controls stand, which risks are over the appetite, which findings are
// past their day, what is waived, how far the examination is, and whether
// committees met and laws were looked at.
//
// Serves the board side of A21 (CC1.2, CC2.2, CC4.2). Invariants: every figure is
// derived when it is asked for and leads to the list behind it; of a past day it is
// what the records said then, and what cannot be said of a past day is left out and
// named.
//
// Floor: posture. It only reads.
package oversight
