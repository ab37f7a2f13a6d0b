package ui

import "github.com/a-h/templ"

// The pieces that areas put together in templates of their own, where List, Record
// and FormPage do not fit.

// Crumbs leads back to the pages above.
func Crumbs(links ...Link) templ.Component { return crumbs(links...) }

// DataTable is a table that becomes a stack of cards on a small screen.
func DataTable(t Table) templ.Component { return dataTable(t) }

// FormBlock is one form.
func FormBlock(f Form) templ.Component { return formBlock(f) }

// Question is one question of a form that a template puts together: its id begins
// with form.
func Question(form string, f Field) templ.Component { return formQuestion(form, f) }

// TickOf is one thing that can be chosen among others.
func TickOf(t Tick) templ.Component { return tick(t) }

// BlockOf is a block of a page, with its title.
func BlockOf(b Block) templ.Component { return block(b) }

// Facts are terms with what they are.
func Facts(list []Fact) templ.Component { return factList(list) }

// Chips are the values of one filter.
func Chips(label string, list []Chip) templ.Component { return chips(label, list) }

// SearchField is the field above a list.
func SearchField(b SearchBox) templ.Component { return searchBox(b) }

// StatusHead is a status where it is the first thing of a page.
func StatusHead(s Status) templ.Component { return statusBig(s) }

// Figures are a few numbers in a row.
func Figures(list []Figure) templ.Component { return figures(list) }
