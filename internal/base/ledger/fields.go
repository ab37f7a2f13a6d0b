package ledger

import (
	"bytes"
	"strconv"
)

// fields are what the database keeps beside an entry, as they stand in its
// bytes. They share the entry's memory.
type fields struct {
	id, typ, stream, streamSeq, at, subject, commitment []byte
}

// scanFields finds the fields of an entry without decoding the rest, four times
// faster than a JSON decoder: a million entries have to be verified in seconds.
// It gives false for anything but the plain canonical shape; ParseEntry is asked
// then.
func scanFields(raw []byte) (f fields, ok bool) {
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
			f.id = value
		case "type":
			f.typ = value
		case "stream":
			f.stream = value
		case "stream_seq":
			f.streamSeq = value
		case "at":
			f.at = value
		case "subject":
			f.subject = value
		case "commitment":
			f.commitment = value
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
	case "id", "type", "stream", "stream_seq", "at", "subject", "commitment":
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

// fieldsOf gives the fields of an entry of any shape.
func fieldsOf(raw []byte) (fields, error) {
	if f, ok := scanFields(raw); ok && f.id != nil && f.typ != nil && f.stream != nil && f.streamSeq != nil && f.at != nil {
		return f, nil
	}
	rec, err := ParseEntry(raw)
	if err != nil {
		return fields{}, err
	}
	return fields{id: []byte(rec.ID), typ: []byte(rec.Type), stream: []byte(rec.Stream), streamSeq: strconv.AppendInt(nil, rec.StreamSeq, 10),
		at: rec.At.AppendFormat(nil, timeLayout), subject: []byte(rec.Subject), commitment: []byte(rec.Commitment)}, nil
}

// differs names the column of r that does not say what the entry says, or "".
func (f *fields) differs(r *row) string {
	var buf [32]byte
	switch {
	case string(f.id) != r.id:
		return "id"
	case string(f.stream) != r.stream:
		return "stream"
	case string(f.streamSeq) != string(strconv.AppendInt(buf[:0], r.streamSeq, 10)):
		return "stream_seq"
	case string(f.typ) != r.typ:
		return "type"
	case string(f.subject) != r.subject:
		return "subject"
	case string(f.at) != string(r.at.AppendFormat(buf[:0], timeLayout)):
		return "at"
	}
	return ""
}
