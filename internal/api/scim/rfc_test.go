package scim

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/access/directory"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
)

func TestFilters(t *testing.T) {
	each(t, func(b *bench) {
		tess, maeve, ivo := b.person("tess"), b.person("maeve"), b.person("ivo")
		b.ask("PATCH", "/Users/"+ivo, ops(`{"op":"remove","path":"name"}`, `{"op":"remove","path":"emails"}`, `{"op":"replace","path":"active","value":false}`)).is(200)
		g := b.group("on call", tess)
		for filter, want := range map[string][]string{
			``:                                         {tess, maeve, ivo},
			`userName sw "tess"`:                       {tess},
			`userName ew "example.org"`:                {tess, maeve, ivo},
			`USERNAME Eq "Maeve@Example.org"`:          {maeve},
			`userName co "aev" or userName co "es"`:    {tess, maeve},
			`not (userName co "e" and active eq true)`: {ivo},
			`active eq false`:                          {ivo},
			`active ne true`:                           {ivo},
			`name.givenName pr`:                        {tess, maeve},
			`not (emails pr)`:                          {ivo},
			`emails eq null`:                           {ivo},
			`emails.value eq "tess@example.org"`:       {tess},
			`emails co "maeve"`:                        {maeve},
			`emails[type eq "work" and value sw "t"]`:  {tess},
			`emails[type eq "home"].value eq "tess@example.org"`:                                   nil,
			`emails[type eq "work"].value sw "m" and active eq true`:                               {maeve},
			`externalId eq "EXT-tess"`:                                                             nil,
			`externalId eq "ext-tess"`:                                                             {tess},
			`groups.value eq "` + g + `"`:                                                          {tess},
			`groups[display eq "On Call"]`:                                                         {tess},
			`meta.created gt "2020-01-01T00:00:00Z"`:                                               {tess, maeve, ivo},
			`meta.lastModified lt "2020-01-01T00:00:00Z"`:                                          nil,
			userSchema + `:userName eq "tess@example.org"`:                                         {tess},
			`userName eq "a\"]. or \\"`:                                                            nil,
			`id eq "` + tess + `" and userName eq "maeve@example.org"`:                             nil,
			`(userName eq "tess@example.org" or userName eq "ivo@example.org") and active eq true`: {tess},
		} {
			a := b.ask("GET", "/Users?filter="+escape(filter), "").is(200)
			slices.Sort(want)
			if got := a.found(); !slices.Equal(got, want) || a.text("totalResults") != fmt.Sprint(len(want)) {
				t.Errorf("%s finds %v, want %v", filter, got, want)
			}
		}
		for _, filter := range []string{`userName`, `userName eq`, `userName xx "a"`, `userName eq 5`, `active eq "perhaps"`, `active gt true`, `userName gt "a"`, `nickName eq "x"`, `password eq "x"`,
			`nothing pr`, `name eq "x"`, `userName[type eq "x"]`, `emails[nothing eq "x"]`, `emails[type eq "a" or type eq "b"].value eq "x"`, `urn:x:y:userName eq "a"`, `(userName pr`, `meta.created gt "soon"`,
			strings.Repeat("(", 200) + `userName pr` + strings.Repeat(")", 200), `userName eq "` + strings.Repeat("a", 3000) + `"`} {
			b.ask("GET", "/Users?filter="+escape(filter), "").is(400, "invalidFilter")
		}
		for filter, n := range map[string]int{`members.value eq "` + tess + `"`: 1, `members[value eq "` + maeve + `"]`: 0, `displayName sw "On"`: 1, `members pr`: 1} {
			if a := b.ask("GET", "/Groups?filter="+escape(filter), "").is(200); len(a.found()) != n {
				t.Errorf("%s: %s", filter, a.raw)
			}
		}
		b.ask("GET", "/Groups?filter="+escape(`userName pr`), "").is(400, "invalidFilter")
	})
}

