package ui

import (
	"fmt"
	"strings"
)

// Strip is one criterion's or control's weeks as cells.
type Strip struct {
	Cells []StripCell
	Now   int // cells that have begun
}

// StripCell is one week: its worst status, or "" for a week to come or before
// the first record.
type StripCell struct {
	Worst Status
}

// WeekHead is the axis of strips.
type WeekHead struct {
	Weeks  int
	Now    int // weeks that have begun
	Months []MonthMark
}

// MonthMark is a month's first week, 0-based and fractional.
type MonthMark struct {
	Week float64
	Name string
}

const cellWidth = 18

func stripBox(n int) string { return fmt.Sprintf("0 0 %d 22", n*cellWidth) }

func cellID(s Status) string {
	if s == "" {
		return "#c-next"
	}
	return "#" + s.look().cell
}

// stripLabel reads a strip aloud: "weeks 1 to 4 deviation; weeks 5 to 21 no known deviation".
func stripLabel(s Strip) string {
	var parts []string
	for i := 0; i < len(s.Cells); {
		j := i
		for j < len(s.Cells) && s.Cells[j].Worst == s.Cells[i].Worst {
			j++
		}
		words := "still to come"
		if w := s.Cells[i].Worst; w != "" {
			words = w.Words()
		} else if i < s.Now {
			words = "no record"
		}
		if j == i+1 {
			parts = append(parts, fmt.Sprintf("week %d %s", i+1, words))
		} else {
			parts = append(parts, fmt.Sprintf("weeks %d to %d %s", i+1, j, words))
		}
		i = j
	}
	return strings.Join(parts, "; ")
}

// RunsOf gives the weeks that were not "no known deviation", as the table twin
// says them, and the number of weeks with a deviation.
func RunsOf(s Strip) (text string, deviated int) {
	var parts []string
	for i := 0; i < len(s.Cells); {
		j := i
		for j < len(s.Cells) && s.Cells[j].Worst == s.Cells[i].Worst {
			j++
		}
		w := s.Cells[i].Worst
		if w == "deviation" {
			deviated += j - i
		}
		if w != "" && w != "none" {
			if j == i+1 {
				parts = append(parts, fmt.Sprintf("W%d %s", i+1, w.Words()))
			} else {
				parts = append(parts, fmt.Sprintf("W%d–W%d %s", i+1, j, w.Words()))
			}
		}
		i = j
	}
	return strings.Join(parts, "; "), deviated
}

// Weeks is the picture of Home: criteria with a deviation and with
// insufficient evidence per week.
type Weeks struct {
	Columns []WeekColumn
	Total   int // criteria in all
	Now     int // weeks that have begun
	Months  []MonthMark
	First   string // "1 Apr"
	Last    string
	Today   string // "20 Aug"
	Label   string // the picture in one sentence
}

// WeekColumn is one week.
type WeekColumn struct {
	Name         string // "W3, 15 Apr"
	Deviation    int
	Insufficient int
	Begun        bool
}

type bar struct {
	x, width         string
	devY, devH       string
	insY, insH       string
	dev, insuff, any bool
}

const (
	weeksBase = 72.0 // the axis
	weeksRoom = 52.0 // highest bar
)

func (w Weeks) bars() []bar {
	top := 1
	for _, c := range w.Columns {
		top = max(top, c.Deviation+c.Insufficient)
	}
	n := float64(max(len(w.Columns), 1))
	var out []bar
	for i, c := range w.Columns {
		dev := weeksRoom * float64(c.Deviation) / float64(top)
		ins := weeksRoom * float64(c.Insufficient) / float64(top)
		if c.Deviation > 0 {
			dev = max(dev, 3)
		}
		out = append(out, bar{
			x: pct(100 * float64(i) / n), width: pct(100/n - 0.4),
			devY: px(weeksBase - dev), devH: px(dev), insY: px(weeksBase - dev - ins), insH: px(ins),
			dev: c.Deviation > 0, insuff: c.Insufficient > 0, any: c.Begun,
		})
	}
	return out
}

func (w Weeks) at(week float64) string { return pct(100 * week / float64(max(len(w.Columns), 1))) }

// late reports whether today's line stands so far right that its label must
// stand left of it.
func (w Weeks) late() bool { return float64(w.Now) > 0.85*float64(len(w.Columns)) }

func dash(long bool) string {
	if long {
		return "2 4"
	}
	return "none"
}

// short cuts a digest to its ends: "7f02…c9".
func short(h string) string {
	if len(h) < 10 {
		return h
	}
	return h[:4] + "…" + h[len(h)-2:]
}
