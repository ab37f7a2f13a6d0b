// Package issuing is the machines of the demonstration's people: who has which, what
// becomes of them in the year, and the lists of them that device managements export.
//
// Floor: edges, below simulation. It keeps nothing.
package issuing

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The lists of the story: a table that somebody keeps by hand, and what follows it.
const (
	ByHand = "by hand"
	Jamf   = "jamf"
	Intune = "intune"
)

// Days of the story.
const (
	Kept    = 62  // the first table by hand
	Managed = 112 // the first lists of the device managements
)

// Change is what becomes of a column on a day.
type Change struct {
	Day    int
	Column string
	Now    string
}

// Machine is somebody's.
type Machine struct {
	Name, Serial, Model string
	List                string // of which management it is
	Login, Person       string // who has it; both "" nobody
	From, Until         int    // days; 0 from the beginning, to the end
	Off                 int    // day from which it is switched off; 0 never
	Released            bool   // nobody's name stands at it at all
	Changes             []Change
}

func machines() []Machine {
	mac := func(name, serial, login, person string, changes ...Change) Machine {
		return Machine{Name: name, Serial: serial, Model: "MacBook Pro (14-inch)", List: Jamf, Login: login, Person: person, Changes: changes}
	}
	pc := func(name, serial, login, person string, changes ...Change) Machine {
		return Machine{Name: name, Serial: serial, Model: "ThinkPad T14", List: Intune, Login: login, Person: person, Changes: changes}
	}
	during := func(m Machine, from, until int) Machine { m.From, m.Until = from, until; return m }
	away := func(m Machine, day int) Machine { m.Off = day; return m }
	return []Machine{
		mac("fl-mac-01", "C02FK1A0Q6", "joana", "Joana Prates", Change{0, "version", "14.7.2"}, Change{171, "version", "15.6"}),
		mac("fl-mac-02", "C02FK1A1Q6", "ines", "Ines Duarte"),
		mac("fl-mac-03", "C02FK1A2Q6", "aarav", "Aarav Mehta"),
		mac("fl-mac-04", "C02FK1A3Q6", "tomas", "Tomas Varga"),
		mac("fl-mac-05", "C02FK1A4Q6", "mei", "Mei Tanaka"),
		mac("fl-mac-06", "C02FK1A5Q6", "amara", "Amara Okoye", Change{0, "firewall", "No"}, Change{134, "firewall", "Yes"}),
		mac("fl-mac-07", "C02FK1A6Q6", "lukas", "Lukas Brandt", Change{241, "lock", "Not set"}, Change{255, "lock", "Set"}),
		mac("fl-mac-08", "C02FK1A7Q6", "jonas", "Jonas Weber", Change{191, "login", ""}, Change{198, "login", "yusuf"}), // it lies in a drawer, and is given on
		during(mac("fl-mac-09", "C02FK1A8Q6", "erik", "Erik Lund"), 0, 270),
		during(mac("fl-mac-10", "C02FK1A9Q6", "sofia", "Sofia Mendes"), 64, 0),
		during(mac("fl-mac-11", "C02FK1B0Q6", "nadia", "Nadia Rossi"), 100, 0), // who left, and still has it
		during(mac("fl-mac-12", "C02FK1B1Q6", "tiago", "Tiago Faria", Change{310, "encrypted", "Pending"}, Change{322, "encrypted", "All Partitions Encrypted"}), 310, 0),
		{Name: "fl-room-1", Serial: "C07FK2A0Q6", Model: "Mac mini", List: Jamf, Released: true},
		pc("FL-PC-01", "PF3FK001", "rui", "Rui Carvalho"),
		away(pc("FL-PC-02", "PF3FK002", "clara", "Clara Nunes"), 340), // she is away for months
		pc("FL-PC-03", "PF3FK003", "daniel", "Daniel Costa", Change{286, "protection", "Disabled"}, Change{301, "protection", "Enabled"}),
		pc("FL-PC-04", "PF3FK004", "beatriz", "Beatriz Lopes", Change{0, "encrypted", "False"}, Change{131, "encrypted", "True"}), // of before there was a policy
		pc("FL-PC-05", "PF3FK005", "pedro", "Pedro Alves", Change{0, "version", "10.0.22631.4602"}, Change{203, "version", "10.0.26100.4652"}, Change{352, "protection", "Disabled"}),
		pc("FL-PC-06", "PF3FK006", "marta", "Marta Silva"),
		{Name: "Phone on call", Serial: "F17FK3A0Q6", Model: "iPhone 15", List: Intune, From: 140, Released: true},
	}
}

