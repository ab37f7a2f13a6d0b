package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/base/access/factor"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/ui"

	"github.com/boombuler/barcode/qr"
)

// second answers: what do I show beside my password?
func (s *Site) second(w http.ResponseWriter, r *request) error {
	return s.secondPage(w, r, http.StatusOK, ui.SecondView{})
}

func (s *Site) secondPage(w http.ResponseWriter, r *request, status int, v ui.SecondView) error {
	st, err := s.cfg.Second.State(r.Context(), r.who)
	if err != nil {
		return err
	}
	v.Confined = r.who.Confined && st.Since.IsZero()
	v.Passkey, v.Left = r.who.Passkey, many(st.Codes, "recovery code is left", "recovery codes are left")
	if !st.Since.IsZero() {
		v.Since = r.words.at(st.Since)
	}
	return s.render(w, r, status, ui.Second(s.shell(w, r, "Second factor", "", ""), v))
}

func (s *Site) changeSecond(w http.ResponseWriter, r *request) error {
	ctx, do := r.Context(), r.PostFormValue("do")
	var err error
	switch do {
	case "begin":
		var made factor.Secret
		if made, err = s.cfg.Second.Begin(ctx, r.who); err == nil {
			v := ui.SecondView{Waiting: true, Secret: made.Text}
			if v.Picture, v.Side, err = qrPath(made.URI); err == nil {
				return s.secondPage(w, r, http.StatusOK, v)
			}
		}
	case "confirm":
		var codes []string
		if codes, err = s.cfg.Second.Confirm(ctx, r.who, r.PostFormValue("code")); err == nil {
			r.who.Second, r.who.Confined = true, false
			return s.secondPage(w, r, http.StatusOK, ui.SecondView{Codes: codes})
		}
		if fault.Is(err, fault.Invalid) {
			message, hint := fault.Public(err)
			return s.secondPage(w, r, http.StatusUnprocessableEntity, ui.SecondView{Waiting: true, Typed: r.PostFormValue("code"), Problem: sentence(message) + " " + sentence(hint)})
		}
	case "codes":
		var codes []string
		if codes, err = s.cfg.Second.NewCodes(ctx, r.who); err == nil {
			return s.secondPage(w, r, http.StatusOK, ui.SecondView{Codes: codes})
		}
	case "remove":
		if err = s.cfg.Second.Remove(ctx, r.who, r.who.UserID); err == nil {
			return s.done(w, r, "The second factor is removed.", "/account/second")
		}
	default:
		return fault.New(fault.Invalid, "%q is nothing that is done to a second factor", do).WithHint("go back and press a button of the page")
	}
	return err
}

// qrPath draws a text as the path of a picture of side by side squares, with
// the quiet zone of four around it.
func qrPath(text string) (path string, side int, err error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", 0, fmt.Errorf("draw the picture: %w", err)
	}
	const quiet = 4
	var b strings.Builder
	n := code.Bounds().Dx()
	for y := range n {
		for x := 0; x < n; x++ {
			if c, _, _, _ := code.At(x, y).RGBA(); c != 0 {
				continue
			}
			from := x
			for x+1 < n {
				if c, _, _, _ := code.At(x+1, y).RGBA(); c != 0 {
					break
				}
				x++
			}
			w := x + 1 - from
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, w, w)
		}
	}
	return b.String(), n + 2*quiet, nil
}
