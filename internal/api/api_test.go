package api

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/operations/bulk"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
)

// The document is committed, so that whoever changes an operation sees what
// changes for those who use it. ATTESTA_TEST_UPDATE=1 writes it.
func TestOpenAPIIsTheCommittedOne(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "openapi.json")
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(New(Config{}).OpenAPI()); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("ATTESTA_TEST_UPDATE") != "" {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Error("docs/openapi.json is not what the operations say; if the change is meant, run again with ATTESTA_TEST_UPDATE=1")
	}
}

func TestEveryOperationIsDescribed(t *testing.T) {
	a := New(Config{})
	if n := len(a.Operations()); n < 35 {
		t.Fatalf("only %d operations", n)
	}
	for _, o := range a.Operations() {
		if o.Summary == "" || strings.HasSuffix(o.Summary, ".") {
			t.Errorf("%s: its summary is a line without a full stop: %q", o.Name, o.Summary)
		}
		if o.Changes() == strings.HasSuffix(string(o.Action), ".read") {
			t.Errorf("%s %s needs %s", o.Method, o.Name, o.Action)
		}
		if o.Of != "" {
			if of, err := a.operation(o.Of); err != nil || of.Changes() {
				t.Errorf("%s: If-Match would be held against %s", o.Name, o.Of)
			}
		}
	}
}

// What tools may change is what a person decides afterwards.
func TestToolsProposeAndNoMore(t *testing.T) {
	var changes []string
	for _, o := range New(Config{}).Operations() {
		if o.Tool() && o.Changes() {
			changes = append(changes, o.Name)
			for _, s := range []string{"approve", "decide", "review"} {
				if _, verb, _ := strings.Cut(o.Name, "."); strings.HasPrefix(verb, s) || strings.HasSuffix(string(o.Action), s) {
					t.Errorf("a tool decides: %s", o.Name)
				}
			}
		}
	}
	if want := []string{"bulk.preview", "capacity-plans.draft", "changes.ask", "exclusions.ask", "firms.propose", "own-tests.plan", "policies.adopt", "policies.create", "policies.edit", "questions.scope", "questions.window", "scope.propose", "segmentation-plans.draft", "standard-changes.propose", "vendors.ask", "waivers.ask"}; !slices.Equal(slices.Sorted(slices.Values(changes)), want) {
		t.Errorf("tools change %v, want %v", changes, want)
	}
}

func TestToolSchemasStandAlone(t *testing.T) {
	a := New(Config{})
	for _, o := range a.Operations() {
		raw, err := json.Marshal(a.inlined(o.input))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte("$ref")) || !bytes.Contains(raw, []byte(`"type":"object"`)) {
			t.Errorf("%s: %s", o.Name, raw)
		}
	}
}

func TestInputIsHeldAgainstItsDeclaration(t *testing.T) {
	a := New(Config{})
	who := access.Principal{UserID: "usr_x", Role: access.ComplianceManager}
	for _, c := range []struct{ operation, input, says string }{
		{"findings.list", `{"severity":["dire"]}`, "severity"},
		{"findings.list", `{"limit":0}`, "limit"},
		{"findings.list", `{"limit":501}`, "limit"},
		{"findings.list", `{"limit":"ten"}`, "limit"},
		{"findings.list", `{"sevrity":["low"]}`, "sevrity"},
		{"findings.show", `{}`, "ref"},
		{"waivers.ask", `{"check":"a/b","reason":"because it is so"}`, "expires"},
		{"waivers.ask", `{"check":"a/b","reason":"because it is so","expires":"soon"}`, "expires"},
		{"evidence.show", `{"number":0}`, "number"},
		{"scope.propose", `{"reason":"x","scope":{"systm":"y"}}`, "scope"},
		{"criteria.show", `{"id":"` + strings.Repeat("C", 99) + `"}`, "id"},
		{"criteria.show", `[1]`, "object"},
		{"moon.launch", `{}`, "moon.launch"},
	} {
		_, err := a.Call(t.Context(), who, c.operation, json.RawMessage(c.input))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %s: %v; want a word about %s", c.operation, c.input, err, c.says)
		}
	}
}

// What can be done to many is what the operation says.
func TestBulkKinds(t *testing.T) {
	f, _ := reflect.TypeFor[BulkInput]().FieldByName("Kind")
	var kinds []string
	for _, k := range bulk.New(bulk.Config{Integrity: &integrity.Service{}, Baselines: &baseline.Service{}}).Kinds("") {
		kinds = append(kinds, k.Name)
		for _, ask := range k.Asks {
			if !slices.ContainsFunc(reflect.VisibleFields(reflect.TypeFor[BulkInput]()), func(f reflect.StructField) bool {
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				return name == ask.Name
			}) {
				t.Errorf("%s asks for %s, which the operation does not take", k.Name, ask.Name)
			}
		}
	}
	if got := f.Tag.Get("enum"); got != strings.Join(kinds, ",") {
		t.Errorf("the operation takes %s, there are %s", got, strings.Join(kinds, ","))
	}
	items, _ := reflect.TypeFor[BulkInput]().FieldByName("Items")
	if items.Tag.Get("maxItems") != strconv.Itoa(bulk.Most) {
		t.Errorf("the operation takes %s items, a batch %d", items.Tag.Get("maxItems"), bulk.Most)
	}
}
