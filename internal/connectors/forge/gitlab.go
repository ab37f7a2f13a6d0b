package forge

import (
	"cmp"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/program/landing"
)

// The shapes are those of docs.gitlab.com, "Webhook events". GitLab writes times
// in two ways.

type glTime struct{ time.Time }

func (t *glTime) UnmarshalJSON(raw []byte) error {
	s := strings.Trim(string(raw), `"`)
	if s == "null" || s == "" {
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700"} {
		if at, err := time.Parse(layout, s); err == nil {
			t.Time = at.UTC()
			return nil
		}
	}
	return nil // what cannot be read is not known: the arrival stands for it
}

type glUser struct {
	Name     string `json:"name"`
	Username string `json:"username"`
	Email    string `json:"email"`
}

func (u *glUser) identity() landing.Identity {
	if u == nil {
		return landing.Identity{}
	}
	i := landing.Identity{Login: u.Username, Name: u.Name, Mail: u.Email, Bot: strings.HasPrefix(u.Username, "project_") && strings.Contains(u.Username, "_bot")}
	if !strings.Contains(i.Mail, "@") { // "[REDACTED]"
		i.Mail = ""
	}
	return i
}

type glProject struct {
	Path string `json:"path_with_namespace"`
}

type glCommit struct {
	ID     string `json:"id"`
	Author struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	} `json:"author"`
}

func gitlab(name string, body []byte) (string, []landing.Event, error) {
	const source = "GitLab"
	var head struct {
		Project glProject `json:"project"`
	}
	switch name {
	case "Push Hook":
		return glPush(source, body)
	case "Merge Request Hook":
		return glRequest(source, body)
	case "Pipeline Hook":
		var p struct {
			Project    glProject `json:"project"`
			Attributes struct {
				SHA      string `json:"sha"`
				Status   string `json:"status"`
				Created  glTime `json:"created_at"`
				Finished glTime `json:"finished_at"`
				URL      string `json:"url"`
			} `json:"object_attributes"`
		}
		if err := decode(body, &p); err != nil {
			return "", nil, err
		}
		a := p.Attributes
		e := landing.Event{Kind: landing.Checked, At: a.Finished.Time, Source: source, Name: "pipeline", Head: a.SHA, State: result(a.Status), URL: a.URL}
		if e.At.IsZero() {
			e.At = a.Created.Time
		}
		return p.Project.Path, ran(e), nil
	case "Deployment Hook":
		var p struct {
			Project     glProject `json:"project"`
			Status      string    `json:"status"`
			At          glTime    `json:"status_changed_at"`
			Environment string    `json:"environment"`
			CommitURL   string    `json:"commit_url"`
			Short       string    `json:"short_sha"`
			URL         string    `json:"deployable_url"`
			User        *glUser   `json:"user"`
		}
		if err := decode(body, &p); err != nil {
			return "", nil, err
		}
		state := map[string]string{"success": "success", "failed": "failure"}[p.Status]
		if state == "" {
			return p.Project.Path, nil, nil
		}
		// The whole commit stands in its address alone.
		sha := p.CommitURL[strings.LastIndexByte(p.CommitURL, '/')+1:]
		return p.Project.Path, []landing.Event{{Kind: landing.DeploymentMade, At: p.At.Time, Source: source, State: state, Head: sha, Name: p.Environment, URL: p.URL, Actor: p.User.identity()}}, nil
	}
	return head.Project.Path, nil, decode(body, &head)
}

func glPush(source string, body []byte) (string, []landing.Event, error) {
	var p struct {
		Ref      string     `json:"ref"`
		Before   string     `json:"before"`
		After    string     `json:"after"`
		Checkout string     `json:"checkout_sha"`
		UserName string     `json:"user_name"`
		Username string     `json:"user_username"`
		Email    string     `json:"user_email"`
		Total    int        `json:"total_commits_count"`
		Commits  []glCommit `json:"commits"`
		Project  glProject  `json:"project"`
	}
	if err := decode(body, &p); err != nil {
		return "", nil, err
	}
	branch, ok := branchOf(p.Ref)
	if !ok || commitID(p.After) == "" {
		return p.Project.Path, nil, nil
	}
	actor := (&glUser{p.UserName, p.Username, p.Email}).identity()
	return p.Project.Path, []landing.Event{{Kind: landing.Pushed, Source: source, Branch: branch, Before: p.Before, Head: p.After, Commits: max(p.Total, len(p.Commits)), Actor: actor}}, nil
}

func glRequest(source string, body []byte) (string, []landing.Event, error) {
	var p struct {
		User       *glUser   `json:"user"`
		Project    glProject `json:"project"`
		Attributes struct {
			IID     int64  `json:"iid"`
			Title   string `json:"title"`
			Text    string `json:"description"`
			State   string `json:"state"`
			Action  string `json:"action"`
			From    string `json:"source_branch"`
			Branch  string `json:"target_branch"`
			URL     string `json:"url"`
			Updated glTime `json:"updated_at"`
			Merge   string `json:"merge_commit_sha"`
			Squash  string `json:"squash_commit_sha"`
			Author  int64  `json:"author_id"`
			Last    struct {
				ID     string `json:"id"`
				Author struct {
					Name  string `json:"name"`
					Email string `json:"email"`
				} `json:"author"`
			} `json:"last_commit"`
		} `json:"object_attributes"`
		Labels []struct {
			Title string `json:"title"`
		} `json:"labels"`
	}
	if err := decode(body, &p); err != nil {
		return "", nil, err
	}
	a := p.Attributes
	e := landing.Event{Kind: landing.RequestSeen, At: a.Updated.Time, Source: source, Number: a.IID, Title: a.Title, Text: a.Text, URL: a.URL, State: a.State, Branch: a.Branch, From: a.From, Head: a.Last.ID}
	if e.State == "opened" || e.State == "locked" {
		e.State = "open"
	}
	for _, l := range p.Labels {
		e.Labels = append(e.Labels, l.Title)
	}
	// Who wrote it is a number here; who opened it is its author, and the
	// commits name the others.
	switch a.Action {
	case "open":
		e.Author = p.User.identity()
	case "merge":
		e.Merger, e.MergedAt = p.User.identity(), a.Updated.Time
	}
	if e.State == "merged" {
		e.Landed = cmp.Or(commitID(a.Merge), commitID(a.Squash), commitID(a.Last.ID)) // the last of a fast-forward
	}
	out := []landing.Event{e}
	state := map[string]string{"approved": "approved", "approval": "approved", "unapproved": "withdrawn", "unapproval": "withdrawn"}[a.Action]
	if state != "" {
		out = append(out, landing.Event{Kind: landing.ReviewGiven, At: a.Updated.Time, Source: source, Number: a.IID, State: state, Head: a.Last.ID, URL: a.URL, Actor: p.User.identity()})
	}
	return p.Project.Path, out, nil
}
