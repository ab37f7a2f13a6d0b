package server

import (
	"github.com/attesta/attesta/internal/operations/ask"
	"github.com/attesta/attesta/internal/operations/capacity"
	"github.com/attesta/attesta/internal/operations/endpoint"
	"github.com/attesta/attesta/internal/operations/firewall"
	"github.com/attesta/attesta/internal/operations/integrity"
	"github.com/attesta/attesta/internal/operations/integrity/baseline"
	"github.com/attesta/attesta/internal/operations/reference"
	"github.com/attesta/attesta/internal/operations/segment"
	"github.com/attesta/attesta/internal/operations/target"
)

// measured is what is told of the room that hosts have, and of the servers behind
// their load balancers.
type measured struct {
	capacity   *capacity.Service
	targets    *target.Service
	asks       *ask.Service
	segment    *segment.Service
	integrity  *integrity.Service
	baselines  *baseline.Service
	firewall   *firewall.Service
	references *reference.Service
	endpoints  *endpoint.Service
}
