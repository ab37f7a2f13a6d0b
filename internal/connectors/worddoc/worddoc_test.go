package worddoc

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/fault"
)

const types = `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`

// document packs a body into a document, with other parts by name.
func document(t testing.TB, body string, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	all := append([]string{"[Content_Types].xml", types, "word/document.xml", `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>` + body + `</w:body></w:document>`}, parts...)
	for i := 0; i+1 < len(all); i += 2 {
		w, err := z.Create(all[i])
		if err == nil {
			_, err = w.Write([]byte(all[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func p(text string, props ...string) string {
	return "<w:p><w:pPr>" + strings.Join(props, "") + "</w:pPr><w:r><w:t>" + text + "</w:t></w:r></w:p>"
}

const styles = `<w:styles xmlns:w="x"><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="berschrift1"/></w:style>
<w:style w:styleId="Round"><w:basedOn w:val="Trip"/></w:style><w:style w:styleId="Trip"><w:basedOn w:val="Round"/></w:style></w:styles>`

const numbering = `<w:numbering xmlns:w="x"><w:abstractNum w:abstractNumId="4"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl><w:lvl w:ilvl="1"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>
<w:num w:numId="7"><w:abstractNumId w:val="4"/></w:num></w:numbering>`

func TestRead(t *testing.T) {
	item := func(level string) string {
		return `<w:numPr><w:ilvl w:val="` + level + `"/><w:numId w:val="7"/></w:numPr>`
	}
	for name, c := range map[string]struct {
		body, want string
		lost       []string
	}{
		"a heading in another language":   {p("Zugang", `<w:pStyle w:val="berschrift1"/>`) + p("Wer darf", `<w:pStyle w:val="Mine"/>`), "# Zugang\n\n# Wer darf\n", nil},
		"a style that is based on itself": {p("text", `<w:pStyle w:val="Round"/>`), "text\n", nil},
		"a list in a list":                {p("one", item("0")) + p("a", item("1")) + p("two", item("0")), "1. one\n   - a\n1. two\n", nil},
		"tracked changes":                 {`<w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>`, "new\n", []string{"1 deletion that was tracked"}},
		"a field":                         {`<w:p><w:r><w:instrText>PAGE HYPERLINK "http://x"</w:instrText></w:r><w:r><w:t>7</w:t></w:r></w:p>`, "7\n", nil},
		"pictures and notes":              {`<w:p><w:r><w:drawing><w:t>alt</w:t></w:drawing></w:r><w:r><w:t>x</w:t></w:r><w:r><w:footnoteReference w:id="1"/></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>`, "x\n", []string{"1 picture", "2 footnotes"}},
		"strong across runs":              {`<w:p><w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">very </w:t></w:r><w:r><w:rPr><w:b w:val="1"/></w:rPr><w:t>much</w:t></w:r><w:r><w:rPr><w:b w:val="0"/></w:rPr><w:t xml:space="preserve"> so</w:t></w:r></w:p>`, "**very much** so\n", nil},
		"markup that was typed":           {p("# a &lt;script&gt; [x](y) *z* \\ 1_2") + p("1. no list") + p("- no list"), "\\# a &lt;script> \\[x\\](y) \\*z\\* \\\\ 1\\_2\n\n1\\. no list\n\n\\- no list\n", nil},
		"a table":                         {`<w:tbl><w:tr><w:tc>` + p("a") + `</w:tc><w:tc>` + p("b|c") + `</w:tc></w:tr><w:tr><w:tc>` + p("d") + p("e") + `</w:tc></w:tr></w:tbl>`, "| a | b\\|c |\n| --- | --- |\n| d e | |\n", nil},
		"a table in a table":              {`<w:tbl><w:tr><w:tc><w:tbl><w:tr><w:tc>` + p("in") + `</w:tc></w:tr></w:tbl>` + p("out") + `</w:tc></w:tr></w:tbl>`, "in out\n", nil},
		"letters that are none":           {p("a\u200bb\u00a0c\u202e"), "ab c\n", nil},
	} {
		d, err := Read(document(t, c.body, "word/styles.xml", styles, "word/numbering.xml", numbering))
		if err != nil || d.Text != c.want || !slices.Equal(d.Lost, c.lost) {
			t.Errorf("%s:\n%q, want\n%q; lost %v, %v", name, d.Text, c.want, d.Lost, err)
		}
	}
}

func TestRefused(t *testing.T) {
	var other bytes.Buffer
	z := zip.NewWriter(&other)
	if _, err := z.Create("hello.txt"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	good := document(t, p("x"))
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"nothing":                       {nil, "no Word document"},
		"the old kind":                  {[]byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1}, "old kind"},
		"another zip":                   {other.Bytes(), "no Word document"},
		"half of one":                   {good[:len(good)/2], "no Word document"},
		"macros":                        {document(t, p("x"), "word/vbaProject.bin", "x"), "holds macros"},
		"macros, elsewhere":             {document(t, p("x"), `WORD\VBAPROJECT.BIN`, "x"), "holds macros"},
		"a part twice":                  {document(t, p("x"), "word/document.xml", "<x/>"), "twice"},
		"a part twice, by another name": {document(t, p("x"), "word/../Word/Document.xml", "<x/>"), "twice"},
		"no text":                       {document(t, "<w:p/>"), "no text"},
		"broken XML":                    {document(t, "<w:p>"), "no XML in line 1"},
		"a document type":               {document(t, p("x"), "word/styles.xml", `<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>`), "document type"},
		"an entity":                     {document(t, p("&xxe;")), "no XML"},
		"too deep":                      {document(t, strings.Repeat("<w:x>", 300)+strings.Repeat("</w:x>", 300)), "nested more than"},
		"a bomb":                        {document(t, p("x"), "word/styles.xml", "<x>"+strings.Repeat(" ", maxPart)+"</x>"), "larger than 32 MB"},
	} {
		_, err := Read(c.raw)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// What another program writes is read.
func TestAnotherWriter(t *testing.T) {
	if err := exec.Command("/usr/bin/python3", "-c", "import docx").Run(); err != nil {
		t.Skip("NOT RUN: python3-docx is not installed")
	}
	file := filepath.Join(t.TempDir(), "policy.docx")
	if out, err := exec.Command("/usr/bin/python3", "testdata/write.py", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Read(raw)
	if err != nil {
		t.Fatal(err)
	}
	const want = `# Access control policy

# Purpose

Who gets in, and **who** says so. A \* star and &lt;b> stay as they are.

See *the handbook*

1. Access is asked for.
1. It is approved by the owner.
- keys
- badges

## Who

| Role | Does |
| --- | --- |
| Owner | approves \| refuses |

1\. not a list  
\# not a heading
`
	if d.Text != want || d.Title != "Access control policy" {
		t.Errorf("%q\n%s\nwant\n%s", d.Title, d.Text, want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(document(f, p("one")+p("two", `<w:pStyle w:val="Mine"/>`), "word/styles.xml", styles, "word/numbering.xml", numbering))
	f.Fuzz(func(t *testing.T, raw []byte) { check(t, raw) })
}

// FuzzBody fuzzes the XML, which a fuzzer does not find through a zip.
func FuzzBody(f *testing.F) {
	f.Add(p("one")+`<w:tbl><w:tr><w:tc>`+p("a")+`</w:tc></w:tr></w:tbl>`, styles, numbering)
	f.Add(`<w:tr/><w:tc/></w:x><w:tbl><w:tc><w:p>`, `<style styleId="a"><basedOn val="a"/></style>`, `<lvl/><num/>`)
	f.Fuzz(func(t *testing.T, body, styles, numbering string) {
		check(t, document(t, body, "word/styles.xml", styles, "word/numbering.xml", numbering))
	})
}

func check(t *testing.T, raw []byte) {
	d, err := Read(raw)
	if err != nil {
		if !fault.Is(err, fault.Invalid) {
			t.Fatalf("an error of another kind: %v", err)
		}
		return
	}
	if strings.TrimSpace(d.Text) == "" || strings.Contains(d.Text, "<script") || strings.ContainsRune(d.Text, 0) {
		t.Fatalf("read as %q", d.Text)
	}
}
