package ledger

// files is what the sequencer does to the file system. The operating system
// implements it, and in tests a layer that fails and forgets at will.
type files interface {
}