// at gives what a column says of a machine on a day.
func (m *Machine) at(column, otherwise string, day int) string {
	for _, c := range m.Changes {
		if c.Column == column && c.Day <= day {
			otherwise = c.Now
		}
	}
	return otherwise
}

// people are by login, with their names, for what is given on.
func people() map[string]string {
	all := map[string]string{"yusuf": "Yusuf Demir"}
	for _, m := range machines() {
		all[m.Login] = m.Person
	}
	return all
}

// Mail is somebody's address.
func Mail(person string) string {
	if person == "" {
		return ""
	}
	return strings.ToLower(strings.ReplaceAll(person, " ", ".")) + "@farol.example"
}

// headings are the columns of an export, as the products call them.
var headings = map[string][]string{
	ByHand: {"Device", "Serial number", "Model", "Platform", "OS version", "Owner", "Email", "Encrypted", "Antivirus", "Last seen"},
	Jamf:   {"Computer Name", "Serial Number", "Model", "Operating System Version", "Username", "Full Name", "Email Address", "FileVault 2 Status", "Firewall Enabled", "Antivirus", "Screen Lock", "Last Check-in"},
	Intune: {"Device name", "Serial number", "Model", "OS", "OS version", "Primary user UPN", "Primary user display name", "Encrypted", "Firewall", "Real-time protection", "Passcode", "Device state", "Last check-in"},
}

// Export is what a management says of its devices at a moment of a day of the story.
func Export(list string, day int, at time.Time) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{headings[list]}
	for _, m := range machines() {
		if list != ByHand && m.List != list || m.From > day || m.Until > 0 && day >= m.Until || list == ByHand && m.Released {
			continue
		}
		rows = append(rows, m.row(list, day, at))
	}
	if err := w.WriteAll(rows); err != nil { // of a buffer: it is the program's own mistake
		panic(fmt.Sprintf("write a list of devices: %v", err))
	}
	return b.Bytes()
}

func (m *Machine) row(list string, day int, at time.Time) []string {
	login := m.at("login", m.Login, day)
	person := people()[login]
	mail, seen := Mail(person), at.Add(-time.Duration(20+7*len(m.Serial+m.Name)%190)*time.Minute)
	if m.Off > 0 && day >= m.Off {
		seen = at.AddDate(0, 0, m.Off-day)
	}
	when := seen.UTC().Format("2006-01-02T15:04:05Z")
	late := day >= 233 // the newer release is out
	mac, windows := "15.6", "10.0.26100.4652"
	if late {
		mac, windows = "15.7.2", "10.0.26100.6899"
	}
	switch phone := strings.HasPrefix(m.Model, "iPhone"); {
	case list == ByHand && m.List == Jamf:
		return []string{m.Name, m.Serial, m.Model, "macOS", m.at("version", mac, day), person, mail, "", "yes", when}
	case list == ByHand:
		return []string{m.Name, m.Serial, m.Model, "Windows", m.at("version", windows, day), person, mail, "", "yes", when}
	case list == Jamf:
		return []string{m.Name, m.Serial, m.Model, m.at("version", mac, day), login, person, mail, m.at("encrypted", "All Partitions Encrypted", day), m.at("firewall", "Yes", day), m.at("protection", "Enabled", day), m.at("lock", "Set", day), when}
	case phone:
		return []string{m.Name, m.Serial, m.Model, "iOS", "18.6", "", "", "", "", "", "Set", "Managed", when}
	}
	return []string{m.Name, m.Serial, m.Model, "Windows", m.at("version", windows, day), mail, person, m.at("encrypted", "True", day), m.at("firewall", "Enabled", day), m.at("protection", "Enabled", day), m.at("lock", "Set", day), "Managed", when}
}

// Lists are those that are brought, by name.
func Lists() []string { return slices.Sorted(slices.Values([]string{ByHand, Jamf, Intune})) }
