package training

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	lines, ignored, err := Parse([]byte("\ufeffE-Mail;Course Name;Completed at;Score;Badge\nAnn@Farol.example;Phishing;2026-03-02T10:00:00Z;92.6 %;x\n\n;Phishing;2026-03-02;80;\nbob@farol.example;Phishing;02/03/2026;80;\nbob@farol.example;Phishing;2026-03-02;101;\nbob@farol.example;;2026-03-02;;\nbob@farol.example;Phishing;2026-03-02;;;;\n"))
	if err != nil || len(ignored) != 1 || ignored[0] != "Badge" || len(lines) != 6 {
		t.Fatal(lines, ignored, err)
	}
	if l := lines[0]; l.Mail != "ann@farol.example" || l.Day.String() != "2026-03-02" || l.Score != 92 || l.State != "new" || l.Line != 2 {
		t.Errorf("%+v", l)
	}
	for i, want := range []string{"mail is no address", "day is missing", "score is not between", "course is missing", "more fields than the head"} {
		if l := lines[i+1]; l.State != "wrong" || !strings.Contains(l.Problem, want) || l.Line != i+4 {
			t.Errorf("%+v, want line %d: %s", l, i+4, want)
		}
	}
	for _, c := range []struct{ file, want string }{{"", "no head"}, {"mail,course\n", "no column is called day"}, {"mail,course,day\n\"a", "cannot be read as CSV"}, {"mail,course,day\n\xff", "not UTF-8"}, {"mail,course,day\n\x00", "no text"},
		{"mail,course,day\n" + strings.Repeat("a@b.c,x,2026-01-01\n", maxRows+1), "more than 20000 lines"}} {
		if _, _, err := Parse([]byte(c.file)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.30q: %v, want %q", c.file, err, c.want)
		}
	}
}

// FuzzParse holds that any bytes are read or refused, and that each line that is
// not wrong says who, what and when.
func FuzzParse(f *testing.F) {
	f.Add([]byte("mail,course,day,score\na@b.example,phishing,2026-03-02,90\n"))
	f.Add([]byte("\ufeffEmail;Training;Date\n\"a;b@c\";x;2026-01-01 10:00\n"))
	f.Add([]byte("mail\tcourse\tday\tscore\n a@b\tc\t2026-02-30\tNaN%\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		lines, _, err := Parse(raw)
		if err != nil {
			return
		}
		for _, l := range lines {
			if l.State == "new" && (!strings.Contains(l.Mail, "@") || l.Course == "" || l.Day == 0 || l.Score < -1 || l.Score > 100) || l.State == "wrong" && l.Problem == "" || l.Line < 2 {
				t.Fatalf("%+v", l)
			}
		}
	})
}
