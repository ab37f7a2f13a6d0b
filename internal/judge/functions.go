package judge

import (
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
)

// environment is the language of expressions, whatever the population: CEL's
// standard library without has() (facts are declared: one that is not there
// is not observed, which has() would hide), string, set, list, math and network
// functions, cel.bind, and the functions below.
//
//	atMost(mode, "0640")            no permission bit beyond those of the limit
//	octal(mode)                     "0640"
//	versionAtLeast(have, want)      compares dotted versions by their numbers
func environment() []cel.EnvOption {
	return []cel.EnvOption{
		cel.ClearMacros(),
		cel.Macros(cel.AllMacro, cel.ExistsMacro, cel.ExistsOneMacro, cel.MapMacro, cel.MapFilterMacro, cel.FilterMacro),
		cel.EnableMacroCallTracking(),
		cel.HomogeneousAggregateLiterals(),
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.ParserRecursionLimit(50),
		ext.Strings(ext.StringsVersion(3)),
		ext.Sets(),
		ext.Lists(ext.ListsVersion(2)),
		ext.Math(),
		ext.Bindings(),
		ext.TwoVarComprehensions(),
		ext.Network(),
		cel.Function("atMost", cel.Overload("at_most_int_string", []*cel.Type{cel.IntType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(atMost))),
		cel.Function("octal", cel.Overload("octal_int", []*cel.Type{cel.IntType}, cel.StringType,
			cel.UnaryBinding(func(mode ref.Val) ref.Val { return types.String(octal(int64(mode.(types.Int)))) }))),
		cel.Function("versionAtLeast", cel.Overload("version_at_least_string_string", []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(func(have, want ref.Val) ref.Val {
				return types.Bool(compareVersions(string(have.(types.String)), string(want.(types.String))) >= 0)
			}))),
	}
}

func atMost(mode, limit ref.Val) ref.Val {
	max, err := strconv.ParseUint(string(limit.(types.String)), 8, 16)
	if err != nil || max > 0o7777 {
		return types.NewErr("%q is no octal file mode such as 0640", limit.Value())
	}
	return types.Bool(int64(mode.(types.Int))&^int64(max) == 0)
}

// octal writes permission bits with four digits.
func octal(mode int64) string {
	s := strconv.FormatInt(mode, 8)
	if len(s) < 4 {
		s = strings.Repeat("0", 4-len(s)) + s
	}
	return s
}

// compareVersions compares the numbers in two versions from left to right:
// "9.10p1" is after "9.9". Text between the numbers only separates them.
func compareVersions(a, b string) int {
	x, y := numbers(a), numbers(b)
	for i := 0; i < len(x) || i < len(y); i++ {
		var l, r string
		if i < len(x) {
			l = x[i]
		}
		if i < len(y) {
			r = y[i]
		}
		if len(l) != len(r) { // no leading zeros: longer is larger
			if len(l) < len(r) {
				return -1
			}
			return 1
		}
		if c := strings.Compare(l, r); c != 0 {
			return c
		}
	}
	return 0
}

// numbers gives the runs of digits without leading zeros.
func numbers(s string) []string {
	runs := strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	for i, run := range runs {
		runs[i] = strings.TrimLeft(run, "0")
	}
	return runs
}
