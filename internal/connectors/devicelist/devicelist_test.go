package devicelist_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/devicelist"
	"github.com/attesta/attesta/internal/operations/endpoint"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func words(d endpoint.Device) string {
	seen := "-"
	if !d.Seen.IsZero() {
		seen = d.Seen.Format("2006-01-02T15:04")
	}
	return strings.Join([]string{d.Name, d.Key(), d.Platform, d.OS, d.Mail, d.Login, d.Person, "enc=" + d.Encrypted, "fw=" + d.Firewall, "lock=" + d.Lock, seen}, "|")
}

// What products export, and what is made of each line. The files are of the shape that
// the products write; what is in them is made up.
func TestProducts(t *testing.T) {
	for file, want := range map[string]struct {
		devices, refused, retired []string
		repeated                  int
	}{
		"jamf.csv": {devices: []string{"lap-17|c02xa1|macos|15.3.1|ann@example.test|ann|Ann Lee|enc=on|fw=on|lock=|2026-03-01T08:15", "lap-18|c02xa2|macos|macOS 12.7.6|bob@example.test|bob|Bob Ray|enc=off|fw=off|lock=|2025-12-20T10:00",
			"lap-19|c02xa3|macos|15.2||||enc=unclear|fw=on|lock=|-"}, refused: []string{"5 it names no device"}},
		"intune.csv": {devices: []string{"WIN-01|pf1|windows|10.0.26100.2894|ann@example.test||Ann Lee|enc=on|fw=|lock=|2026-03-01T07:00", "WIN-02|pf2|windows|10.0.19045.5487|bob@example.test||Bob Ray|enc=off|fw=|lock=|2026-03-01T07:00",
			"Pixel|a77|android|15|cay@example.test||Cay|enc=on|fw=|lock=|2026-02-28T07:00"}, retired: []string{"WIN-00"}},
		"kandji.csv": {devices: []string{"kay|k1|ios|iOS 18.2|kay@example.test|kay||enc=|fw=|lock=on|2026-03-01T09:00"}},
		"fleet.json": {devices: []string{"dev-7|f7|linux|Ubuntu 24.04.1 LTS||||enc=on|fw=|lock=|2026-03-01T09:00", "dev-8|f8|macos|macOS 15.3.0||||enc=on|fw=|lock=|2026-03-01T10:00"}, repeated: 1},
		"jamf.json":  {devices: []string{"lap-3|c3|macos|15.1|ann@example.test|ann|Ann Lee|enc=on|fw=on|lock=|2026-03-01T09:00"}},
	} {
		raw, err := os.Open(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		f, err := devicelist.Read(raw, nil, time.UTC, now)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		var got, refused []string
		for _, d := range f.Devices {
			got = append(got, words(d))
		}
		for _, r := range f.Refused {
			refused = append(refused, fmt.Sprint(r.Line, " ", r.Why))
		}
		if !slices.Equal(got, want.devices) || f.Repeated != want.repeated || len(f.Retired) != len(want.retired) || len(refused) != len(want.refused) {
			t.Errorf("%s: got\n%s\nrefused %q, retired %q, %d repeated", file, strings.Join(got, "\n"), refused, f.Retired, f.Repeated)
		}
		for i := range min(len(refused), len(want.refused)) {
			if !strings.HasPrefix(refused[i], want.refused[i]) {
				t.Errorf("%s: refused %q, want %q", file, refused[i], want.refused[i])
			}
		}
	}
}

// Words that are no answer are kept, and columns that are called otherwise are named.
func TestWordsAndColumns(t *testing.T) {
	raw, err := os.Open(filepath.Join("testdata", "jamf.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	f, err := devicelist.Read(raw, nil, time.UTC, now)
	if err != nil {
		t.Fatal(err)
	}
	if w := f.Devices[2].Words; w["encrypted"] != "Pending" || w["seen"] != "yesterday" || len(w) != 2 {
		t.Errorf("words %v", w)
	}
	f, err = devicelist.Read(strings.NewReader("Inventar;Wer;Platte;Virenschutz\nN-1;ann@example.test;ja;enabled\n"), map[string]string{"name": "inventar", "mail": "Wer", "encrypted": "Platte", "protection": "Virenschutz"}, time.UTC, now)
	if err != nil {
		t.Fatal(err)
	}
	if d := f.Devices[0]; d.Name != "N-1" || d.Mail != "ann@example.test" || d.Encrypted != endpoint.Unclear || d.Words["encrypted"] != "ja" || d.Protection != endpoint.On {
		t.Errorf("%+v", d)
	}
}

func TestWrongFiles(t *testing.T) {
	for text, want := range map[string]string{"": "is empty", "Owner,Colour\nann,red\n": "which device", "name\n": "no device", "{\"a\": 1}": "no list of devices", "[1]": "number 1", "[{\"name\": \"x\"}": "no JSON", "[] []": "something follows", "name\x00\n": "UTF-8"} {
		_, err := devicelist.Read(strings.NewReader(text), nil, time.UTC, now)
		var fe *fault.Error
		if !errors.As(err, &fe) || fe.Kind != fault.Invalid || !strings.Contains(fe.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	for _, columns := range []map[string]string{{"serial": "nowhere"}, {"colour": "name"}, {"serial": "name", "id": "name"}} {
		if _, err := devicelist.Read(strings.NewReader("name\nx\n"), columns, time.UTC, now); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: %v", columns, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	names, err := filepath.Glob("testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, n := range names {
		raw, err := os.ReadFile(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte("\ufeffname\tserial\tencrypted\n\"a\"b\tc\tyes\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := devicelist.Read(strings.NewReader(string(raw)), nil, time.UTC, now)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%v", err)
			}
			return
		}
		seen := map[string]bool{}
		for _, d := range got.Devices {
			if d.Key() == "" || seen[d.Key()] || d.Name == "" || d.Tidy() != "" || (d.Encrypted == endpoint.Unclear) != (d.Words["encrypted"] != "") {
				t.Errorf("taken: %+v", d)
			}
			seen[d.Key()] = true
		}
	})
}
