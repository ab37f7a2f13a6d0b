package listing_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/attesta/attesta/internal/render/listing"

	"github.com/xuri/excelize/v2"
)

var day = time.Date(2036, 8, 18, 9, 0, 0, 0, time.UTC)

func rows(list ...[]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

var columns = []listing.Column{{Key: "name", Title: "Name"}, {Key: "n", Title: "How many"}, {Key: "at", Title: "At"}, {Key: "tags", Title: "Tags"}}

func head() (listing.Head, error) {
	return listing.Head{List: "things", Title: "Things", Address: "/things?state=late", Asked: day, By: "usr_1", Name: "Maeve Doyle", Valid: day, Present: true, KnownFrom: 7, KnownTo: 9, KnownNow: true, Origin: "attesta.local/x"}, nil
}

func written(t *testing.T, f listing.Format, list ...[]any) ([]byte, *listing.File) {
	t.Helper()
	file, err := listing.Write(f, columns, rows(list...), head)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	var b bytes.Buffer
	if n, err := file.WriteTo(&b); err != nil || n != file.Size {
		t.Fatalf("%d bytes of %d: %v", n, file.Size, err)
	}
	return b.Bytes(), file
}

// What a spreadsheet would run is text with an apostrophe before it.
func TestGuard(t *testing.T) {
	for in, want := range map[string]string{"=1+1": "'=1+1", "+49 30": "'+49 30", "-x": "'-x", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1",
		"＝1": "'＝1", "plain": "plain", "": "", "a=1": "a=1", " =1": " =1"} {
		if got := listing.Guard(in); got != want {
			t.Errorf("%q: %q, not %q", in, got, want)
		}
	}
	body, _ := written(t, listing.CSV, []any{`=cmd|' /C calc'!A0`, -3, day, []string{"-a", "b"}})
	got, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil || len(got) != 2 {
		t.Fatalf("%q: %v", body, err)
	}
	if want := []string{`'=cmd|' /C calc'!A0`, "-3", "2036-08-18T09:00:00Z", "'-a b"}; strings.Join(got[1], "§") != strings.Join(want, "§") {
		t.Errorf("%q, not %q", got[1], want)
	}
	book, _ := written(t, listing.XLSX, []any{"=1+1", -3, day, []string{"x"}})
	x, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if v, err := x.GetCellValue("List", "A2"); err != nil || v != "'=1+1" {
		t.Errorf("the cell says %q: %v", v, err)
	}
	if f, err := x.GetCellFormula("List", "A2"); err != nil || f != "" {
		t.Errorf("the cell has the formula %q: %v", f, err)
	}
	about, err := x.GetRows("About")
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, r := range about {
		text += strings.Join(r, ": ") + "\n"
	}
	for _, want := range []string{"Query: /things?state=late", "Rows: 1", "usr_1 Maeve Doyle", "the ledger grew from 7 to 9 entries", "(the present)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the second sheet does not say %q:\n%s", want, text)
		}
	}
}

func TestObject(t *testing.T) {
	for _, n := range []int{0, 1, 3} {
		var list [][]any
		for range n {
			list = append(list, []any{"=1", 4, time.Time{}, []string{"a"}})
		}
		body, file := written(t, listing.JSON, list...)
		var got struct {
			Query string           `json:"query"`
			Count int              `json:"count"`
			Shown map[string]any   `json:"shown"`
			Rows  []map[string]any `json:"rows"`
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if got.Count != n || len(got.Rows) != n || file.Count != int64(n) || got.Query != "/things?state=late" || got.Shown["ledger_size_at_end"] != 9.0 {
			t.Errorf("%d rows: %+v", n, got)
		}
		if n > 0 && (got.Rows[0]["name"] != "=1" || got.Rows[0]["at"] != nil) {
			t.Errorf("a row is %v", got.Rows[0])
		}
	}
}

// The same rows give the same bytes, and what fails gives no file.
func TestSameAndFailing(t *testing.T) {
	for _, f := range []listing.Format{listing.CSV, listing.XLSX, listing.JSON} {
		_, a := written(t, f, []any{"x", 1, day, nil})
		_, b := written(t, f, []any{"x", 1, day, nil})
		if a.Digest != b.Digest || a.Digest == "" {
			t.Errorf("%s: %s and %s", f, a.Digest, b.Digest)
		}
		broken := func(yield func([]any, error) bool) {
			if yield([]any{"x", 1, day, nil}, nil) {
				yield(nil, errors.New("the disk is gone"))
			}
		}
		if _, err := listing.Write(f, columns, broken, head); err == nil {
			t.Errorf("%s: a list that could not be read to its end was written", f)
		}
		if _, err := listing.Write(f, columns, rows([]any{"too", "few"}), head); err == nil {
			t.Errorf("%s: a row with too few values was written", f)
		}
	}
	if _, err := listing.ParseFormat("pdf"); err == nil {
		t.Error("pdf is a format")
	}
}
