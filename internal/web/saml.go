package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/identity"
	"github.com/attesta/attesta/internal/base/access/saml"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/web/ui"
)

const (
	samlForm    = "POST /settings/login/saml"
	samlLanding = "POST " + saml.Consumer
	samlReturn  = "POST /login/saml/return"

	maxMetadata = 2*saml.MaxMetadata + maxForm // as a form carries it
	maxResponse = saml.MaxResponse + maxForm
)

// smallFiles reads a form with files, of which the route bounds the size: their
// texts are fields like any other, held while the form asks who is there.
func smallFiles(r *http.Request) error {
	bad := func(err error) error {
		return fault.Wrap(fault.Invalid, err, "the form could not be read").WithHint("go back and send it again; metadata has at most %d KB", saml.MaxMetadata>>10)
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return bad(err)
	}
	form := url.Values{}
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return bad(err)
		}
		text, err := io.ReadAll(p)
		if err != nil {
			return bad(err)
		}
		form.Add(p.FormName(), string(text))
	}
	r.Form, r.PostForm = form, form
	return nil
}

// samlMetadata is what we say of ourselves: the provider reads it.
func (s *Site) samlMetadata(w http.ResponseWriter, r *request) error {
	doc, err := s.cfg.SAML.Document(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	w.Header().Set("Content-Disposition", `attachment; filename="attesta-metadata.xml"`)
	if _, err := w.Write(doc); err != nil {
		return errGone
	}
	return nil
}

// landSAML is where the provider's page sends a browser, from another site and so
// without any cookie of ours. It gives the browser a form of this site with what
// it brought, which goes on with the cookies: those stay SameSite=Lax, and the
// page that looks at the answer is as closed to other sites as every other. The
// form goes on by itself where scripts run, and has a button.
func (s *Site) landSAML(w http.ResponseWriter, r *request) error {
	v := ui.SAMLLandingView{Action: "/login/saml/return", Response: r.PostFormValue("SAMLResponse"), Relay: r.PostFormValue("RelayState")}
	if v.Response == "" {
		return fault.New(fault.Invalid, "there is no answer of an identity provider in this").WithHint("begin again from the login page")
	}
	return s.render(w, r, http.StatusOK, ui.SAMLLanding(s.shell(w, r, "Coming back", "", ""), v))
}

// fromSAML takes what a browser brings from a provider that speaks SAML.
func (s *Site) fromSAML(w http.ResponseWriter, r *request) error {
	response, relay := r.PostFormValue("SAMLResponse"), r.PostFormValue("RelayState")
	begins, err := s.cfg.SAML.Unasked(r.Context(), response)
	if err != nil {
		return err
	}
	if begins { // what it says is dropped: the login begins here
		http.Redirect(w, r.Request, "/login/saml?next="+url.QueryEscape(back(relay)), http.StatusSeeOther)
		return nil
	}
	return s.fromProvider(w, r, saml.Way, url.Values{"state": {relay}, "SAMLResponse": {response}})
}

// tryProvider leads an administrator through a login that opens nothing.
func (s *Site) tryProvider(w http.ResponseWriter, r *request) error {
	way := r.PostFormValue("way")
	b, err := s.cfg.Provider.BeginTrial(r.Context(), r.who, way)
	if err != nil {
		return err
	}
	name, err := s.wayName(r, way)
	if err != nil {
		return err
	}
	s.setCookie(w, s.flowCookie(), b.Cookie, b.Ends)
	return s.render(w, r, http.StatusOK, ui.ToTrial(s.shell(w, r, "Try the login", "Settings", "Login"), ui.ToProviderView{Name: name, URL: b.URL}))
}

// trialPage says what a login would have been.
func (s *Site) trialPage(w http.ResponseWriter, r *request, t identity.Trial) error {
	name, err := s.wayName(r, t.Way)
	if err != nil {
		return err
	}
	v := ui.TrialView{Name: name, Way: t.Way}
	if t.No != nil {
		message, hint := fault.Public(t.No)
		v.Problem, v.Hint = sentence(message), sentence(hint)
		if cause := errors.Unwrap(t.No); cause != nil && fault.Is(t.No, fault.Unauthenticated) { // the reader runs the deployment
			v.Cause = cause.Error()
		}
	}
	said := func(label, value string) {
		if value == "" {
			value = "not said"
		}
		v.Said = append(v.Said, ui.Link{Text: label, Href: value})
	}
	if t.Said.Subject != "" {
		said("Provider", saml.Issuer(t.Said.Issuer))
		said("Who it is", t.Said.Subject)
		said("Mail address", t.Said.Email)
		said("Name", t.Said.Name)
		when, ends := "", ""
		if !t.Said.At.IsZero() {
			when = r.words.at(t.Said.At).Text
		}
		if !t.Said.Ends.IsZero() {
			ends = r.words.at(t.Said.Ends).Text
		}
		said("Logged in there", when)
		if ends != "" {
			said("The session ends by", ends)
		}
		answers := "no: the address alone finds no account"
		if t.Said.Verified {
			answers = "yes"
		}
		said("Somebody answers for the address", answers)
	}
	switch {
	case t.No != nil:
	case t.Makes:
		v.Opens = "A login would make an account, as " + strings.ToLower(t.Role.Title()) + "."
	default:
		v.Opens = "A login would open the account " + t.Login + ", " + strings.ToLower(t.Role.Title()) + "."
	}
	return s.render(w, r, http.StatusOK, ui.Trial(s.shell(w, r, "What came back", "Settings", "Login"), v))
}

// samlView is the part of the provider that speaks SAML in the login settings.
func (s *Site) samlView(ctx context.Context, r *request, t *typed) (ui.SAMLView, error) {
	have, err := s.cfg.SAML.Show(ctx, r.who)
	if err != nil {
		return ui.SAMLView{}, err
	}
	keys, err := s.cfg.SAML.Keys(ctx, r.who)
	if err != nil {
		return ui.SAMLView{}, err
	}
	v := ui.SAMLView{May: access.May(r.who.Role, access.UserManage), Set: have.Issuer != "", Name: have.Name, Entity: s.cfg.SAML.Entity(), Consumer: s.cfg.SAML.ConsumerURL(),
		Issuer: have.Issuer, Address: have.Address, Problem: sentence(have.Problem)}
	if v.Set {
		v.Read = r.words.at(have.Read)
		if !have.Until.IsZero() {
			v.Until = r.words.day(have.Until)
		}
	} else {
		have.Hours = 12
	}
	for _, c := range have.Certificate {
		v.Certificates = append(v.Certificates, ui.SAMLKey{Fingerprint: colons(c.Fingerprint), Until: r.words.day(c.Until), Over: !r.now.Before(c.Until)})
	}
	does := map[saml.State]string{saml.Current: "signs what we ask, and opens what is encrypted for us", saml.Next: "stands in our metadata, and signs nothing yet", saml.Former: "opens what is still encrypted for it"}
	for _, k := range keys {
		v.Keys = append(v.Keys, ui.SAMLKey{Fingerprint: colons(k.Fingerprint), Until: r.words.day(k.Until), Does: does[k.State], Over: !r.now.Before(k.Until)})
		v.HasNext, v.HasFormer = v.HasNext || k.State == saml.Next, v.HasFormer || k.State == saml.Former
	}
	metadata := "The file that the provider gives. Leave it empty where the address is given."
	if v.Set {
		metadata = "Choose a file to put another in place of the one that is kept."
	}
	v.Fields = []ui.FormField{
		{ID: "saml-provider", Name: "provider", Label: "Name", Hint: "It stands on the button of the login page: Okta", Value: have.Name, Need: true},
		{ID: "saml-address", Name: "address", Label: "Address of the provider's metadata", Hint: "Read now and every six hours, so that a new certificate is known in time: https://login.example.org/metadata", Value: have.Address},
		{ID: "saml-metadata", Name: "metadata", Label: "Or its metadata as a file", Hint: metadata, Type: "file"},
		{ID: "saml-domains", Name: "domains", Label: "Domains of mail addresses", Hint: "An account is found, or made, by an address of these alone: example.org", Value: strings.Join(have.Domains, ", "), Need: true},
		{ID: "saml-vouches", Name: "vouches", Label: "Mail addresses there", Hint: "SAML has no word for a verified address. Whoever says yes answers for it, and the ledger keeps who."},
		{ID: "saml-make", Name: "make", Label: "Who is not known here", Hint: "Whether an account is made at the first login. Administrators and auditors are never made by themselves."},
		{ID: "saml-both", Name: "both", Label: "Second factor", Hint: "Of whoever has one here. Attesta cannot see whether the provider asks for one: whoever says so answers for it."},
		{ID: "saml-subject", Name: "subject", Label: "Attribute that says who it is", Hint: "Empty: the persistent NameID. A mail address is not taken: it passes to somebody else one day.", Value: have.SubjectFrom},
		{ID: "saml-mail", Name: "mail", Label: "Attribute with the mail address", Hint: "Empty: mail, email and the usual names", Value: have.MailFrom},
		{ID: "saml-hours", Name: "hours", Label: "Hours that a session lasts at most", Hint: "1 to 12. It ends sooner where the provider says until when its own lasts, or after half an hour without a request.", Value: strconv.Itoa(have.Hours), Type: "number", Class: "short", Need: true, Max: "12"},
		{ID: "saml-tile", Name: "tile", Label: "A login that begins at the provider", Hint: "What the provider then sends is dropped: no answer is taken that was not asked for."},
	}
	chosen, both, vouches, tile := string(have.MakeWith), have.AsksBoth, have.Vouches, have.Tile
	if t != nil {
		chosen, both, vouches, tile = t.values.Get("make"), t.values.Get("both") == "provider", t.values.Get("vouches") == "yes", t.values.Get("tile") == "begins"
	}
	for i := range v.Fields {
		f := &v.Fields[i]
		switch f.Name {
		case "vouches":
			f.List = []ui.Option{{Value: "", Text: "may be set by the people themselves", Selected: !vouches}, {Value: "yes", Text: "are set by the organisation alone", Selected: vouches}}
		case "make":
			f.List = madeOptions(chosen)
		case "both":
			f.List = bothOptions(both)
		case "tile":
			f.List = []ui.Option{{Value: "", Text: "is refused", Selected: !tile}, {Value: "begins", Text: "begins one here (a tile there)", Selected: tile}}
		}
		if t == nil {
			continue
		}
		if f.List == nil && f.Type != "file" {
			f.Value = t.values.Get(f.Name)
		}
		if f.Name == t.field {
			f.Problem = t.problem
		}
	}
	return v, nil
}

// colons writes a fingerprint as other programs do.
func colons(hex string) string {
	var b strings.Builder
	for i := 0; i+1 < len(hex); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(strings.ToUpper(hex[i : i+2]))
	}
	return b.String()
}

