package issuing

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/connectors/devicelist"
	"github.com/attesta/attesta/internal/operations/endpoint"
)

// read gives the devices of an export by name, as the program reads them.
func read(t *testing.T, list string, day int) map[string]endpoint.Device {
	t.Helper()
	at := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC).AddDate(0, 0, day)
	f, err := devicelist.Read(bytes.NewReader(Export(list, day, at)), nil, time.UTC, at)
	if err != nil {
		t.Fatalf("%s of day %d: %v", list, day, err)
	}
	if len(f.Refused)+len(f.Unused)+f.Repeated > 0 {
		t.Errorf("%s of day %d: refused %v, columns that nothing reads %v, %d repeated", list, day, f.Refused, f.Unused, f.Repeated)
	}
	out := map[string]endpoint.Device{}
	for _, d := range f.Devices {
		if d.Platform == "" || d.OS == "" || d.Seen.IsZero() {
			t.Errorf("%s of day %d: of %s it is not known which system it has, or when it reported: %+v", list, day, d.Name, d)
		}
		out[d.Name] = d
	}
	return out
}

func TestExports(t *testing.T) {
	for _, list := range Lists() {
		for _, day := range []int{Kept, Managed, 200, 364} {
			if got := read(t, list, day); len(got) < 5 {
				t.Errorf("%s of day %d has %d devices", list, day, len(got))
			}
		}
	}
	serials := map[string]bool{}
	for _, m := range machines() {
		if serials[m.Serial] {
			t.Errorf("two machines are %s", m.Serial)
		}
		serials[m.Serial] = true
		for i, c := range m.Changes {
			if !slices.Contains([]string{"version", "firewall", "lock", "login", "encrypted", "protection"}, c.Column) || i > 0 && m.Changes[i-1].Column == c.Column && m.Changes[i-1].Day >= c.Day {
				t.Errorf("%s: %+v is no change that comes about", m.Name, c)
			}
		}
	}
}

func TestStory(t *testing.T) {
	begin, end := read(t, Intune, Managed), read(t, Intune, 364)
	if a, b := begin["FL-PC-04"], end["FL-PC-04"]; a.Encrypted != endpoint.Off || b.Encrypted != endpoint.On {
		t.Errorf("the disk of the accounts is %q, and then %q", a.Encrypted, b.Encrypted)
	}
	if a, b := begin["FL-PC-02"], end["FL-PC-02"]; !b.Seen.After(a.Seen) || b.Seen.After(time.Date(2026, 12, 8, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("what is switched off reported on %s and %s", a.Seen, b.Seen)
	}
	if end["FL-PC-05"].Protection != endpoint.Off || end["FL-PC-01"].Protection != endpoint.On {
		t.Error("one is without protection at the end, and not all are")
	}
	if d := end["Phone on call"]; d.Platform != endpoint.IOS || d.Lock != endpoint.On || d.Mail != "" {
		t.Errorf("the telephone: %+v", d)
	}
	macs := read(t, Jamf, 364)
	if macs["fl-mac-11"].Mail != "nadia.rossi@farol.example" || macs["fl-mac-08"].Person != "Yusuf Demir" {
		t.Errorf("whose they are: %+v, %+v", macs["fl-mac-11"], macs["fl-mac-08"])
	}
	if _, there := macs["fl-mac-09"]; there || read(t, Jamf, 269)["fl-mac-09"].Name == "" {
		t.Error("who left on day 270 gave the machine back")
	}
	if d := read(t, Jamf, 315)["fl-mac-12"]; d.Encrypted != endpoint.Unclear {
		t.Errorf("while the disk is being encrypted it says %q", d.Encrypted)
	}
	if read(t, Jamf, 194)["fl-mac-08"].Person != "" {
		t.Error("between two people it is nobody's")
	}
}
