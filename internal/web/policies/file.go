package policies

import (
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/worddoc"
)

const importHint = "A Word document (.docx), Markdown or plain text in UTF-8, up to 16 MB."

// policyFileText gives a file's text as Markdown, by its name, and what stayed
// behind.
func policyFileText(name string, raw []byte) (text string, lost []string, err error) {
	switch ext := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]); ext {
	case "md", "markdown", "txt":
		text, err = plainText(name, raw)
		return text, nil, err
	case "docx", "docm", "doc", "dotx":
		d, err := worddoc.Read(raw)
		if err != nil {
			message, hint := fault.Public(err)
			return "", nil, fault.Wrap(fault.Invalid, err, "%.60s: %s", name, message).At("", 0, "file").WithHint("%s", hint)
		}
		return d.Text, d.Lost, nil
	case "pdf":
		return "", nil, fault.New(fault.Invalid, "%.60s is a PDF, which holds letters at places and no text to change", name).At("", 0, "file").WithHint("bring the document that it was made of, or keep the PDF as evidence")
	}
	return "", nil, fault.New(fault.Invalid, "%.60s is no Word document, Markdown or text", name).At("", 0, "file").WithHint("save it as .docx, .md or .txt")
}
