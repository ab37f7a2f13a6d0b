package diagram

import "strings"

// Widths of the printable characters of ASCII from the space on, in thousandths of
// the size: those of Helvetica (Adobe Font Metrics 4.1). Faces of a system are
// about as wide; slack makes up for those that are wider.
var widths = [...]int{278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
	556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
	1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
	667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
	333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
	556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584}

const slack = 1.14

// TextWidth gives how wide a text is at a size, in pixels.
func TextWidth(s string, size float64) float64 {
	sum := 0
	for _, r := range s {
		switch {
		case r >= ' ' && int(r-' ') < len(widths):
			sum += widths[r-' ']
		case r < 0x300:
			sum += 600
		default: // letters of other scripts may fill the square
			sum += 1000
		}
	}
	return float64(sum) / 1000 * size * slack
}

// cut shortens a text until it fits.
func cut(s string, size, room float64) string {
	if s = strings.Join(strings.Fields(s), " "); TextWidth(s, size) <= room {
		return s
	}
	r := []rune(s)
	for len(r) > 0 && TextWidth(string(r)+"…", size) > room {
		r = r[:len(r)-1]
	}
	return strings.TrimSpace(string(r)) + "…"
}
