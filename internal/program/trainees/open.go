package trainees

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/program/concern"
	"github.com/attesta/attesta/internal/program/scope"
	"github.com/attesta/attesta/internal/program/training"
)

// Zone gives the zone of the scope, in which days begin; UTC while there is none.
func Zone(scopes *scope.Service) func(ctx context.Context) (*time.Location, error) {
	return func(ctx context.Context) (*time.Location, error) {
		now, err := scopes.Now(ctx)
		if err != nil || now.Zone == "" {
			return time.UTC, err
		}
		zone, err := time.LoadLocation(now.Zone)
		if err != nil {
			return nil, fmt.Errorf("the zone of the scope: %w", err)
		}
		return zone, nil
	}
}

// Learned are the services of training and of concerns.
type Learned struct {
	Training *training.Service
	Concerns *concern.Service
}

// Config is what they need.
type Config = concern.Config

// Open makes them, over the shipped courses. That of concerns has no logger: what it
// could log, nobody should read.
func Open(cfg Config, who *Trainees) (Learned, error) {
	book, err := training.Shipped()
	if err != nil {
		return Learned{}, fmt.Errorf("read the courses: %w", err)
	}
	return Learned{Concerns: concern.New(cfg), Training: training.New(training.Config{DB: cfg.DB, Ledger: cfg.Ledger, Clock: cfg.Clock, Book: book, People: who, Zone: cfg.Zone, Seed: func() int64 {
		var b [8]byte
		rand.Read(b[:])                                   //nolint:errcheck // never fails, says its documentation
		return int64(binary.BigEndian.Uint64(b[:]) >> 12) // fits a number of JSON exactly
	}})}, nil
}
