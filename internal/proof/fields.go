package proof

import (
	"bytes"
	"strconv"
	"time"
)

// Fields are what the database keeps beside an entry, as they stand in its
// bytes. They share the entry's memory.
type Fields struct {
	ID, Type, Stream, StreamSeq, At, Subject, Blob, Commitment []byte
}

// scanFields finds the fields of an entry without decoding the rest, four times
// faster than a JSON decoder: a million entries have to be verified in seconds.
// It gives false for anything but the plain canonical shape; ParseEntry is asked
// then.
func scanFields(raw []byte) (f Fields, ok bool) {
	if len(raw) < 2 || raw[0] != '{' || raw[len(raw)-1] != '}' {
		return f, false
	}
	for i := 1; ; i++ {
		key, next, plain := scanString(raw, i)
		if !plain || next >= len(raw) || raw[next] != ':' {
			return f, false
		}
		i = next + 1
		var value []byte
		switch c := raw[i]; {
		case c == '"':
			var plain bool
			if value, i, plain = scanString(raw, i); i < 0 {
				return f, false
			} else if !plain {
				value = nil
				if isField(key) {
					return f, false // has an escape; seldom
				}
			}
		case c == '{' || c == '[':
			if i = skipNested(raw, i); i < 0 {
				return f, false
			}
		default:
			start := i
			for i < len(raw) && raw[i] != ',' && raw[i] != '}' {
				i++
			}
			value = raw[start:i]
		}
		switch string(key) {
		case "id":
			f.ID = value
		case "type":
			f.Type = value
		case "stream":
			f.Stream = value
		case "stream_seq":
			f.StreamSeq = value
		case "at":
			f.At = value
		case "subject":
			f.Subject = value
		case "blob":
			f.Blob = value
		case "commitment":
			f.Commitment = value
		}
		if i >= len(raw) {
			return f, false
		}
		if raw[i] == '}' {
			return f, i == len(raw)-1
		}
		if raw[i] != ',' {
			return f, false
		}
	}
}

func isField(key []byte) bool {
	switch string(key) {
	case "id", "type", "stream", "stream_seq", "at", "subject", "blob", "commitment":
		return true
	}
	return false
}

// scanString reads the string whose opening quote is raw[at]. next is after
// its closing quote, or -1 where it has none; plain is false when it has escapes.
func scanString(raw []byte, at int) (s []byte, next int, plain bool) {
	if at >= len(raw) || raw[at] != '"' {
		return nil, -1, false
	}
	end := bytes.IndexByte(raw[at+1:], '"')
	if end < 0 {
		return nil, -1, false
	}
	s = raw[at+1 : at+1+end]
	if bytes.IndexByte(s, '\\') < 0 {
		return s, at + 2 + end, true
	}
	for i := at + 1; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return raw[at+1 : i], i + 1, false
		}
	}
	return nil, -1, false
}

// skipNested gives the position after the object or list that starts at raw[at].
func skipNested(raw []byte, at int) int {
	depth := 0
	for i := at; i < len(raw); i++ {
		switch raw[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			_, next, _ := scanString(raw, i)
			if next < 0 {
				return -1
			}
			i = next - 1
		}
	}
	return -1
}

// FieldsOf gives the fields of an entry of any shape.
func FieldsOf(raw []byte) (Fields, error) {
	if f, ok := scanFields(raw); ok && f.ID != nil && f.Type != nil && f.Stream != nil && f.StreamSeq != nil && f.At != nil {
		return f, nil
	}
	rec, err := ParseEntry(raw)
	if err != nil {
		return Fields{}, err
	}
	return Fields{ID: []byte(rec.ID), Type: []byte(rec.Type), Stream: []byte(rec.Stream), StreamSeq: strconv.AppendInt(nil, rec.StreamSeq, 10),
		At: rec.At.AppendFormat(nil, TimeLayout), Subject: []byte(rec.Subject), Blob: []byte(rec.Blob), Commitment: []byte(rec.Commitment)}, nil
}

// ParseMicros reads a time of TimeLayout as microseconds.
func ParseMicros(b []byte) (int64, bool) {
	const digits = "dddd-dd-ddTdd:dd:dd.ddddddZ"
	if len(b) != len(digits) {
		return 0, false
	}
	var n [7]int
	field := 0
	for i := range digits {
		switch {
		case digits[i] != 'd':
			if b[i] != digits[i] {
				return 0, false
			}
			field++
		case b[i] < '0' || b[i] > '9':
			return 0, false
		default:
			n[field] = 10*n[field] + int(b[i]-'0')
		}
	}
	year, month, day, hour, minute, second := n[0], n[1], n[2], n[3], n[4], n[5]
	if month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	if day > 28 && time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() != day {
		return 0, false
	}
	// Days since 1970 of the civil calendar, with years that start in March.
	if month < 3 {
		year, month = year-1, month+12
	}
	days := 365*year + floorDiv(year, 4) - floorDiv(year, 100) + floorDiv(year, 400) + (153*month-457)/5 + day - 719_469
	return (int64(days)*86_400+int64(hour*3600+minute*60+second))*1_000_000 + int64(n[6]), true
}

func floorDiv(a, b int) int {
	if a < 0 {
		return -((b - 1 - a) / b)
	}
	return a / b
}