func TestPages(t *testing.T) {
	each(t, func(b *bench) {
		var ids []string
		for i := range 7 {
			ids = append(ids, b.person(fmt.Sprintf("p%d", i)))
		}
		slices.Sort(ids)
		for query, want := range map[string]struct {
			ids   []string
			start string
		}{
			"startIndex=1&count=3": {ids[:3], "1"}, "startIndex=4&count=3": {ids[3:6], "4"}, "startIndex=7&count=3": {ids[6:], "7"}, "startIndex=99": {nil, "99"},
			"count=0": {nil, "1"}, "count=-5": {nil, "1"}, "startIndex=-1&count=2": {ids[:2], "1"}, "count=1000": {ids, "1"},
		} {
			a := b.ask("GET", "/Users?"+query, "").is(200)
			if !slices.Equal(a.found(), want.ids) || a.text("totalResults") != "7" || a.text("itemsPerPage") != fmt.Sprint(len(want.ids)) || a.text("startIndex") != want.start {
				t.Errorf("%s: %s", query, a.raw)
			}
		}
		b.ask("GET", "/Users?count=many", "").is(400, "invalidValue")
	})
}

func TestShapes(t *testing.T) {
	each(t, func(b *bench) {
		id := b.person("tess")
		keys := func(query string) []string {
			doc := b.ask("GET", "/Users/"+id+"?"+query, "").is(200).doc
			var names []string
			for k := range doc {
				names = append(names, k)
			}
			slices.Sort(names)
			return names
		}
		for query, want := range map[string][]string{
			"attributes=userName,emails.value":            {"emails", "id", "schemas", "userName"},
			"attributes=USERNAME":                         {"id", "schemas", "userName"},
			"attributes=" + userSchema + ":userName":      {"id", "schemas", "userName"},
			"excludedAttributes=id,emails,meta,name":      {"active", "displayName", "externalId", "id", "schemas", "userName"},
			"excludedAttributes=name.givenName,groups,id": {"active", "displayName", "emails", "externalId", "id", "meta", "name", "schemas", "userName"},
		} {
			if got := keys(query); !slices.Equal(got, want) {
				t.Errorf("%s: %v", query, got)
			}
		}
		if a := b.ask("GET", "/Users/"+id+"?attributes=emails.value,name.familyName", ""); a.text("emails") != `[{"value":"tess@example.org"}]` || a.text("name") != `{"familyName":"Quill"}` {
			t.Errorf("parts: %s", a.raw)
		}
	})
}

func TestVersions(t *testing.T) {
	each(t, func(b *bench) {
		id := b.person("tess")
		g := b.group("staff", id)
		for _, path := range []string{"/Users/" + id, "/Groups/" + g} {
			a := b.ask("GET", path, "").is(200)
			etag := a.head.Get("ETag")
			if etag != `W/"1"` || a.text("meta", "version") != etag {
				t.Errorf("%s: %s", path, a.raw)
			}
			if a := b.ask("GET", path, "", "If-None-Match", etag); a.status != http.StatusNotModified || a.raw != "" {
				t.Errorf("%s again: %d %s", path, a.status, a.raw)
			}
			rename := ops(`{"op":"replace","path":"displayName","value":"Renamed"}`)
			b.ask("PATCH", path, rename, "If-Match", `W/"7"`).is(412)
			b.ask("DELETE", path, "", "If-Match", `W/"7"`).is(412)
			if a := b.ask("PATCH", path, rename, "If-Match", etag); a.status >= 300 || a.head.Get("ETag") != `W/"2"` {
				t.Errorf("%s: %d %v", path, a.status, a.head)
			}
			b.ask("PATCH", path, rename, "If-Match", etag).is(412)
			if a := b.ask("PATCH", path, rename); a.head.Get("ETag") != `W/"2"` {
				t.Errorf("nothing changed, and the version did: %v", a.head)
			}
		}
	})
}

