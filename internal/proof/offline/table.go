package offline

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// maxLine bounds one item of a population.
const maxLine = 1 << 20

// Table writes a population's file, a line of JSON for each item, as CSV: a
// column for each name in any item, "id" first and the others in order; texts as
// they are, everything else as JSON. The same file always gives the same table.
// open is called twice.
func Table(open func() (io.ReadCloser, error), w io.Writer) error {
	columns := map[string]bool{}
	if err := eachItem(open, func(item map[string]json.RawMessage) error {
		for name := range item {
			columns[name] = true
		}
		if len(columns) > 1000 {
			return fmt.Errorf("the items have more than 1,000 different fields")
		}
		return nil
	}); err != nil {
		return err
	}
	names := slices.SortedFunc(maps.Keys(columns), func(a, b string) int {
		if (a == "id") != (b == "id") {
			return map[bool]int{true: -1, false: 1}[a == "id"]
		}
		return strings.Compare(a, b)
	})
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(names); err != nil {
		return err
	}
	row := make([]string, len(names))
	if err := eachItem(open, func(item map[string]json.RawMessage) error {
		for i, name := range names {
			row[i] = cell(item[name])
		}
		return out.Write(row)
	}); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// cell gives a value as a table shows it. A text that a spreadsheet would run as
// a formula gets an apostrophe.
func cell(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	if json.Unmarshal(raw, &s) != nil {
		return string(raw)
	}
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func eachItem(open func() (io.ReadCloser, error), f func(item map[string]json.RawMessage) error) error {
	r, err := open()
	if err != nil {
		return err
	}
	defer r.Close()
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		var item map[string]json.RawMessage
		if err := json.Unmarshal(lines.Bytes(), &item); err != nil {
			return fmt.Errorf("line %d is no item: %w", n, err)
		}
		if err := f(item); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("a line is longer than %d bytes", maxLine)
	}
	return lines.Err()
}

// tables holds every table against the file that it is made from.
func (v *verification) tables() error {
	for _, name := range v.under(PopulationDir) {
		from, ok := strings.CutSuffix(name, ".csv")
		if !ok {
			continue
		}
		from += ".jsonl"
		if _, there := v.p.members[from]; !there {
			v.rep.fail(Tampered, name, -1, "there is no %s that it could be made from", from)
			continue
		}
		have, err := v.p.open(name)
		if err != nil {
			return v.damaged(name, err)
		}
		same := &comparer{r: bufio.NewReader(have)}
		err = Table(func() (io.ReadCloser, error) { return v.p.open(from) }, same)
		if err == nil && !same.end() {
			err = errors.New("it goes on after the last item")
		}
		if cerr := have.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			v.rep.fail(Tampered, name, -1, "it is not the table of %s: %v", from, err)
		}
		if err := v.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// comparer fails at the first byte that differs from what is read.
type comparer struct {
	r   *bufio.Reader
	buf []byte
}

func (c *comparer) Write(b []byte) (int, error) {
	if len(c.buf) < len(b) {
		c.buf = make([]byte, len(b))
	}
	if _, err := io.ReadFull(c.r, c.buf[:len(b)]); err != nil || !bytes.Equal(c.buf[:len(b)], b) {
		return 0, errors.New("they differ")
	}
	return len(b), nil
}

func (c *comparer) end() bool {
	_, err := c.r.ReadByte()
	return errors.Is(err, io.EOF)
}
