package controllist

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/render/sheet"
)

const described = "\"Someone other than its author looks at each change.\""

// Files in the shapes that people have, with columns in any order.
func TestShapes(t *testing.T) {
	for name, text := range map[string]string{
		"own sheet":         "Criteria,Title,Statement,Frequency,Owner\nCC8.1,Changes are reviewed," + described + ",Daily,Head of engineering\n",
		"vanta":             "ID,Name,Description,Domain,Owner,Framework requirements,Status\nVPM-12,Changes are reviewed," + described + ",Change,ann@firm.example,\"SOC 2: CC8.1; ISO 27001: A.8.32\",OK\n",
		"drata":             "Code;Control Name;Control Description;Control Owner(s);SOC 2;Is Ready\nDCF-6;Changes are reviewed;" + described + ";Ann;\"CC8.1\";TRUE\n",
		"from requirements": "Requirement,Control ID,Name,Description\nCC8.1,DCF-6,Changes are reviewed," + described + "\nCC7.1,DCF-6,Changes are reviewed," + described + "\n",
		"a title above":     "Our controls,,\n,,\nName,Description,TSC\nChanges are reviewed," + described + ",cc8.1\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Read([]byte(text), "controls.csv")
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Rows) != 1 || got.Rows[0].Title != "Changes are reviewed" || !slices.Contains(got.Rows[0].Criteria, "CC8.1") || slices.Contains(got.Rows[0].Criteria, "A8.3") {
				t.Errorf("%+v", got)
			}
			if name == "from requirements" && !slices.Equal(got.Rows[0].Criteria, []string{"CC8.1", "CC7.1"}) {
				t.Errorf("one control, two requirements: %v", got.Rows[0].Criteria)
			}
			if name == "vanta" && (!slices.Contains(got.Left, "Status") || !strings.Contains(strings.Join(got.Notes, " "), "counts for nothing")) {
				t.Errorf("status was not left aside: %v, %v", got.Left, got.Notes)
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string][]string{
		"":                          {"the file is empty"},
		"a,b\n1,2\n":                {"no row names the columns"},
		"\x00\x01\x02":              {"no text"},
		"\xff\xfe\xfd":              {"neither a workbook nor UTF-8"},
		"PK\x03\x04 nothing":        {"not an .xlsx workbook"},
		"Name,Description\n\"x,y\n": {"cannot be read as CSV", "c.csv"},
		"Name,Description,Frequency\nA control,What is done,fortnightly\n": {`"fortnightly" is no frequency`, "c.csv:2", "Frequency"},
		"Name,Description,Criteria\nA control,What is done,CC99\n":         {`"CC99" is no id of a criterion`, "c.csv:2"},
		"Name,Description\n=1+1,What is done\n":                            {"holds a formula", "c.csv:2: Name"},
		"Name,Description,Type\nA control,What is done,magic\n":            {"neither preventive"},
	} {
		_, err := Read([]byte(text), "c.csv")
		if err == nil {
			t.Errorf("%q is read", text)
			continue
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q: %v, want %q", text, err, w)
			}
		}
	}
	if _, err := Read(make([]byte, MaxFile+1), "c.csv"); err == nil {
		t.Error("a file without end is read")
	}
	if _, err := Read([]byte("Name,Description\n"+strings.Repeat("A control,What is done\n", maxRows+50)), "c.csv"); err == nil {
		t.Error("rows without end are read")
	}
}

func workbook(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	err := sheet.Write(&b, sheet.Table{Name: "Controls", About: []string{"Controls of a firm"}, Columns: []sheet.Column{{Title: "Control ID"}, {Title: "Control Name"}, {Title: "Description"}, {Title: "Trust Services Criteria"}, {Title: "Frequency"}},
		Rows: sheet.Rows([][]any{{"C1", "Access is reviewed", "Who leads a team looks at who may do what.", "CC6.2, CC6.3", "Quarterly"}, {"C2", "Backups are restored", "A backup is restored into an empty place.", "A1.3", "sometimes"}})})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWorkbook(t *testing.T) {
	got, err := Read(workbook(t), "c.xlsx")
	if err == nil || !strings.Contains(err.Error(), "Controls!Frequency") {
		t.Errorf("a mistake in a workbook: %v", err)
	}
	if len(got.Rows) != 2 || got.Rows[0].Ref != "C1" || got.Rows[0].Frequency != "quarterly" || !slices.Equal(got.Rows[0].Criteria, []string{"CC6.2", "CC6.3"}) || got.Rows[1].Criteria[0] != "A1.3" {
		t.Errorf("%+v", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("Code,Name,Description,SOC 2\nDCF-1,A control,What is done,CC6.1\n"))
	f.Add([]byte("ID;Name;Description;Frequency\n1;A;\"b\nc\";daily\n"))
	f.Add([]byte("Name\tDescription\n=1\t@x\n"))
	f.Add(workbook(f))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := Read(raw, "f")
		if err != nil {
			return
		}
		for _, r := range got.Rows {
			if strings.HasPrefix(r.Title, "=") || len(r.Criteria) > 70 && len(r.Criteria) > len(raw) {
				t.Errorf("%+v", r)
			}
		}
	})
}
