package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/attesta/attesta/internal/facts"
)

// The scripts in testdata/checks run `attesta checks` in process. Besides
// testscript's commands they have:
//
//	attesta ARGS…     runs the command line; ! when it must fail
//	exits CODE        exit code of the last attesta
//
// Paths of the script's directory are printed as ./… . UPDATE_SCRIPTS=1 writes
// what was printed into the scripts' files: read the difference.
func TestChecksScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/checks",
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("REGISTRY", strconv.Itoa(facts.Registry().Version))
			return nil
		},
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
				relative := strings.NewReplacer(ts.Getenv("WORK")+"/", "./")
				fmt.Fprint(ts.Stdout(), relative.Replace(out.String()))
				fmt.Fprint(ts.Stderr(), relative.Replace(problems.String()))
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
