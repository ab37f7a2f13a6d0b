package server

import "github.com/attesta/attesta/internal/web/screen"

// areas are the parts of the site whose screens live in packages of their own.
// They are made before the services are used, so that their addresses can be
// listed from a parts without any.
func (p *parts) areas() []screen.Area {
	return []screen.Area{}
}
