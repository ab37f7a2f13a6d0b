package endpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxDevices is how many devices a list may have.
const MaxDevices = 5000

// What a list may say of a protection.
const (
	Unsaid  = ""        // it has no column for it, or nothing in it
	On      = "on"      // it is there and on
	Off     = "off"     // it is not
	Unclear = "unclear" // words that are neither
)

// Platforms.
const (
	MacOS    = "macos"
	Windows  = "windows"
	Linux    = "linux"
	IOS      = "ios"
	Android  = "android"
	ChromeOS = "chromeos"
)

// Device is a device as a list tells of it.
type Device struct {
	Name       string            `json:"name"`
	Serial     string            `json:"serial,omitempty"`
	Number     string            `json:"id,omitempty"` // what the management calls it
	Model      string            `json:"model,omitempty"`
	Platform   string            `json:"platform,omitempty"` // "" for none that is known
	OS         string            `json:"os,omitempty"`       // version as the list has it
	Person     string            `json:"person,omitempty"`   // a name
	Mail       string            `json:"mail,omitempty"`
	Login      string            `json:"login,omitempty"`
	Encrypted  string            `json:"encrypted,omitempty"`
	Firewall   string            `json:"firewall,omitempty"`
	Protection string            `json:"protection,omitempty"`
	Lock       string            `json:"lock,omitempty"`
	Seen       time.Time         `json:"seen,omitzero"`
	Words      map[string]string `json:"words,omitempty"` // what the list says where that is unclear, by column
	Line       int               `json:"line,omitempty"`
	First      time.Time         `json:"first"` // the first list that had it
	Taken      time.Time         `json:"taken"` // the newest one
}

// Key is what a device is known by in its list: its serial number, else what the
// management calls it, else its name.
func (d *Device) Key() string {
	for _, k := range []string{d.Serial, d.Number, d.Name} {
		if k != "" {
			return strings.ToLower(k)
		}
	}
	return ""
}

// source names a device of a list as a source of facts.
func source(list, key string) string {
	sum := sha256.Sum256([]byte(list + "\x00" + key))
	return "src_endpoint-" + hex.EncodeToString(sum[:])[:20]
}

// Tidy tidies a device; problem says what is wrong with it.
func (d *Device) Tidy() (problem string) {
	for _, t := range []struct {
		what string
		text *string
		most int
	}{{"name", &d.Name, 200}, {"serial number", &d.Serial, 100}, {"id", &d.Number, 100}, {"model", &d.Model, 100}, {"version", &d.OS, 100}, {"person", &d.Person, 200}, {"e-mail address", &d.Mail, 254}, {"login", &d.Login, 128}} {
		if !utf8.ValidString(*t.text) {
			return "the " + t.what + " is no text"
		}
		*t.text = strings.Join(strings.FieldsFunc(*t.text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
		if len(*t.text) > t.most {
			return "the " + t.what + " has more than " + strconv.Itoa(t.most) + " bytes"
		}
	}
	d.Mail = strings.ToLower(d.Mail)
	if d.Key() == "" {
		return "it names no device: it has no serial number, no id and no name"
	}
	if d.Name == "" {
		d.Name = d.Serial
	}
	if d.Name == "" {
		d.Name = d.Number
	}
	return ""
}

var numbers = regexp.MustCompile(`\d+(?:\.\d+)*`)

// release gives what of the version tells whether its maker still mends it.
func (d *Device) release() (n int64, ok bool) {
	for _, v := range numbers.FindAllString(d.OS, -1) {
		parts := strings.Split(v, ".")
		part := parts[0]
		if d.Platform == Windows {
			switch {
			case len(parts) >= 3 && parts[0] == "10" && parts[1] == "0":
				part = parts[2]
			case len(part) == 5: // 26100.2894
			default:
				continue
			}
		}
		n, err := strconv.ParseInt(part, 10, 32)
		return n, err == nil
	}
	return 0, false
}

// mobile reports whether it is a telephone or tablet.
func (d *Device) mobile() bool { return d.Platform == IOS || d.Platform == Android }
