package config

import (
	"github.com/spf13/pflag"

	"github.com/attesta/attesta/internal/base/fault"
)

// Bind declares a flag for each field of into, with its present value as
// default. Call it before the flags are parsed, and Load after.
func Bind[T any](into *T, flags *pflag.FlagSet) error {
	return fault.New(fault.Unavailable, "not built yet")
}

// Load fills into from flags (parsed; may be nil), environ (as os.Environ) and
// file ("" for none; an absent file is kind NotFound). Fields that are set
// nowhere keep their value. All mistakes are reported in one error of kind
// Invalid.
func Load[T any](into *T, flags *pflag.FlagSet, environ []string, file string) (*Explanation, error) {
	return nil, fault.New(fault.Unavailable, "not built yet")
}

// Setting is one field and where its value came from.
type Setting struct {
	Key    string // "session.idle"
	Value  string // "••••" for a secret that is set
	Source string // "default", "attesta.yaml:12", "ATTESTA_SESSION_IDLE", "--session-idle"
	Usage  string
	Secret bool
}

// Explanation lists every setting in the order of the struct.
type Explanation struct{ Settings []Setting }