func TestRefused(t *testing.T) {
	each(t, func(b *bench) {
		id, other := b.person("tess"), b.person("maeve")
		g := b.group("staff", id)
		user := `"schemas":["` + userSchema + `"]`
		for _, c := range []struct {
			method, path, body string
			status             int
			typ                string
		}{
			{"POST", "/Users", `{` + user + `,"userName":"TESS@example.org"}`, 409, "uniqueness"},
			{"POST", "/Users", `{` + user + `,"userName":"new","emails":[{"value":"tess@example.org"}]}`, 409, "uniqueness"},
			{"PUT", "/Users/" + id, `{` + user + `,"userName":"maeve@example.org"}`, 409, "uniqueness"},
			{"POST", "/Groups", `{"schemas":["` + groupSchema + `"],"displayName":"Staff"}`, 409, "uniqueness"},
			{"POST", "/Users", `{` + user + `}`, 400, "invalidValue"},
			{"POST", "/Users", `{` + user + `,"userName":" "}`, 400, "invalidValue"},
			{"POST", "/Users", `{` + user + `,"userName":5}`, 400, "invalidValue"},
			{"POST", "/Users", `{` + user + `,"userName":"x","active":"perhaps"}`, 400, "invalidValue"},
			{"POST", "/Users", `{` + user + `,"userName":"x","emails":[{"value":"no address"}]}`, 400, "invalidValue"},
			{"POST", "/Users", `{` + user + `,"userName":"` + strings.Repeat("x", 300) + `"}`, 400, "invalidValue"},
			{"POST", "/Users", `{` + user + `,"userName":"a\u0000b"}`, 400, "invalidValue"},
			{"POST", "/Users", `{"userName":"x"}`, 400, "invalidSyntax"},
			{"POST", "/Users", `{"schemas":["` + groupSchema + `"],"userName":"x"}`, 400, "invalidSyntax"},
			{"POST", "/Users", `[]`, 400, "invalidSyntax"},
			{"POST", "/Users", `{`, 400, "invalidSyntax"},
			{"POST", "/Groups", `{"schemas":["` + groupSchema + `"],"displayName":"x","members":[{"value":"usr_nobody"}]}`, 400, "invalidValue"},
			{"GET", "/Users/usr_nobody", ``, 404, ""},
			{"PATCH", "/Users/usr_nobody", ops(`{"op":"replace","value":{"active":false}}`), 404, ""},
			{"DELETE", "/Groups/grp_nobody", ``, 404, ""},
			{"GET", "/nothing", ``, 404, ""},
			{"POST", "/Bulk", `{}`, 501, ""},
			{"POST", "/Users/" + id, `{}`, 405, ""},
			{"PATCH", "/Users/" + id, `{"Operations":[{"op":"replace","value":{"active":false}}]}`, 400, "invalidSyntax"},
			{"PATCH", "/Users/" + id, ops(), 400, "invalidSyntax"},
			{"PATCH", "/Users/" + id, ops(`{"op":"drop","path":"active"}`), 400, "invalidSyntax"},
			{"PATCH", "/Users/" + id, ops(`{"op":"remove"}`), 400, "noTarget"},
			{"PATCH", "/Users/" + id, ops(`{"op":"replace","path":"nothing","value":"x"}`), 400, "invalidPath"},
			{"PATCH", "/Users/" + id, ops(`{"op":"replace","path":"emails[","value":"x"}`), 400, "invalidPath"},
			{"PATCH", "/Users/" + id, ops(`{"op":"replace","path":"emails[nothing eq \"x\"].value","value":"x"}`), 400, "invalidPath"},
			{"PATCH", "/Users/" + id, ops(`{"op":"replace","path":"emails.value.deeper","value":"x"}`), 400, "invalidPath"},
			{"PATCH", "/Users/" + id, ops(`{"op":"replace","path":"urn:x:y:userName","value":"x"}`), 400, "invalidPath"},
			{"PATCH", "/Users/" + id, ops(`{"op":"replace","path":"id","value":"x"}`), 400, "mutability"},
			{"PATCH", "/Users/" + id, ops(`{"op":"add","path":"groups","value":[{"value":"` + g + `"}]}`), 400, "mutability"},
			{"PATCH", "/Users/" + id, ops(`{"op":"replace","path":"active"}`), 400, "invalidValue"},
			{"PATCH", "/Users/" + id, ops(`{"op":"replace","value":"x"}`), 400, "invalidValue"},
			{"PATCH", "/Users/" + id, ops(`{"op":"remove","path":"userName"}`), 400, "invalidValue"},
			{"PATCH", "/Users/" + id, ops(`{"op":"remove","path":"emails[type eq \"home\"]"}`), 400, "noTarget"},
			{"PATCH", "/Groups/" + g, ops(`{"op":"replace","path":"members[value eq \"` + other + `\"].display","value":"x"}`), 400, "mutability"},
			{"PATCH", "/Groups/" + g, ops(`{"op":"add","path":"members","value":[{"value":"x"}]}`), 400, "invalidValue"},
		} {
			a := b.ask(c.method, c.path, c.body)
			if a.status != c.status || a.text("scimType") != c.typ || a.text("status") != fmt.Sprint(c.status) {
				t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, a.status, a.raw)
			}
		}
		b.ask("POST", "/Users", `{}`, "Content-Type", "text/plain").is(415)
		b.ask("POST", "/Users", `{"x":"`+strings.Repeat("x", maxBody)+`"}`).is(413)
		if a := b.ask("GET", "/Users/"+id, "").is(200); a.head.Get("ETag") != `W/"1"` {
			t.Errorf("what was refused changed the user: %s", a.raw)
		}
		// whoever is not there to be removed has gone: directories repeat themselves
		b.ask("PATCH", "/Groups/"+g, ops(`{"op":"remove","path":"members[value eq \"`+other+`\"]"}`)).is(204)
	})
}

