package xccdf

import (
	"bytes"
	"compress/gzip"
	"os"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/evidence/outcome"
)

func sample(t testing.TB) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/result.xml")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func packed(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// arf puts a document into a collection as scanners do: the benchmark in the
// request, the result in a report.
func arf(text string) string {
	_, body, _ := strings.Cut(text, "?>\n")
	i, j := strings.Index(body, "  <TestResult"), strings.Index(body, "</Benchmark>")
	return `<?xml version="1.0"?><arf:asset-report-collection xmlns:arf="http://scap.nist.gov/schema/asset-reporting-format/1.1">
<arf:report-requests><arf:report-request id="collection"><arf:content>` + body[:i] + `</Benchmark></arf:content></arf:report-request></arf:report-requests>
<arf:reports><arf:report id="xccdf1"><arf:content>` + strings.Replace(body[i:j], "<TestResult", `<TestResult xmlns="http://checklists.nist.gov/xccdf/1.2"`, 1) + `</arf:content></arf:report></arf:reports></arf:asset-report-collection>`
}

func TestRead(t *testing.T) {
	text := sample(t)
	for _, tc := range []struct{ name, text, format string }{
		{"in its benchmark", text, "XCCDF 1.2"},
		{"gzip", packed(t, text), "XCCDF 1.2"},
		{"a collection", arf(text), "ARF"},
		{"of the older version", strings.ReplaceAll(text, "xccdf/1.2", "xccdf/1.1"), "XCCDF 1.1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r, err := Read("result.xml", strings.NewReader(tc.text), "")
			if err != nil {
				t.Fatal(err)
			}
			if r.Format != tc.format || r.Target != "web-1.example.org" || len(r.Addresses) != 2 || r.Benchmark != "xccdf_example_benchmark_HOSTS" || r.Version != "0.9" ||
				r.Profile != "xccdf_example_profile_base" || r.Ended.UTC().Format("15:04:05") != "08:26:53" || !r.Zoned {
				t.Errorf("read %+v", r)
			}
			if r.Counts != (outcome.Counts{Pass: 1, Fail: 1, NotObserved: 1}) || r.LeftOut != 1 {
				t.Errorf("counts %+v, %d left out", r.Counts, r.LeftOut)
			}
			first := r.Rules[0]
			if first.Outcome != outcome.Fail || first.Title != "Root does not log in over the network" || first.Severity != "high" || len(first.Idents) != 1 || !strings.Contains(first.Reason, "PermitRootLogin is yes") {
				t.Errorf("rule %+v", first)
			}
			for _, x := range r.Rules {
				if x.Outcome != outcome.Pass && x.Reason == "" {
					t.Errorf("%s is %q without a reason", x.ID, x.Outcome)
				}
			}
			if out := r.Text(); !strings.Contains(out, "fail                 1") || strings.Index(out, "Root does not") > strings.Index(out, "Somebody reviews") {
				t.Errorf("text:\n%s", out)
			}
		})
	}
}

// Every word of the specification has an outcome that is no better than it says.
func TestTranslate(t *testing.T) {
	for said, want := range map[string]outcome.Outcome{"pass": outcome.Pass, "fixed": outcome.Pass, "fail": outcome.Fail, "error": outcome.Error, "unknown": outcome.Error,
		"notapplicable": outcome.NotApplicable, "notchecked": outcome.NotObserved, "notselected": "", "informational": ""} {
		got, reason, ok := translate(said)
		if !ok || got != want || reason == "" && said != "pass" {
			t.Errorf("%s: %q, %q, %v", said, got, reason, ok)
		}
	}
}

// What a person wrote over a result makes nothing better, and is said.
func TestOverride(t *testing.T) {
	for _, tc := range []struct {
		name, stands string
		before       []string
		want         outcome.Outcome
		says         string
	}{
		{"a fail called a pass", "pass", []string{"fail"}, outcome.Fail, "wrote it over fail"},
		{"a fail called not applicable", "notapplicable", []string{"fail"}, outcome.Fail, "says notapplicable"},
		{"a fail left out", "notselected", []string{"fail"}, outcome.Fail, "wrote it over fail"},
		{"what nobody checked, called a pass", "pass", []string{"notchecked"}, outcome.NotObserved, "wrote it over notchecked"},
		{"by way of another", "pass", []string{"fail", "notapplicable"}, outcome.Fail, "wrote it over fail"},
		{"a pass called a fail", "fail", []string{"pass"}, outcome.Fail, ""},
		{"the same again", "pass", []string{"pass"}, outcome.Pass, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			words := "<result>" + tc.stands + "</result>"
			for _, old := range tc.before {
				words += `<override time="2026-03-15T08:00:00Z" authority="an auditor"><old-result>` + old + `</old-result><new-result>` + tc.stands + `</new-result><remark>accepted</remark></override>`
			}
			r, err := Read("result.xml", strings.NewReader(strings.Replace(sample(t), "<result>fail</result>", words, 1)), "")
			if err != nil {
				t.Fatal(err)
			}
			x := r.Rules[0]
			if x.Outcome != tc.want || x.Said != tc.stands || !strings.Contains(x.Reason, tc.says) || tc.says == "" && strings.Contains(x.Reason, "wrote it over") {
				t.Errorf("%q is %s because %q", x.Said, x.Outcome, x.Reason)
			}
		})
	}
}

