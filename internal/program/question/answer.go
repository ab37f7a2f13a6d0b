package question

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Answer is what somebody said to one question. The zero value is a question that
// was skipped.
type Answer struct {
	Values  []string `json:"values,omitempty" doc:"Of the options that were chosen."`
	Text    string   `json:"text,omitempty" doc:"Of questions that are answered in words, in lines, or by a day."`
	Unknown bool     `json:"unknown,omitempty" doc:"Nobody knows. It never counts as good."`
}

// Empty reports whether the question was skipped.
func (a Answer) Empty() bool { return len(a.Values) == 0 && a.Text == "" && !a.Unknown }

// Lines gives a text line by line.
func (a Answer) Lines() []string {
	var out []string
	for line := range strings.SplitSeq(a.Text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// Answers are the answers to a questionnaire, by question.
type Answers map[string]Answer

// Content is what a version holds.
type Content struct {
	Pack    string  `json:"pack"` // that the questions came from: questions@0.1.0
	Answers Answers `json:"answers"`
}

// Made says when something was recorded, by whom and where in the ledger.
type Made struct {
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	Entry string    `json:"entry"`
	Index int64     `json:"index"` // -1: without a position yet
}

// Version is all answers to a questionnaire at a time.
type Version struct {
	Content
	Version int    `json:"version"`
	Digest  string `json:"digest"`
	Made    Made   `json:"made"`
}

const (
	maxText  = 8000 // bytes of one answer
	maxLines = 200
)

// sound gives answers as they are stored, or what is wrong, naming the question.
// Answers to questions that are asked no more are dropped.
func (q *Questionnaire) sound(in Answers) (Answers, error) {
	out := Answers{}
	asked := map[string]bool{}
	for _, x := range q.Questions() {
		asked[x.ID] = true
		a := in[x.ID]
		a.Text = strings.TrimSpace(strings.ReplaceAll(a.Text, "\r\n", "\n"))
		a.Values = slices.DeleteFunc(slices.Clone(a.Values), func(v string) bool { return v == "" })
		if a.Empty() {
			continue
		}
		if err := x.check(a); err != nil {
			return nil, err
		}
		if a.Unknown { // and nothing else
			out[x.ID] = Answer{Unknown: true}
			continue
		}
		if x.Kind == Lines {
			a.Text = strings.Join(a.Lines(), "\n")
		}
		if x.Kind == Many || x.Kind == One { // in the order of the options
			var values []string
			for _, o := range x.Options {
				if slices.Contains(a.Values, o.Value) {
					values = append(values, o.Value)
				}
			}
			a = Answer{Values: values}
		}
		out[x.ID] = a
	}
	for id := range in {
		if !asked[id] {
			return nil, bad(id, "%s has no question %q", q.Title, id)
		}
	}
	return out, nil
}

func (q *Question) check(a Answer) error {
	for _, v := range a.Values {
		if _, ok := q.Option(v); !ok {
			return bad(q.ID, "%q is none of the answers", v)
		}
	}
	switch {
	case a.Unknown:
		return nil
	case (q.Kind == One || q.Kind == Many) && a.Text != "":
		return bad(q.ID, "the question is answered by choosing")
	case q.Kind != One && q.Kind != Many && len(a.Values) > 0:
		return bad(q.ID, "the question is answered in words")
	case q.Kind == One && len(a.Values) > 1:
		return bad(q.ID, "choose one answer")
	case !utf8.ValidString(a.Text):
		return bad(q.ID, "the answer is not UTF-8 text")
	case len(a.Text) > maxText:
		return bad(q.ID, "the answer has %d bytes; at most %d are kept", len(a.Text), maxText)
	case strings.ContainsFunc(a.Text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return bad(q.ID, "the answer holds control characters")
	case q.Kind == Lines && len(a.Lines()) > maxLines:
		return bad(q.ID, "the answer has %d lines; at most %d are kept", len(a.Lines()), maxLines)
	case q.Kind == Text && (strings.Contains(a.Text, "\n") || len(a.Text) > 200):
		return bad(q.ID, "answer in a few words, on one line")
	case q.Kind == Date:
		if t, err := time.Parse(time.DateOnly, a.Text); err != nil || t.Year() < 2000 || t.Year() > 2200 {
			return bad(q.ID, "%q is no day", a.Text).WithHint("write it as 2026-09-30")
		}
	}
	return nil
}

// Change is a question that two versions answer differently.
type Change struct {
	Question string `json:"question"`
	Ask      string `json:"ask"`
	Was      string `json:"was"`
	Is       string `json:"is"`
}

// Diff gives what differs between two versions' answers, in the order of the
// questions.
func (q *Questionnaire) Diff(was, is Answers) []Change {
	var out []Change
	for _, x := range q.Questions() {
		if a, b := x.Words(was[x.ID]), x.Words(is[x.ID]); a != b {
			out = append(out, Change{x.ID, x.Ask, a, b})
		}
	}
	return out
}

// Words gives an answer as people read it.
func (q *Question) Words(a Answer) string {
	switch {
	case a.Unknown:
		return "not known"
	case a.Empty():
		return "skipped"
	case len(a.Values) == 0:
		return strings.Join(a.Lines(), "; ")
	}
	var out []string
	for _, v := range a.Values {
		if o, ok := q.Option(v); ok {
			out = append(out, o.Text)
		} else {
			out = append(out, v)
		}
	}
	return strings.Join(out, "; ")
}

func digest(v any) (content, sum string, err error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", "", fmt.Errorf("encode: %w", err)
	}
	return string(b), digestOf(string(b)), nil
}

func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