func madeOptions(chosen string) []ui.Option {
	all := []ui.Option{{Value: "", Text: "is refused", Selected: chosen == ""}}
	for _, x := range access.Roles() {
		if access.MadeRole(x) == nil {
			all = append(all, ui.Option{Value: string(x), Text: "gets an account, as " + strings.ToLower(x.Title()), Selected: chosen == string(x)})
		}
	}
	return all
}

func bothOptions(both bool) []ui.Option {
	return []ui.Option{{Value: "", Text: "is asked for here too", Selected: !both}, {Value: "provider", Text: "is asked for there, not here", Selected: both}}
}

// changeSAML sets or removes the provider that speaks SAML, and our keys for it.
func (s *Site) changeSAML(w http.ResponseWriter, r *request) error {
	done, err := "", error(nil)
	switch do := r.PostFormValue("do"); do {
	case "set":
		hours, wrong := strconv.Atoi(strings.TrimSpace(r.PostFormValue("hours")))
		if wrong != nil {
			hours = 0 // which is refused, with the field
		}
		n := saml.Settings{Name: r.PostFormValue("provider"), Address: r.PostFormValue("address"), Domains: []string{r.PostFormValue("domains")}, MakeWith: access.Role(r.PostFormValue("make")),
			AsksBoth: r.PostFormValue("both") == "provider", Vouches: r.PostFormValue("vouches") == "yes", SubjectFrom: r.PostFormValue("subject"), MailFrom: r.PostFormValue("mail"),
			Tile: r.PostFormValue("tile") == "begins", Hours: hours}
		if err := s.cfg.SAML.Set(r.Context(), r.who, n, r.PostFormValue("metadata")); err != nil {
			t, err := wrongForm(r, err)
			if err != nil {
				return err
			}
			t.form = "saml"
			return s.loginSettingsPage(w, r, t)
		}
		done = "The provider is set. Try it before you log out here."
	case "remove":
		done, err = "Nobody comes in by the provider any more. Open sessions stay.", s.cfg.SAML.Remove(r.Context(), r.who)
	case "read":
		done, err = "The provider's metadata was read.", s.cfg.SAML.Reread(r.Context(), r.who)
	case "key":
		done, err = "There is a new key. Let the provider read our metadata.", s.cfg.SAML.MakeKey(r.Context(), r.who)
	case "use-key":
		done, err = "The new key signs from now on. The former one opens what is still encrypted for it.", s.cfg.SAML.UseKey(r.Context(), r.who)
	case "drop-former":
		done, err = "The former key is gone.", s.cfg.SAML.DropKey(r.Context(), r.who, saml.Former)
	case "drop-next":
		done, err = "The next key is gone.", s.cfg.SAML.DropKey(r.Context(), r.who, saml.Next)
	default:
		return fault.New(fault.Invalid, "%q is nothing that is done to a provider", do).WithHint("go back and press a button of the page")
	}
	if err != nil {
		return err
	}
	return s.done(w, r, done, "/settings/login")
}
