package integrity

import (
	"github.com/attesta/attesta/internal/operations/integrity/pathstate"
	"github.com/attesta/attesta/internal/operations/integrity/told"
	"github.com/attesta/attesta/internal/operations/integrity/verdict"
)

// Told packs what is told of a change again and again, as a row of bodies has it.
func Told(item string, v verdict.Verdict, n int) ([]byte, error) {
	list := make([]told.Item, n)
	for i := range list {
		list[i] = told.Item{Raw: []byte(item), Verdict: v}
	}
	return told.New().Pack(list)
}

// PlaceOf and HexPlace are what paths are kept and looked for under.
var (
	PlaceOf  = pathstate.Place
	HexPlace = hexPlace
	FleetOf  = fleetOf
)