func TestPatchSemantics(t *testing.T) {
	each(t, func(b *bench) {
		id, other := b.person("tess"), b.person("maeve")
		emails := func(list ...string) string {
			return b.ask("PATCH", "/Users/"+id, ops(list...)).is(200).text("emails")
		}
		for _, c := range []struct{ op, want string }{
			{`{"op":"add","path":"emails","value":[{"value":"b@example.org","type":"home"}]}`, `[{"primary":true,"type":"work","value":"tess@example.org"},{"type":"home","value":"b@example.org"}]`},
			{`{"op":"add","path":"emails","value":{"value":"b@example.org","type":"home","primary":true}}`, `[{"type":"work","value":"tess@example.org"},{"primary":true,"type":"home","value":"b@example.org"}]`},
			{`{"op":"replace","path":"emails[value eq \"tess@example.org\"].primary","value":"true"}`, `[{"primary":true,"type":"work","value":"tess@example.org"},{"type":"home","value":"b@example.org"}]`},
			{`{"op":"remove","path":"emails[type eq \"home\"]"}`, `[{"primary":true,"type":"work","value":"tess@example.org"}]`},
			{`{"op":"replace","path":"emails","value":[{"value":"c@example.org"}]}`, `[{"value":"c@example.org"}]`},
			{`{"op":"replace","path":"emails[type eq \"work\"].primary","value":true}`, `[{"value":"c@example.org"}]`},
			{`{"op":"remove","path":"emails"}`, ``},
			{`{"op":"add","value":{"emails":[{"value":"d@example.org","type":"work"}]}}`, `[{"type":"work","value":"d@example.org"}]`},
		} {
			if got := emails(c.op); got != c.want {
				t.Errorf("%s: %s, want %s", c.op, got, c.want)
			}
		}
		g := b.group("staff", id, id)
		members := func(list ...string) int {
			b.ask("PATCH", "/Groups/"+g, ops(list...)).is(204)
			all, err := b.dir.Members(t.Context(), access.System(), g)
			b.must(err)
			return len(all)
		}
		for i, c := range []struct {
			op   string
			want int
		}{
			{`{"op":"add","path":"members","value":[{"value":"` + id + `"},{"value":"` + other + `"}]}`, 2},
			{`{"op":"ADD","value":{"members":[{"value":"` + id + `"}]}}`, 2},
			{`{"op":"remove","path":"members[value eq \"` + id + `\" or value eq \"` + other + `\"]"}`, 0},
			{`{"op":"replace","path":"members","value":[{"value":"` + id + `"}]}`, 1},
			{`{"op":"replace","path":"members","value":[]}`, 0},
			{`{"op":"add","path":"members","value":{"value":"` + id + `"}}`, 1},
			{`{"op":"remove","path":"members"}`, 0},
		} {
			if n := members(c.op); n != c.want {
				t.Errorf("%d: %s leaves %d members", i, c.op, n)
			}
		}
		// a PUT without active opens nobody's account
		b.ask("PATCH", "/Users/"+id, ops(`{"op":"replace","path":"active","value":false}`)).is(200)
		if a := b.ask("PUT", "/Users/"+id, `{"schemas":["`+userSchema+`"],"userName":"tess@example.org"}`).is(200); a.text("active") != "false" {
			t.Errorf("replaced: %s", a.raw)
		}
	})
}

