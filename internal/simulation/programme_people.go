package simulation

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/base/access"
)

// person is somebody of the story: from which day, and until when.
type person struct {
	access.NewUser
	joins, leaves int    // days; leaves 0: never
	works         bool   // takes on findings and brings evidence
	from          string // address that they come from
}

func persons() []person {
	return []person{
		{access.NewUser{Login: "joana", Name: "Joana Prates", Email: "joana.prates@farol.example", Role: access.Administrator}, 0, 0, false, ""},
		{access.NewUser{Login: "amara", Name: "Amara Okoye", Email: "amara.okoye@farol.example", Role: access.Responder}, 3, 0, true, "203.0.113.24"},
		{access.NewUser{Login: "lukas", Name: "Lukas Brandt", Email: "lukas.brandt@farol.example", Role: access.Contributor}, 3, 0, true, "203.0.113.31"},
		{access.NewUser{Login: "jonas", Name: "Jonas Weber", Email: "jonas.weber@farol.example", Role: access.Contributor}, 3, 176, true, "203.0.113.33"},
		{access.NewUser{Login: "sofia", Name: "Sofia Mendes", Email: "sofia.mendes@farol.example", Role: access.Contributor}, 64, 0, true, "203.0.113.40"},
		{access.NewUser{Login: "rui", Name: "Rui Carvalho", Email: "rui.carvalho@farol.example", Role: access.Viewer}, 4, 0, false, "203.0.113.11"},
		{access.NewUser{Login: "helen", Name: "Helen Marsh", Email: "helen@marsh-advisory.example", Role: access.Adviser}, 10, 0, false, "198.51.100.7"},
		{access.NewUser{Login: "clara", Name: "Clara Nunes", Email: "clara.nunes@farol.example", Role: access.Training}, 12, 0, false, "203.0.113.50"},
		{access.NewUser{Login: "daniel", Name: "Daniel Costa", Email: "daniel.costa@" + misspelt, Role: access.Training}, 12, 0, false, "203.0.113.51"},
		{access.NewUser{Login: "beatriz", Name: "Beatriz Lopes", Email: "beatriz.lopes@farol.example", Role: access.Training}, 12, 0, false, "203.0.113.52"},
		{access.NewUser{Login: "yusuf", Name: "Yusuf Demir", Email: "yusuf.demir@farol.example", Role: access.Training}, 196, 0, false, "203.0.113.57"},
		{access.NewUser{Login: "priya", Name: "Priya Raman", Email: "priya.raman@hartwell-crane.example", Role: access.Auditor}, 78, 0, false, "198.51.100.80"},
		{access.NewUser{Login: "owen", Name: "Owen Ellis", Email: "owen.ellis@hartwell-crane.example", Role: access.Auditor}, 142, 0, false, "198.51.100.81"},
	}
}

// misspelt is how an address was entered by mistake: the mail server knows no
// such domain.
const misspelt = "faroll.example"

