package fault_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
)

func TestKinds(t *testing.T) {
	for _, tc := range []struct {
		kind         fault.Kind
		exit, status int
	}{
		{fault.Internal, 1, 500}, {fault.Invalid, 2, 422}, {fault.Unauthenticated, 6, 401}, {fault.Forbidden, 6, 403},
		{fault.NotFound, 5, 404}, {fault.Conflict, 7, 409}, {fault.Refused, 4, 422}, {fault.Unavailable, 8, 503},
	} {
		err := fmt.Errorf("while reading: %w", fault.New(tc.kind, "x"))
		if fault.KindOf(err) != tc.kind || fault.ExitCode(err) != tc.exit || fault.HTTPStatus(err) != tc.status {
			t.Errorf("%s gives %s, exit %d, status %d", tc.kind, fault.KindOf(err), fault.ExitCode(err), fault.HTTPStatus(err))
		}
	}
	if fault.ExitCode(nil) != 0 || fault.HTTPStatus(nil) != 200 || fault.KindOf(nil) != "" {
		t.Error("no error must be no fault")
	}
	if fault.KindOf(io.EOF) != fault.Internal {
		t.Error("an error without a kind must be internal")
	}
}

func TestPublicHidesTheCause(t *testing.T) {
	cause := errors.New("password=hunter2")
	for _, err := range []error{
		fault.Wrap(fault.Unavailable, cause, "the mail server does not answer"),
		fault.Wrap(fault.Internal, cause, "password=hunter2"),
		fmt.Errorf("send: %w", cause),
	} {
		message, hint := fault.Public(err)
		if strings.Contains(message+hint, "hunter2") {
			t.Errorf("the public text shows the cause: %q", message)
		}
		if !errors.Is(err, cause) {
			t.Errorf("the cause is lost from %v", err)
		}
	}
}

func TestErrorNamesThePlace(t *testing.T) {
	for _, tc := range []struct {
		file  string
		line  int
		field string
		want  string
	}{
		{"a.yaml", 3, "checks[0].id", "a.yaml:3: checks[0].id: is empty"},
		{"a.yaml", 0, "", "a.yaml: is empty"},
		{"", 0, "id", "id: is empty"},
		{"", 0, "", "is empty"},
	} {
		if got := fault.New(fault.Invalid, "is empty").At(tc.file, tc.line, tc.field).Error(); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}
