package scim

import (
	"slices"
	"strings"
)

const (
	userSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	configSchema     = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	typeSchema       = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	schemaSchema     = "urn:ietf:params:scim:schemas:core:2.0:Schema"
	listSchema       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	patchSchema      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	errorSchema      = "urn:ietf:params:scim:api:messages:2.0:Error"
)

// attribute is one attribute of a resource that is kept here.
type attribute struct {
	name   string
	kind   string // string, boolean, dateTime, reference, complex
	what   string
	multi  bool
	exact  bool // upper and lower case differ
	need   bool
	fixed  bool // readOnly
	unique bool
	common bool // of every resource: not listed in its schema
	sub    []attribute
}

// resource is a type of resource.
type resource struct {
	name, plural, schema, what string
	attributes                 []attribute
	passed                     []string // attributes of the schema that are not kept; in lower case
}

var common = []attribute{
	{name: "id", kind: "string", exact: true, fixed: true, common: true},
	{name: "externalId", kind: "string", exact: true, common: true},
	{name: "meta", kind: "complex", fixed: true, common: true, sub: []attribute{
		{name: "resourceType", kind: "string", exact: true, fixed: true}, {name: "created", kind: "dateTime", fixed: true},
		{name: "lastModified", kind: "dateTime", fixed: true}, {name: "location", kind: "reference", exact: true, fixed: true}, {name: "version", kind: "string", exact: true, fixed: true},
	}},
}

var users = resource{name: "User", plural: "Users", schema: userSchema, what: "An account of a person", attributes: slices.Concat(common, []attribute{
	{name: "userName", kind: "string", what: "What the directory calls the user; nobody else has it, in whatever case", need: true, unique: true},
	{name: "name", kind: "complex", what: "The parts of the name", sub: []attribute{
		{name: "formatted", kind: "string", what: "The whole name"}, {name: "familyName", kind: "string", what: "The family name"}, {name: "givenName", kind: "string", what: "The given name"},
	}},
	{name: "displayName", kind: "string", what: "The name that is shown"},
	{name: "active", kind: "boolean", what: "Whether the user may come in; false ends sessions and tokens at once"},
	{name: "emails", kind: "complex", what: "Addresses; the primary one is that of the account", multi: true, sub: []attribute{
		{name: "value", kind: "string", what: "The address"}, {name: "type", kind: "string", what: "work, home, other"}, {name: "primary", kind: "boolean", what: "Whether it is the one to use"},
	}},
	{name: "groups", kind: "complex", what: "The groups of the user", multi: true, fixed: true, sub: []attribute{
		{name: "value", kind: "string", what: "The group's id", exact: true, fixed: true}, {name: "display", kind: "string", what: "The group's name", fixed: true},
		{name: "$ref", kind: "reference", what: "The group's address", exact: true, fixed: true},
	}},
}), passed: []string{"nickname", "profileurl", "title", "usertype", "preferredlanguage", "locale", "timezone", "password", "phonenumbers", "ims", "photos", "addresses",
	"entitlements", "roles", "x509certificates", "name.middlename", "name.honorificprefix", "name.honorificsuffix", "emails.display", "groups.type", "meta.resourcetype"}}

var groups = resource{name: "Group", plural: "Groups", schema: groupSchema, what: "A group of users", attributes: slices.Concat(common, []attribute{
	{name: "displayName", kind: "string", what: "The group's name; no other has it, in whatever case", need: true, unique: true},
	{name: "members", kind: "complex", what: "Who is in the group", multi: true, sub: []attribute{
		{name: "value", kind: "string", what: "The user's id", exact: true}, {name: "display", kind: "string", what: "What the directory calls the user", fixed: true},
		{name: "$ref", kind: "reference", what: "The user's address", exact: true, fixed: true},
	}},
}), passed: []string{"members.type"}}

// find gives the attribute of that name, in whatever case.
func find(list []attribute, name string) *attribute {
	for i := range list {
		if strings.EqualFold(list[i].name, name) {
			return &list[i]
		}
	}
	return nil
}

// passesOver reports whether an attribute is of a schema that is known, and not
// kept here.
func (t *resource) passesOver(urn, name, sub string) bool {
	if strings.EqualFold(urn, enterpriseSchema) {
		return t == &users
	}
	if urn != "" && !strings.EqualFold(urn, t.schema) {
		return false
	}
	if strings.EqualFold(name, "schemas") {
		return true
	}
	name = strings.ToLower(name)
	return slices.Contains(t.passed, name) || sub != "" && slices.Contains(t.passed, name+"."+strings.ToLower(sub))
}

// describe gives attributes as RFC 7643, section 7, has them.
func describe(list []attribute) []any {
	out := []any{}
	for _, a := range list {
		if a.common {
			continue
		}
		m := map[string]any{"name": a.name, "type": a.kind, "multiValued": a.multi, "description": a.what, "required": a.need, "caseExact": a.exact,
			"mutability": "readWrite", "returned": "default", "uniqueness": "none"}
		if a.fixed {
			m["mutability"] = "readOnly"
		}
		if a.unique {
			m["uniqueness"] = "server"
		}
		if a.kind == "reference" {
			m["referenceTypes"] = []string{"uri"}
		}
		if len(a.sub) > 0 {
			m["subAttributes"] = describe(a.sub)
		}
		out = append(out, m)
	}
	return out
}

func (s *Server) schemaOf(t *resource) map[string]any {
	return map[string]any{"schemas": []string{schemaSchema}, "id": t.schema, "name": t.name, "description": t.what, "attributes": describe(t.attributes),
		"meta": map[string]any{"resourceType": "Schema", "location": s.address("Schemas", t.schema)}}
}

func (s *Server) typeOf(t *resource) map[string]any {
	return map[string]any{"schemas": []string{typeSchema}, "id": t.name, "name": t.name, "endpoint": "/" + t.plural, "description": t.what, "schema": t.schema, "schemaExtensions": []any{},
		"meta": map[string]any{"resourceType": "ResourceType", "location": s.address("ResourceTypes", t.name)}}
}

func (s *Server) config() map[string]any {
	yes, no := map[string]any{"supported": true}, map[string]any{"supported": false}
	return map[string]any{"schemas": []string{configSchema}, "patch": yes, "sort": no, "etag": yes, "changePassword": no,
		"bulk":   map[string]any{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"filter": map[string]any{"supported": true, "maxResults": maxCount},
		"authenticationSchemes": []any{map[string]any{"type": "oauthbearertoken", "name": "Token", "description": "A token made under Settings, Directory",
			"specUri": "https://www.rfc-editor.org/info/rfc6750", "primary": true}},
		"meta": map[string]any{"resourceType": "ServiceProviderConfig", "location": s.address("ServiceProviderConfig", "")}}
}
