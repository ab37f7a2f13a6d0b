package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts in testdata/checks run `attesta checks` in process. Besides
// testscript's commands they have:
//
//	attesta ARGS…     runs the command line; ! when it must fail
//	exits CODE        exit code of the last attesta
func TestChecksScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/checks",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"attesta": func(ts *testscript.TestScript, neg bool, args []string) {
				root := New("attesta", "", "test", ChecksCommand())
				var out, problems bytes.Buffer
				root.SetArgs(args)
				root.SetOut(&out)
				root.SetErr(&problems)
				// The commands open paths relative to the working directory, which is
				// the script's only for programs that it starts: give them whole.
				for i, arg := range args {
					if i > 1 && arg != "" && arg[0] == '.' {
						args[i] = ts.MkAbs(arg)
					}
				}
				err := root.Execute()
				code := Report(&problems, err, false)
				ts.Setenv("CODE", strconv.Itoa(code))
				fmt.Fprint(ts.Stdout(), out.String())
				fmt.Fprint(ts.Stderr(), problems.String())
				switch {
				case err == nil && neg:
					ts.Fatalf("succeeded; it must fail")
				case err != nil && !neg:
					ts.Fatalf("%v", errors.Join(err))
				}
			},
			"exits": func(ts *testscript.TestScript, neg bool, args []string) {
				if len(args) != 1 || (ts.Getenv("CODE") == args[0]) == neg {
					ts.Fatalf("exit code %s; the script says %v", ts.Getenv("CODE"), args)
				}
			},
		},
	})
}