// yearOfPeople is who is there, in which role, and how they come in.
func yearOfPeople(o *Organisation, c *calendar) error {
	passwords := map[string]string{} // of this run; nobody learns them
	come := func(login, from string) {
		for n := 2 + c.r.IntN(10); n < 365; n += 9 + c.r.IntN(9) {
			c.on(n, login+" logs in", func(ctx context.Context) error {
				u, there := o.cast[login]
				if !there || passwords[u.UserID] == "" {
					return nil // not yet, or not any more
				}
				l, err := o.Access.Login(ctx, login, passwords[u.UserID], access.Client{Address: from, Agent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
				if err != nil {
					return err
				}
				return o.Access.Logout(ctx, l.Principal)
			})
		}
	}
	first := func(ctx context.Context, login, from string) error {
		who := o.cast[login]
		link, err := o.Access.LoginLink(ctx, o.cast["joana"], who.UserID, access.FirstLogin)
		if err != nil {
			return err
		}
		l, err := o.Access.UseLink(ctx, link.Token, access.Client{Address: from})
		if err != nil {
			return err
		}
		passwords[who.UserID] = rand.Text()
		if l, err = o.Access.SetPassword(ctx, l.Principal, "", passwords[who.UserID]); err != nil {
			return err
		}
		return o.Access.Logout(ctx, l.Principal)
	}
	begin := c.plan.start().Add(20 * time.Minute)
	for i, p := range persons() {
		join := func(ctx context.Context) error {
			by := access.System()
			if i > 0 {
				by = o.cast["joana"]
			}
			who, err := o.join(ctx, by, p.NewUser)
			if err != nil {
				return err
			}
			if p.works {
				o.people = append(o.people, who)
			}
			if p.from == "" {
				return nil // the administrator: whoever opens the demonstration
			}
			return first(ctx, p.Login, p.from)
		}
		if i == 0 {
			c.at(begin, p.Login+" begins", join)
			continue
		}
		c.on(p.joins, p.Login+" joins", join)
		come(p.Login, p.from)
		if p.leaves > 0 {
			c.on(p.leaves, p.Login+" leaves", func(ctx context.Context) error { return o.leave(ctx, p.Login) })
		}
	}
	for i, login := range []string{"ines", "aarav", "tomas", "mei"} {
		from := fmt.Sprintf("203.0.113.%d", 20+i)
		c.at(begin.Add(2*time.Hour), login+" gets a password", func(ctx context.Context) error { return first(ctx, login, from) })
		come(login, from)
	}
	c.on(210, "sofia is on call from now on", func(ctx context.Context) error {
		if err := o.Access.SetRole(ctx, o.cast["joana"], o.cast["sofia"].UserID, access.Responder); err != nil {
			return err
		}
		return o.changed("sofia", access.Responder)
	})
	c.on(332, "daniel's address is put right", func(ctx context.Context) error {
		return o.Access.Rename(ctx, o.cast["joana"], o.cast["daniel"].UserID, "daniel", "Daniel Costa", "daniel.costa@farol.example")
	})
	for _, n := range []int{121, 122} {
		c.on(n, "tomas mistypes", func(ctx context.Context) error {
			if _, err := o.Access.Login(ctx, "tomas", "wrong "+rand.Text(), access.Client{Address: "203.0.113.23"}); err == nil {
				return fmt.Errorf("a wrong password let somebody in")
			}
			return nil
		})
	}
	for _, t := range []struct {
		day   int
		login string
		access.NewAPIToken
	}{
		{40, "joana", access.NewAPIToken{Name: "status page", Actions: []access.Action{access.Read}, Life: 90 * 24 * time.Hour}},
		{318, "joana", access.NewAPIToken{Name: "weekly figures", Actions: []access.Action{access.Read}, Life: 180 * 24 * time.Hour}},
		{322, "joana", access.NewAPIToken{Name: "ticket system", Actions: []access.Action{access.FindingRead, access.FindingAcknowledge}, Life: 90 * 24 * time.Hour}},
		{150, "ines", access.NewAPIToken{Name: "board report", Actions: []access.Action{access.PostureRead}, Life: 300 * 24 * time.Hour}},
	} {
		c.on(t.day, "token "+t.Name, func(ctx context.Context) error {
			made, text, err := o.Access.MakeToken(ctx, o.cast[t.login], t.NewAPIToken)
			if err == nil {
				_, err = o.Access.Token(ctx, text)
			}
			if err == nil && t.Name == "ticket system" { // it was shown to the wrong people
				err = o.Access.RevokeToken(ctx, o.cast[t.login], made.ID)
			}
			return err
		})
	}
	return nil
}

// leave closes an account; whoever had it does nothing more.
func (o *Organisation) leave(ctx context.Context, login string) error {
	who := o.cast[login]
	delete(o.cast, login)
	for i, p := range o.people {
		if p.UserID == who.UserID {
			o.people = append(o.people[:i:i], o.people[i+1:]...)
			break
		}
	}
	return o.Access.Disable(ctx, o.cast["joana"], who.UserID)
}

// changed gives somebody another role from now on.
func (o *Organisation) changed(login string, role access.Role) error {
	who := o.cast[login]
	who.Role = role
	o.cast[login] = who
	for i := range o.people {
		if o.people[i].UserID == who.UserID {
			o.people[i] = who
		}
	}
	return nil
}
