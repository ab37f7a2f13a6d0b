package training

import (
	"math/rand/v2"
	"slices"
)

// Drawn is a question as it is put to somebody: its answers in an order of its own.
type Drawn struct {
	Question Question
	Order    []int // places in Question.Answers, as shown
}

// Draw gives the questions of a quiz: the same of a version and a seed, always.
func (c *Course) Draw(seed int64) []Drawn {
	r := rand.NewPCG(uint64(seed), uint64(c.Version))
	out := make([]Drawn, 0, c.size())
	for _, at := range order(r, len(c.Questions))[:c.size()] {
		q := c.Questions[at]
		out = append(out, Drawn{q, order(r, len(q.Answers))})
	}
	return out
}

// size is how many questions a quiz has.
func (c *Course) size() int { return min(c.DrawN, len(c.Questions)) }

// order shuffles 0 to n-1. It is written out so that no later version of a library
// gives another order for a seed that was kept.
func order(r *rand.PCG, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := int(r.Uint64() % uint64(i+1))
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// right reports whether what was chosen, places from 1 as shown, is all that is
// right and nothing else.
func (d Drawn) right(chosen []int) bool {
	for shown, at := range d.Order {
		if d.Question.Answers[at].Right != slices.Contains(chosen, shown+1) {
			return false
		}
	}
	return true
}

// check refuses answers that are none, naming the question.
func check(drawn []Drawn, answers [][]int) error {
	if len(answers) != len(drawn) {
		return bad("answers", "%d answers for %d questions", len(answers), len(drawn)).WithHint("give one list of places for each question")
	}
	for i, chosen := range answers {
		if len(chosen) == 0 {
			return bad("answers", "question %d is not answered", i+1).WithHint("choose what you hold to be right; a wrong answer is explained")
		}
		for _, n := range chosen {
			if n < 1 || n > len(drawn[i].Order) {
				return bad("answers", "question %d has no answer %d", i+1, n)
			}
		}
		if len(chosen) > 1 && !drawn[i].Question.Many() {
			return bad("answers", "question %d has one right answer; %d were chosen", i+1, len(chosen))
		}
	}
	return nil
}
