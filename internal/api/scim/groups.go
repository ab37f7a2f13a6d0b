package scim

import (
	"net/http"
	"strings"

	"github.com/attesta/attesta/internal/base/access/directory"

	parser "github.com/scim2/filter-parser/v2"
)

// asks reports whether a filter looks at an attribute.
func asks(e parser.Expression, name string) bool {
	switch e := e.(type) {
	case *parser.LogicalExpression:
		return asks(e.Left, name) || asks(e.Right, name)
	case *parser.NotExpression:
		return asks(e.Expression, name)
	case *parser.ValuePath:
		return strings.EqualFold(e.AttributePath.AttributeName, name)
	case *parser.AttributeExpression:
		return strings.EqualFold(e.AttributePath.AttributeName, name)
	}
	return false
}

func (s *Server) listGroups(c *call) error {
	filter, err := groups.readFilter(c.r.URL.Query().Get("filter"))
	if err != nil {
		return err
	}
	start, count, err := c.page()
	if err != nil {
		return err
	}
	all, err := s.cfg.Directory.Groups(c.r.Context(), c.who, narrow(filter, "id", "displayName", "externalId"))
	if err != nil {
		return err
	}
	withMembers := asks(filter, "members")
	var found []directory.Group
	for _, g := range all {
		if withMembers {
			if g.Members, err = s.cfg.Directory.Members(c.r.Context(), c.who, g.ID); err != nil {
				return err
			}
		}
		if filter == nil || matches(filter, s.groupDoc(g), groups.attributes) {
			found = append(found, g)
		}
	}
	sh, docs := c.shape(), []any{}
	for _, g := range pageOf(found, start, count) {
		if sh.has("members") && !withMembers {
			if g.Members, err = s.cfg.Directory.Members(c.r.Context(), c.who, g.ID); err != nil {
				return err
			}
		}
		docs = append(docs, sh.cut(&groups, s.groupDoc(g)))
	}
	return c.list(len(found), start, docs)
}

func (s *Server) createGroup(c *call) error {
	doc, err := c.resource(&groups)
	if err != nil {
		return err
	}
	g, err := s.cfg.Directory.AddGroup(c.r.Context(), c.who, describedGroup(doc, directory.Group{}))
	if err != nil {
		return err
	}
	return c.one(&groups, http.StatusCreated, s.groupDoc(g))
}

func (s *Server) readGroup(c *call) error {
	g, err := s.cfg.Directory.Group(c.r.Context(), c.who, c.r.PathValue("id"), c.shape().has("members"))
	if err != nil {
		return err
	}
	return c.one(&groups, http.StatusOK, s.groupDoc(g))
}

func (s *Server) replaceGroup(c *call) error {
	doc, err := c.resource(&groups)
	if err != nil {
		return err
	}
	return s.changeGroup(c, func(g directory.Group) (directory.Group, error) { return describedGroup(doc, g), nil })
}

func (s *Server) patchGroup(c *call) error {
	var p patch
	if err := c.body(&p); err != nil {
		return err
	}
	return s.changeGroup(c, func(g directory.Group) (directory.Group, error) {
		doc := s.groupDoc(g)
		if err := groups.apply(doc, p); err != nil {
			return g, err
		}
		return describedGroup(doc, g), nil
	})
}

// changeGroup answers a PATCH without the group, which may be large, unless
// attributes of it are asked for.
func (s *Server) changeGroup(c *call, edit func(directory.Group) (directory.Group, error)) error {
	g, err := s.cfg.Directory.ChangeGroup(c.r.Context(), c.who, c.r.PathValue("id"), func(g directory.Group) (directory.Group, error) {
		if err := c.unchanged(g.Version); err != nil {
			return g, err
		}
		return edit(g)
	})
	if err != nil {
		return err
	}
	if c.r.Method == http.MethodPatch && !c.r.URL.Query().Has("attributes") {
		c.w.Header().Set("ETag", tag(g.Version))
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return c.one(&groups, http.StatusOK, s.groupDoc(g))
}

func (s *Server) removeGroup(c *call) error {
	err := s.cfg.Directory.RemoveGroup(c.r.Context(), c.who, c.r.PathValue("id"), func(g directory.Group) error { return c.unchanged(g.Version) })
	if err == nil {
		c.w.WriteHeader(http.StatusNoContent)
	}
	return err
}
