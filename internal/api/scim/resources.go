package scim

import (
	"maps"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/access/directory"
)

func text(m map[string]any, name string) string {
	s, _ := m[name].(string)
	return s
}

// put sets what is not empty: a resource has no attributes without a value.
func put(m map[string]any, name, value string) {
	if value != "" {
		m[name] = value
	}
}

func (s *Server) meta(t *resource, id string, version int64, created, changed time.Time) map[string]any {
	return map[string]any{"resourceType": t.name, "created": created.UTC().Format(time.RFC3339Nano), "lastModified": changed.UTC().Format(time.RFC3339Nano),
		"location": s.address(t.plural, id), "version": tag(version)}
}

// userDoc is a user as a resource, without schemas.
func (s *Server) userDoc(u directory.User) map[string]any {
	doc := map[string]any{"id": u.ID, "userName": u.UserName, "active": u.Active, "meta": s.meta(&users, u.ID, u.Version, u.Created, u.Changed)}
	put(doc, "externalId", u.ExternalID)
	put(doc, "displayName", u.DisplayName)
	name := map[string]any{}
	put(name, "formatted", u.Formatted)
	put(name, "givenName", u.GivenName)
	put(name, "familyName", u.FamilyName)
	if len(name) > 0 {
		doc["name"] = name
	}
	var emails []any
	for _, e := range u.Emails {
		m := map[string]any{"value": e.Value}
		put(m, "type", e.Type)
		if e.Primary {
			m["primary"] = true
		}
		emails = append(emails, m)
	}
	if emails != nil {
		doc["emails"] = emails
	}
	var in []any
	for _, g := range u.Groups {
		in = append(in, map[string]any{"value": g.ID, "display": g.Name, "$ref": s.address("Groups", g.ID)})
	}
	if in != nil {
		doc["groups"] = in
	}
	return doc
}

// describedUser gives what a resource says of a user over what was there: all
// but identifier and groups; active only where the resource says it.
func describedUser(doc map[string]any, u directory.User) directory.User {
	u.UserName, u.ExternalID, u.DisplayName = text(doc, "userName"), text(doc, "externalId"), text(doc, "displayName")
	name, _ := doc["name"].(map[string]any)
	u.Formatted, u.GivenName, u.FamilyName = text(name, "formatted"), text(name, "givenName"), text(name, "familyName")
	u.Emails = nil
	for _, m := range parts(doc["emails"]) {
		primary, _ := m["primary"].(bool)
		u.Emails = append(u.Emails, directory.Email{Value: strings.TrimSpace(text(m, "value")), Type: text(m, "type"), Primary: primary})
	}
	if active, ok := doc["active"].(bool); ok {
		u.Active = active
	}
	return u
}

// groupDoc is a group as a resource, without schemas.
func (s *Server) groupDoc(g directory.Group) map[string]any {
	doc := map[string]any{"id": g.ID, "displayName": g.Name, "meta": s.meta(&groups, g.ID, g.Version, g.Created, g.Changed)}
	put(doc, "externalId", g.ExternalID)
	var members []any
	for _, m := range g.Members {
		members = append(members, map[string]any{"value": m.ID, "display": m.Name, "$ref": s.address("Users", m.ID)})
	}
	if members != nil {
		doc["members"] = members
	}
	return doc
}

func describedGroup(doc map[string]any, g directory.Group) directory.Group {
	g.Name, g.ExternalID, g.Members = text(doc, "displayName"), text(doc, "externalId"), nil
	for _, m := range parts(doc["members"]) {
		g.Members = append(g.Members, directory.Ref{ID: text(m, "value")})
	}
	return g
}

// shape is which attributes an answer has (RFC 7644, section 3.9).
type shape struct {
	only map[string]bool // lower case, "name" and "name.givenname"; nil: all
	not  map[string]bool
}

func readShape(only, not string) shape {
	read := func(list string) map[string]bool {
		if strings.TrimSpace(list) == "" {
			return nil
		}
		m := map[string]bool{}
		for f := range strings.SplitSeq(list, ",") {
			f = strings.ToLower(strings.TrimSpace(f))
			for _, urn := range []string{userSchema, groupSchema} {
				f = strings.TrimPrefix(f, strings.ToLower(urn)+":")
			}
			m[f] = true
		}
		return m
	}
	return shape{only: read(only), not: read(not)}
}

// has reports whether an attribute is in an answer, with or without all its parts.
func (sh shape) has(name string) bool {
	name = strings.ToLower(name)
	if sh.only == nil {
		return !sh.not[name]
	}
	for f := range sh.only {
		if f == name || strings.HasPrefix(f, name+".") {
			return true
		}
	}
	return false
}

// cut gives a resource with what was asked for; an id always is.
func (sh shape) cut(t *resource, doc map[string]any) map[string]any {
	out := map[string]any{"schemas": []string{t.schema}}
	for name, v := range doc {
		switch {
		case name == "id":
			out[name] = v
		case sh.has(name):
			out[name] = sh.cutParts(strings.ToLower(name), v)
		}
	}
	return out
}

func (sh shape) cutParts(name string, v any) any {
	if sh.only == nil && len(sh.not) == 0 || sh.only[name] {
		return v
	}
	one := func(m map[string]any) map[string]any {
		m = maps.Clone(m)
		for k := range m {
			path := name + "." + strings.ToLower(k)
			if sh.only != nil && !sh.only[path] || sh.only == nil && sh.not[path] {
				delete(m, k)
			}
		}
		return m
	}
	switch v := v.(type) {
	case map[string]any:
		return one(v)
	case []any:
		out := make([]any, 0, len(v))
		for _, m := range parts(v) {
			out = append(out, one(m))
		}
		return out
	}
	return v
}
