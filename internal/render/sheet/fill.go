package sheet

import (
	"bytes"
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"
)

// Set puts text into one cell of a workbook that somebody sent; row and column
// count from 1. The rest of the workbook stays as it is.
func (b *Book) Set(sheet string, row, column int, s string) error {
	ref, err := excelize.CoordinatesToCellName(column, row)
	if err != nil {
		return fmt.Errorf("row %d, column %d: %w", row, column, err)
	}
	if err := b.f.SetCellStr(sheet, ref, text(s)); err != nil {
		return fmt.Errorf("write %s of %s: %w", ref, sheet, err)
	}
	return nil
}

// Write writes the workbook with what was set.
func (b *Book) Write(w io.Writer) error {
	var buf bytes.Buffer
	if err := b.f.Write(&buf); err != nil {
		return fmt.Errorf("write the workbook: %w", err)
	}
	return settle(w, buf.Bytes())
}

// Bytes gives the file as it came.
func (b *Book) Bytes() []byte { return b.raw }