func TestTargetAndInstances(t *testing.T) {
	text := strings.Replace(sample(t), "<target-address>", `<target-facts><fact name="urn:xccdf:fact:asset:identifier:fqdn" type="string">web-1.example.org</fact></target-facts><target-address>`, 1)
	text = strings.Replace(text, "<result>fail</result>", "<result>fail</result><instance>tty\u009b1\u202e</instance>", 1)
	r, err := Read("result.xml", strings.NewReader(text), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Facts) != 1 || r.Facts[0] != (Fact{"urn:xccdf:fact:asset:identifier:fqdn", "web-1.example.org"}) || len(r.Addresses) != 2 {
		t.Errorf("facts %+v, addresses %v", r.Facts, r.Addresses)
	}
	if r.Rules[0].Instance != "tty1" || !strings.Contains(r.Text(), "over the network tty1") {
		t.Errorf("instance %q", r.Rules[0].Instance)
	}
}

func damaged(gz string) string {
	b := []byte(gz)
	b[len(b)-6] ^= 1
	return string(b)
}

func TestMistakes(t *testing.T) {
	text := sample(t)
	i, j := strings.Index(text, "  <TestResult"), strings.Index(text, "</Benchmark>")
	second := strings.Replace(text[i:j], "testresult_1", "testresult_2", 1)
	for _, tc := range []struct{ name, text, says, hint string }{
		{"empty", "", "is empty", "oscap xccdf eval"},
		{"a benchmark without results", text[:i] + text[j:], "no results", "scan first"},
		{"a data stream", `<ds:data-stream-collection xmlns:ds="http://scap.nist.gov/schema/scap/source/1.2"/>`, "no TestResult", "scan first"},
		{"cut", text[:i+900], "ends in the middle", "bring it again"},
		{"half a gzip", packed(t, text)[:200], "ends in the middle", "bring it again"},
		{"two results", text[:j] + second + text[j:], "holds 2 results", "xccdf_example_testresult_2"},
		{"another encoding", strings.Replace(text, "UTF-8", "ISO-8859-15", 1), "is not UTF-8", "iconv"},
		{"UTF-16", "\xff\xfe<\x00B\x00", "is UTF-16", "iconv"},
		{"UTF-16 packed", packed(t, "\xfe\xff\x00<\x00B"), "is UTF-16", "iconv"},
		{"Latin-1 that calls itself UTF-8", strings.Replace(text, "PermitRootLogin", "Zugriff \xfcber", 1), "is not UTF-8", "iconv"},
		{"a damaged gzip", damaged(packed(t, text)), "is not whole gzip", "bring it again"},
		{"an end before its start", strings.Replace(text, "2026-03-14T09:20:00", "2026-03-15T09:20:00", 1), "before it starts", ""},
		{"an override of no known word", strings.Replace(text, "<result>fail</result>", "<result>pass</result><override><old-result>bad</old-result></override>", 1), `"bad", which XCCDF does not know`, ""},
		{"a zip", "PK\x03\x04", "is a zip archive", "unpack"},
		{"a report for people", "<html xmlns=\"http://www.w3.org/1999/xhtml\"><body/></html>", "HTML report", "XML"},
		{"something else", "<rss/>", "begins with <rss>", "XCCDF"},
		{"text", "no markup at all", "is no XML document", "HTML report"},
		{"a document type", "<!DOCTYPE x [<!ENTITY a \"b\">]>" + text[strings.Index(text, "<Benchmark"):], "document type", "DOCTYPE"},
		{"an entity", strings.Replace(text, "PermitRootLogin", "&xxe;", 1), "not well-formed", "as the scanner wrote it"},
		{"a word of its own", strings.Replace(text, "<result>fail<", "<result>failed<", 1), `"failed", which XCCDF does not know`, ""},
		{"no target", strings.Replace(text, "<target>web-1.example.org</target>", "", 1), "on which machine", ""},
		{"no time", strings.Replace(text, `end-time="2026-03-14T09:26:53+01:00"`, "", 1), "when it was made", ""},
		{"no such time", strings.Replace(text, `end-time="2026-03-14T09:26:53+01:00"`, `end-time="yesterday"`, 1), `"yesterday", which is no time`, "2026"},
		{"a rule without name", strings.Replace(text, `<rule-result idref="xccdf_example_rule_banner">`, "<rule-result>", 1), "does not name its rule", ""},
		{"too deep", strings.Repeat("<a xmlns='http://checklists.nist.gov/xccdf/1.2'>", 200), "deeper than", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Read("result.xml", strings.NewReader(tc.text), "")
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("got %v", err)
			}
			if _, hint := fault.Public(err); !strings.Contains(hint, tc.hint) {
				t.Errorf("the hint is %q", hint)
			}
		})
	}
	two := text[:j] + second + text[j:]
	if r, err := Read("result.xml", strings.NewReader(two), "xccdf_example_testresult_2"); err != nil || r.ID != "xccdf_example_testresult_2" {
		t.Errorf("the second of two: %+v, %v", r, err)
	}
	if _, err := Read("result.xml", strings.NewReader(two), "third"); !fault.Is(err, fault.NotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	plain := strings.Replace(text, "09:26:53+01:00", "09:26:53", 1)
	if r, err := Read("result.xml", strings.NewReader(plain), ""); err != nil || r.Zoned || !strings.Contains(r.Text(), "no time zone") {
		t.Errorf("without a zone: %+v, %v", r, err)
	}
}

func FuzzRead(f *testing.F) {
	text := sample(f)
	f.Add([]byte(text))
	f.Add([]byte(arf(text)))
	f.Add([]byte(packed(f, text)))
	f.Add([]byte("<!DOCTYPE a><a/>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := Read("fuzz.xml", bytes.NewReader(raw), "")
		if err != nil {
			if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Unavailable) {
				t.Errorf("kind of %v", err)
			}
			return
		}
		if r.Target == "" || r.Ended.IsZero() || len(r.Rules) == 0 || r.Counts.Total()+int64(r.LeftOut) != int64(len(r.Rules)) {
			t.Errorf("accepted %+v", r)
		}
		r.Text()
	})
}
