package badgecsv_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/connectors/badgecsv"
	"github.com/attesta/attesta/internal/program/badge"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func berlin(t testing.TB) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// Shapes that systems export, and what is made of each line.
func TestShapes(t *testing.T) {
	for _, c := range []struct {
		name, is, text string
		columns        map[string]string
		want           []string // of what was taken
		refused        []string
		repeated       int
		about          string // encoding and separator
	}{
		{"plain", badge.Holders, "card,name,mail,zones,status\n17,Ann Lee,ANN@x.example,DAY|SRV,active\n18,Bob,,DAY,lost\n", nil, []string{"17 Ann Lee ann@x.example true DAY+SRV", "18 Bob  false DAY"}, nil, 0, "UTF-8 comma"},
		{"latin-1, semicolons", badge.Holders, "Ausweisnummer;Vorname;Nachname;Zutrittsprofil\n17;J\xfcrgen;M\xfcller;Tag, Server\n", nil, []string{"17 Jürgen Müller  true Server+Tag"}, nil, 0, "Windows-1252 (Latin-1) semicolon"},
		{"mark and tabs", badge.Holders, "\ufeffBadge Number\tCardholder\tAccess Level\n17\tAnn\tDAY\n17\tAnn\tSRV\n17\tAnn\tDAY\n", nil, []string{"17 Ann  true DAY+SRV"}, nil, 1, "UTF-8 tab"},
		{"refused lines", badge.Holders, "card,name,status\n17,Ann,active\n18,Bob\n19,Cay,perhaps\n,Dan,active\n17,Eve,active\n\n", nil, []string{"17 Ann  true "}, []string{"3 it has 2 columns", "4 column status", "5 it names no badge", "6 line 2 says something else"}, 0, ""},
		{"other names", badge.Holders, "Chip,Wer\n17,Ann\n", map[string]string{"card": "chip", "name": "Wer"}, []string{"17 Ann  true "}, nil, 0, ""},
		{"over", badge.Holders, "card,name,valid until\n17,Ann,2026-03-01\n18,Bob,31.12.2026\n", nil, []string{"17 Ann  false ", "18 Bob  true "}, nil, 0, ""},
		{"readings", badge.Readings, "Card,Time,Reader,Event\n17,2026-03-02 09:30,Front,Access granted\n17,2026-03-02 09:30,Front,granted\n17,2026-03-02 09:31,Server,denied\n17,2026-03-02 12:00,Server,granted\n17,soon,Server,granted\n17,2026-03-02 09:32,Server,maybe\n", nil,
			[]string{"17 2026-03-02T08:30:00Z Front true", "17 2026-03-02T08:31:00Z Server false"}, []string{"5 the moment", "6 the moment", "7 column Event"}, 1, ""},
		{"date and clock", badge.Readings, "badge;date;clock;door\n17;02.03.2026;08:15;Front\n", nil, []string{"17 2026-03-02T07:15:00Z Front true"}, nil, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := badgecsv.Read(strings.NewReader(c.text), c.is, c.columns, berlin(t), now)
			if err != nil {
				t.Fatal(err)
			}
			var got, refused []string
			for _, h := range f.Holders {
				got = append(got, fmt.Sprintf("%s %s %s %t %s", h.Card, h.Name, h.Mail, h.Active, strings.Join(h.Zones, "+")))
			}
			for _, r := range f.Readings {
				got = append(got, fmt.Sprintf("%s %s %s %t", r.Card, r.At.Format(time.RFC3339), r.Door, r.Granted))
			}
			for _, r := range f.Refused {
				refused = append(refused, fmt.Sprintf("%d %s", r.Line, r.Why))
			}
			if !slices.Equal(got, c.want) || f.Repeated != c.repeated {
				t.Errorf("got  %q, %d repeated\nwant %q, %d", got, f.Repeated, c.want, c.repeated)
			}
			if len(refused) != len(c.refused) {
				t.Fatalf("refused %q, want %q", refused, c.refused)
			}
			for i, w := range c.refused {
				if !strings.HasPrefix(refused[i], w) {
					t.Errorf("refused %q, want %q", refused[i], w)
				}
			}
			if about := f.Encoding + " " + f.Separator; c.about != "" && about != c.about {
				t.Errorf("read as %s", about)
			}
		})
	}
}

// Files that cannot be read say why, and what to do.
func TestWrongFiles(t *testing.T) {
	for text, want := range map[string]string{"": "is empty", "name,status\nAnn,active\n": "which badge", "card,status\n1,active\n": "whose badge", "card,name,card\n1,a,2\n": "two columns", "card,name\n": "nothing else", "card,na\x00me\n": "UTF-16"} {
		_, err := badgecsv.Read(strings.NewReader(text), badge.Holders, nil, time.UTC, now)
		var fe *fault.Error
		if !errors.As(err, &fe) || fe.Kind != fault.Invalid || !strings.Contains(fe.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := badgecsv.Read(strings.NewReader("card,when\n1,x\n"), badge.Readings, map[string]string{"at": "when"}, time.UTC, now); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "door") {
		t.Errorf("no door: %v", err)
	}
	if _, err := badgecsv.Read(strings.NewReader("a,b\n1,x\n"), badge.Holders, map[string]string{"card": "c"}, time.UTC, now); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), `no column "c"`) {
		t.Errorf("a column that is not there: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"card,name,zones,status\n17,Ann,DAY|SRV,active\n17,Ann,X,active\n", "Card;Time;Door\n17;2026-03-02 09:30;Front\n", "\ufeffkarte\tname\n\xfc\t\xe4\n", "card,name\n\"a\"b,\"c\n"} {
		f.Add([]byte(s), true)
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, raw []byte, readings bool) {
		is := badge.Holders
		if readings {
			is = badge.Readings
		}
		got, err := badgecsv.Read(strings.NewReader(string(raw)), is, nil, time.UTC, now)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%v", err)
			}
			return
		}
		seen := map[string]bool{}
		for _, h := range got.Holders {
			if seen[strings.ToLower(h.Card)] || h.Card == "" || h.Tidy() != "" {
				t.Errorf("taken: %+v", h)
			}
			seen[strings.ToLower(h.Card)] = true
		}
		for _, r := range got.Readings {
			if r.Tidy(now) != "" {
				t.Errorf("taken: %+v", r)
			}
		}
	})
}
