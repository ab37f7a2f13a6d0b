package scim

import (
	"net/http"

	"github.com/attesta/attesta/internal/base/access/directory"
)

func (s *Server) listUsers(c *call) error {
	filter, err := users.readFilter(c.r.URL.Query().Get("filter"))
	if err != nil {
		return err
	}
	start, count, err := c.page()
	if err != nil {
		return err
	}
	all, err := s.cfg.Directory.Users(c.r.Context(), c.who, narrow(filter, "id", "userName", "externalId"))
	if err != nil {
		return err
	}
	withGroups := asks(filter, "groups")
	var found []directory.User
	for _, u := range all {
		if withGroups {
			if u.Groups, err = s.cfg.Directory.GroupsOf(c.r.Context(), c.who, u.ID); err != nil {
				return err
			}
		}
		if filter == nil || matches(filter, s.userDoc(u), users.attributes) {
			found = append(found, u)
		}
	}
	sh, docs := c.shape(), []any{}
	for _, u := range pageOf(found, start, count) {
		if sh.has("groups") && !withGroups {
			if u.Groups, err = s.cfg.Directory.GroupsOf(c.r.Context(), c.who, u.ID); err != nil {
				return err
			}
		}
		docs = append(docs, sh.cut(&users, s.userDoc(u)))
	}
	return c.list(len(found), start, docs)
}

func (s *Server) createUser(c *call) error {
	doc, err := c.resource(&users)
	if err != nil {
		return err
	}
	u, err := s.cfg.Directory.AddUser(c.r.Context(), c.who, describedUser(doc, directory.User{Active: true}))
	if err != nil {
		return err
	}
	return c.one(&users, http.StatusCreated, s.userDoc(u))
}

func (s *Server) readUser(c *call) error {
	u, err := s.cfg.Directory.User(c.r.Context(), c.who, c.r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.one(&users, http.StatusOK, s.userDoc(u))
}

func (s *Server) replaceUser(c *call) error {
	doc, err := c.resource(&users)
	if err != nil {
		return err
	}
	return s.changeUser(c, func(u directory.User) (directory.User, error) { return describedUser(doc, u), nil })
}

func (s *Server) patchUser(c *call) error {
	var p patch
	if err := c.body(&p); err != nil {
		return err
	}
	return s.changeUser(c, func(u directory.User) (directory.User, error) {
		doc := s.userDoc(u)
		if err := users.apply(doc, p); err != nil {
			return u, err
		}
		return describedUser(doc, u), nil
	})
}

func (s *Server) changeUser(c *call, edit func(directory.User) (directory.User, error)) error {
	u, err := s.cfg.Directory.ChangeUser(c.r.Context(), c.who, c.r.PathValue("id"), func(u directory.User) (directory.User, error) {
		if err := c.unchanged(u.Version); err != nil {
			return u, err
		}
		return edit(u)
	})
	if err != nil {
		return err
	}
	return c.one(&users, http.StatusOK, s.userDoc(u))
}

func (s *Server) removeUser(c *call) error {
	err := s.cfg.Directory.RemoveUser(c.r.Context(), c.who, c.r.PathValue("id"), func(u directory.User) error { return c.unchanged(u.Version) })
	if err == nil {
		c.w.WriteHeader(http.StatusNoContent)
	}
	return err
}
