package policies

import (
	"strings"

	"github.com/attesta/attesta/internal/base/fault"
)

const importHint = "Markdown or plain text in UTF-8, up to 4 MB."

// policyFileText gives a file's text as Markdown, by its name.
func policyFileText(name string, raw []byte) (string, error) {
	switch ext := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]); ext {
	case "md", "markdown", "txt":
		return plainText(name, raw)
	}
	return "", fault.New(fault.Invalid, "%.60s is no Markdown or text file", name).At("", 0, "file").WithHint("save it as .md or .txt")
}
