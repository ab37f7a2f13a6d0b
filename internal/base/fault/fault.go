// Package fault gives errors a kind. A fault has a public message, which any
// reader may see, and a cause, which only logs see. Whoever meets an error
// without a kind treats it as Internal and never shows its text.
//
// Floor: base, pure. Imports nothing of the project.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what a caller can do about an error. Each kind maps to one exit
// code of the command line and one HTTP status.
type Kind string

// The kinds. Exit codes and statuses stand beside them.
const (
	Internal        Kind = "internal"        // exit 1, 500: a defect or a failing disk; the text is not shown
	Invalid         Kind = "invalid"         // exit 2, 422: the input is wrong; Message says what to correct
	Unauthenticated Kind = "unauthenticated" // exit 6, 401: who is asking is not known
	Forbidden       Kind = "forbidden"       // exit 6, 403: known, and not allowed
	NotFound        Kind = "not_found"       // exit 5, 404
	Conflict        Kind = "conflict"        // exit 7, 409: somebody else got there first, or it is done already
	Refused         Kind = "refused"         // exit 4, 422: a check failed (a ledger that does not verify)
	Unavailable     Kind = "unavailable"     // exit 8, 503: try again later; nothing was stored
)

// Error is a fault. Where the fault lies in a file, File, Line (1-based, 0
// when unknown) and Field say so.
type Error struct {
	Kind    Kind
	Message string // public, lower case, says what happened
	Hint    string // public, says what to do; may be empty
	File    string
	Line    int
	Field   string
	Cause   error // private
}

// Error gives the public text: "file:line: field: message".
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		b.WriteString(": ")
	}
	if e.Field != "" {
		b.WriteString(e.Field)
		b.WriteString(": ")
	}
	b.WriteString(e.Message)
	return b.String()
}

// Unwrap gives the private cause.
func (e *Error) Unwrap() error { return e.Cause }

// New makes a fault of kind k with a public message.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes a fault of kind k over a private cause.
func Wrap(k Kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...), Cause: cause}
}

// WithHint sets what to do about it and returns the same fault.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// At sets where in a file the fault lies and returns the same fault.
func (e *Error) At(file string, line int, field string) *Error {
	e.File, e.Line, e.Field = file, line, field
	return e
}

// KindOf gives the kind of the outermost fault in err's chain, Internal when
// there is none, and "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is a fault of kind k.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// Public gives the text and hint that anyone may see. An error without a kind
// gives a fixed sentence.
func Public(err error) (message, hint string) {
	var e *Error
	if errors.As(err, &e) && e.Kind != Internal {
		return e.Error(), e.Hint
	}
	return "something failed inside Attesta; the server's log has the cause", ""
}

// ExitCode maps err to the command line's exit code. A usage error of the
// command line itself is Invalid.
func ExitCode(err error) int {
	switch KindOf(err) {
	case "":
		return 0
	case Invalid:
		return 2
	case Refused:
		return 4
	case NotFound:
		return 5
	case Forbidden, Unauthenticated:
		return 6
	case Conflict:
		return 7
	case Unavailable:
		return 8
	}
	return 1
}

// HTTPStatus maps err to an HTTP status code.
func HTTPStatus(err error) int {
	switch KindOf(err) {
	case "":
		return 200
	case Invalid, Refused:
		return 422
	case Unauthenticated:
		return 401
	case Forbidden:
		return 403
	case NotFound:
		return 404
	case Conflict:
		return 409
	case Unavailable:
		return 503
	}
	return 500
}