func TestDiscovery(t *testing.T) {
	each(t, func(b *bench) {
		if a := b.ask("GET", "/ServiceProviderConfig", "").is(200); a.text("patch", "supported") != "true" || a.text("bulk", "supported") != "false" || a.text("etag", "supported") != "true" {
			t.Errorf("%s", a.raw)
		}
		for _, path := range []string{"/ResourceTypes", "/Schemas"} {
			a := b.ask("GET", path, "").is(200)
			if a.text("totalResults") != "2" {
				t.Errorf("%s", a.raw)
			}
			for _, id := range a.found() {
				if one := b.ask("GET", path+"/"+id, "").is(200); one.text("id") != id {
					t.Errorf("%s", one.raw)
				}
			}
			b.ask("GET", path+"/nothing", "").is(404)
		}
		if a := b.ask("GET", "/Schemas/"+userSchema, ""); strings.Contains(a.raw, "password") || !strings.Contains(a.raw, `"uniqueness":"server"`) {
			t.Errorf("%s", a.raw)
		}
	})
}

// What was recorded has no name and no address in it, and the rows are held
// against it.
func TestLedger(t *testing.T) {
	each(t, func(b *bench) {
		ctx := t.Context()
		id := b.person("tess")
		g := b.group("staff", id)
		b.must(b.dir.Map(ctx, b.admin, g, access.Viewer))
		b.ask("PATCH", "/Users/"+id, ops(`{"op":"replace","path":"displayName","value":"T"}`)).is(200)
		gone := b.person("ivo")
		b.ask("DELETE", "/Users/"+gone, "").is(204)
		records := b.recorded()
		checks, held := map[string]ledger.Binding{}, map[string]int{}
		for _, x := range slices.Concat(access.Bindings(), directory.Bindings()) {
			checks[x.Name] = x
		}
		verify := func() error {
			for _, rec := range records {
				if c, ok := checks[rec.Type]; ok {
					held[rec.Type]++
					if err := c.Check(ctx, b.db.Reader(), rec); err != nil {
						return err
					}
				}
			}
			return nil
		}
		b.must(verify())
		for _, typ := range []string{"user.added", "user.role_changed", "user.enabled", "directory.user_added", "directory.user_changed", "directory.user_removed", "directory.group_added", "directory.group_mapped"} {
			if held[typ] == 0 {
				t.Errorf("no record %s was held", typ)
			}
		}
		for _, rec := range records {
			raw, err := json.Marshal(rec.Data)
			b.must(err)
			if low := strings.ToLower(string(raw)); strings.Contains(low, "tess") || strings.Contains(low, "example.org") || strings.Contains(low, "staff") {
				t.Errorf("%s says %s", rec.Type, raw)
			}
		}
		for _, q := range []string{
			`UPDATE access_user SET role = 'administrator' WHERE id = $1`, `UPDATE access_user SET disabled = 1 WHERE id = $1`, `UPDATE directory_user SET active = 0 WHERE id = $1`,
			`DELETE FROM directory_member WHERE user_id = $1`, `UPDATE directory_group SET role = 'administrator' WHERE id <> $1`,
		} {
			err := b.db.Tx(ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, q, id); err != nil {
					return err
				}
				for _, rec := range records {
					if c, ok := checks[rec.Type]; ok {
						if err := c.Check(ctx, tx, rec); err != nil {
							return err
						}
					}
				}
				return nil
			})
			if !fault.Is(err, fault.Refused) { // and rolled back
				t.Errorf("%s is not seen: %v", q, err)
			}
		}
		b.must(verify())
	})
}

