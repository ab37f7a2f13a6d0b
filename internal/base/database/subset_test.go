package database_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What one of the two engines lacks or reads differently. Strings are matched
// outside SQL comments, in upper case.
var outside = []struct {
	re  *regexp.Regexp
	why string
}{
	{regexp.MustCompile(`[A-Z0-9_)'$]::[A-Z]`), "a cast with :: is PostgreSQL's alone: use CAST(x AS t)"},
	{regexp.MustCompile(`\bNOW\(\)|\bCURRENT_TIMESTAMP\b|\bDATETIME\(`), "time comes from the injected clock"},
	{regexp.MustCompile(`\bILIKE\b`), "ILIKE is PostgreSQL's alone: use LOWER(x) LIKE"},
	{regexp.MustCompile(`\bFOR UPDATE\b`), "FOR UPDATE is unknown to SQLite: use UPDATE … RETURNING"},
	{regexp.MustCompile(`\bARRAY\[|= ANY\(`), "arrays are PostgreSQL's alone"},
	{regexp.MustCompile(`\bAUTOINCREMENT\b|\bSERIAL\b|\bBIGSERIAL\b`), "ids are made by the program"},
	{regexp.MustCompile(`\bJSONB?\b\s*(,|\)|NOT|$)`), "JSON is kept as TEXT"},
	{regexp.MustCompile(`\bINTEGER\b|\bBOOLEAN\b|\bVARCHAR\b|\bTIMESTAMP`), "types are BIGINT, TEXT and BLOB"},
	{regexp.MustCompile(`\bINSERT OR (REPLACE|IGNORE)\b`), "use ON CONFLICT"},
	{regexp.MustCompile(`\bIFNULL\(`), "use COALESCE"},
	{regexp.MustCompile(`\bGLOB\b`), "GLOB is SQLite's alone"},
	{regexp.MustCompile(`-- \+GOOSE DOWN`), "migrations go forward only; a backup goes back"},
}

var (
	goString = regexp.MustCompile("(?s)`[^`]*`|\"(?:[^\"\\\\\n]|\\\\.)*\"")
	sqlWord  = regexp.MustCompile(`(?i)^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP)\b|\b(FROM|WHERE|JOIN|VALUES|ORDER BY)\b`)
	comment  = regexp.MustCompile(`(?m)--(?: |$)[^+].*$`)
)

func violations(sql string) []string {
	upper := strings.ToUpper(comment.ReplaceAllString(sql, ""))
	var found []string
	for _, rule := range outside {
		if m := rule.re.FindString(upper); m != "" {
			found = append(found, strings.TrimSpace(m)+": "+rule.why)
		}
	}
	return found
}

func TestSQLSubset(t *testing.T) {
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations found: %v", err)
	}
	for _, path := range files {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range violations(string(src)) {
			t.Errorf("%s: %s", path, v)
		}
	}
	err = filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || !strings.HasPrefix(filepath.Base(path), "store") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, s := range goString.FindAllString(string(src), -1) {
			if s = strings.Trim(s, "`\""); !sqlWord.MatchString(s) {
				continue
			}
			for _, v := range violations(s) {
				t.Errorf("%s: %s\n\t%s", path, v, s)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSQLSubsetLintSees(t *testing.T) {
	for _, bad := range []string{
		"SELECT x::text FROM t", "SELECT now()", "SELECT * FROM t WHERE a ILIKE $1", "SELECT 1 FROM t FOR UPDATE",
		"CREATE TABLE t (id INTEGER)", "CREATE TABLE t (v JSON)", "INSERT OR REPLACE INTO t VALUES (1)", "-- +goose Down",
		"SELECT a FROM t WHERE a = ANY($1)",
	} {
		if len(violations(bad)) == 0 {
			t.Errorf("the lint lets through: %s", bad)
		}
	}
	if v := violations("SELECT a, COUNT(*) FILTER (WHERE b = $1) FROM t -- now() is not used\nGROUP BY a"); len(v) != 0 {
		t.Errorf("the lint refuses what both engines know: %v", v)
	}
}
