package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The bounds of what is read before anything is verified. A login at a large
// directory has some hundred groups, a federation's metadata some certificates.
const (
	mostBytes      = 256 << 10
	mostDepth      = 24
	mostElements   = 4000
	mostAttributes = 24
)

const (
	nsProtocol   = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion  = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsSignature  = "http://www.w3.org/2000/09/xmldsig#"
	nsEncryption = "http://www.w3.org/2001/04/xmlenc#"
	success      = "urn:oasis:names:tc:SAML:2.0:status:Success"
)

// ciphers are those by which a message may be encrypted for us: none of the ways
// to wrap a key or hide a text that strangers learn from by asking often.
var ciphers = map[string]bool{
	"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p": true,
	"http://www.w3.org/2009/xmlenc11#rsa-oaep":        true,
	"http://www.w3.org/2009/xmlenc11#aes128-gcm":      true,
	"http://www.w3.org/2009/xmlenc11#aes192-gcm":      true,
	"http://www.w3.org/2009/xmlenc11#aes256-gcm":      true,
	"http://www.w3.org/2001/04/xmlenc#aes128-cbc":     true,
	"http://www.w3.org/2001/04/xmlenc#aes192-cbc":     true,
	"http://www.w3.org/2001/04/xmlenc#aes256-cbc":     true,
}

// message is what a response says outside of what is signed: enough to find out
// whether to look at it at all.
type message struct {
	destination  string
	inResponseTo string
	issuer       string
	status       []string // the code, then the code inside it
	assertions   int
	encrypted    bool
}

// walk reads XML to its end within the bounds, and gives each element with the
// path of the elements around it, the outermost first.
func walk(raw []byte, plain bool, each func(path []xml.Name, e xml.StartElement) error, text func(path []xml.Name, s string)) error {
	if len(raw) > mostBytes {
		return fmt.Errorf("it has more than %d bytes", mostBytes)
	}
	d := xml.NewDecoder(bytes.NewReader(raw)) // strict: it knows no entities but the five of XML
	var path []xml.Name
	elements, roots := 0, 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			if roots != 1 {
				return errors.New("it is no one element")
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.Directive:
			return errors.New("it declares a document type")
		case xml.ProcInst:
			if t.Target != "xml" || elements > 0 {
				return errors.New("it has an instruction for programs in it")
			}
		case xml.Comment:
			if plain {
				return errors.New("it has a comment in it")
			}
		case xml.StartElement:
			if len(path) == 0 {
				roots++
			}
			if elements++; elements > mostElements {
				return fmt.Errorf("it has more than %d elements", mostElements)
			}
			if len(path) >= mostDepth {
				return fmt.Errorf("it is deeper than %d elements", mostDepth)
			}
			if len(t.Attr) > mostAttributes {
				return fmt.Errorf("an element has more than %d attributes", mostAttributes)
			}
			if err := each(path, t); err != nil {
				return err
			}
			path = append(path, t.Name)
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if text != nil {
				text(path, string(t))
			}
		}
	}
}

// look reads a response within the bounds, and refuses what is no plain one: one
// assertion, and each thing at its one place, so that no two readers can find
// different things in it.
func look(raw []byte) (message, error) {
	var m message
	seen := map[string]bool{}
	signatures := map[int]int{} // by depth
	err := walk(raw, true, func(path []xml.Name, e xml.StartElement) error {
		depth, parent := len(path), xml.Name{}
		if depth > 0 {
			parent = path[depth-1]
		}
		attr := map[string]string{}
		for _, a := range e.Attr {
			if strings.EqualFold(a.Name.Local, "id") {
				if seen[a.Value] {
					return errors.New("two elements have the same id")
				}
				seen[a.Value] = true
			}
			if a.Name.Space == "" {
				attr[a.Name.Local] = a.Value
			}
		}
		root := e.Name.Space == nsProtocol && e.Name.Local == "Response"
		if depth == 0 != root {
			return errors.New("it is no response")
		}
		switch {
		case root:
			m.destination, m.inResponseTo = attr["Destination"], attr["InResponseTo"]
		case e.Name.Space == nsProtocol && e.Name.Local == "StatusCode":
			if parent.Local != "Status" && parent.Local != "StatusCode" {
				return errors.New("a status stands where none belongs")
			}
			m.status = append(m.status, attr["Value"])
		case e.Name.Local == "Assertion" || e.Name.Local == "EncryptedAssertion":
			if e.Name.Space != nsAssertion || depth != 1 {
				return errors.New("an assertion stands where none belongs")
			}
			m.assertions++
			m.encrypted = m.encrypted || e.Name.Local == "EncryptedAssertion"
		case e.Name.Local == "Signature":
			if e.Name.Space != nsSignature || depth != 1 && (depth != 2 || parent != xml.Name{Space: nsAssertion, Local: "Assertion"}) {
				return errors.New("a signature stands where none belongs")
			}
			if signatures[depth]++; signatures[depth] > 1 {
				return errors.New("two signatures stand at one place")
			}
		case e.Name.Space == nsSignature && (e.Name.Local == "Object" || e.Name.Local == "Manifest"):
			return errors.New("a signature holds what it signs")
		case e.Name.Local == "EncryptionMethod" && !ciphers[attr["Algorithm"]]:
			return fmt.Errorf("it is encrypted by %.80q", attr["Algorithm"])
		case e.Name.Space == nsEncryption && e.Name.Local == "CipherReference":
			return errors.New("what is encrypted stands elsewhere")
		}
		return nil
	}, func(path []xml.Name, s string) {
		if len(path) == 2 && path[1] == (xml.Name{Space: nsAssertion, Local: "Issuer"}) {
			m.issuer += s
		}
	})
	if err == nil && m.assertions > 1 {
		err = errors.New("there are two assertions in it")
	}
	return m, err
}