// A group of many is one request, and everybody who joins or leaves is named in
// some entry, which stays as small as entries are.
func TestManyMembers(t *testing.T) {
	each(t, func(b *bench) {
		ctx := t.Context()
		var ids []string
		for i := range 130 {
			ids = append(ids, b.person(fmt.Sprintf("p%d", i)))
		}
		g := b.group("everybody", ids[:100]...)
		b.must(b.dir.Map(ctx, b.admin, g, access.Viewer))
		var list []string
		for _, id := range ids[50:] {
			list = append(list, `{"value":"`+id+`"}`)
		}
		b.ask("PUT", "/Groups/"+g, `{"schemas":["`+groupSchema+`"],"displayName":"everybody","members":[`+strings.Join(list, ",")+`]}`).is(200)
		for i, id := range ids {
			if out := b.account(id).Disabled; out != (i < 50) {
				t.Errorf("%d: out is %v", i, out)
			}
		}
		records := b.recorded()
		named := map[string]int{}
		for _, rec := range records {
			if !strings.HasPrefix(rec.Type, "directory.group") && rec.Type != "directory.members_changed" {
				continue
			}
			for _, field := range []string{"joined", "left"} {
				list, _ := rec.Data[field].([]any)
				for _, id := range list {
					named[field+" "+id.(string)]++
				}
			}
			for _, c := range directory.Bindings() {
				if c.Name == rec.Type {
					b.must(c.Check(ctx, b.db.Reader(), rec))
				}
			}
		}
		for i, id := range ids {
			if named["joined "+id] != 1 || (named["left "+id] == 1) != (i < 50) {
				t.Errorf("%d joined %d times, left %d", i, named["joined "+id], named["left "+id])
			}
		}
		b.ask("DELETE", "/Groups/"+g, "").is(204)
		if !b.account(ids[129]).Disabled {
			t.Error("the group is gone and gives its role")
		}
	})
}

// recorded numbers what waits and gives every record.
func (b *bench) recorded() []ledger.Record {
	b.t.Helper()
	run, stop := context.WithCancel(b.t.Context())
	done := make(chan error, 1)
	go func() { done <- b.log.Run(run) }()
	for next := b.log.Changed(); ; next = b.log.Changed() {
		st, err := b.log.Status(b.t.Context())
		b.must(err)
		if st.Waiting == 0 {
			break
		}
		<-next
	}
	stop()
	b.must(<-done)
	records, err := b.log.Since(b.t.Context(), 0, 5000)
	b.must(err)
	return records
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{`userName eq "a"`, `emails[type eq "work"].value eq "x"`, `not (a pr) and b co "c" or d ne null`, `members[value eq "1"].display`, `a.b.c eq 1e9`, `"`, `[].a pr`, `urn:a:b:c eq true`} {
		f.Add(s)
	}
	doc := (&Server{}).userDoc(directory.User{ID: "usr_1", UserName: "tess", Active: true, Emails: []directory.Email{{Value: "t@example.org", Type: "work", Primary: true}}})
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range []*resource{&users, &groups} {
			if e, err := r.readFilter(text); err == nil {
				matches(e, doc, r.attributes)
				asks(e, "groups")
				narrow(e, "id", "userName")
			}
		}
		_ = inBrackets(text)
	})
}

func FuzzPatch(f *testing.F) {
	for _, s := range []string{`members[value eq "1"]`, `emails[type eq "work"].value`, `name.givenName`, userSchema + `:active`, `emails[`, `a b`, `members`, ``} {
		for _, v := range []string{`"x"`, `{"value":"x","primary":"True"}`, `[{"value":"x"}]`, `null`, `{"a":{"b":[1,{}]}}`} {
			f.Add("add", s, v)
			f.Add("Remove", s, v)
		}
	}
	f.Fuzz(func(t *testing.T, op, path, value string) {
		for _, r := range []*resource{&users, &groups} {
			doc := map[string]any{"id": "1", "userName": "u", "displayName": "d", "active": true,
				"emails": []any{map[string]any{"value": "x", "type": "work"}}, "members": []any{map[string]any{"value": "1"}}}
			if r.apply(doc, patch{Schemas: []string{patchSchema}, Operations: []operation{{Op: op, Path: path, Value: json.RawMessage(value)}}}) != nil {
				continue
			}
			if doc["id"] != "1" {
				t.Fatalf("the id is %v", doc["id"])
			}
			describedUser(doc, directory.User{})
			describedGroup(doc, directory.Group{})
		}
	})
}
