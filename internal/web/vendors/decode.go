package vendors

import (
	"net/url"
	"time"

	"github.com/attesta/attesta/internal/web/screen"
)

// decode is screen.Decode; deviations and controls that a report expects of its
// reader are sentences, with commas in them.
func decode(values url.Values, into any, zone *time.Location) error {
	return screen.Decode(values, into, zone, "deviations", "user_entity_controls")
}
