package forge

import (
	"cmp"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/program/landing"
)

// The shapes are those of docs.github.com, "Webhook events and payloads"; Gitea
// documents the same for what it shares.

type ghUser struct {
	Login string `json:"login"`
	Name  string `json:"full_name"` // of Gitea
	Email string `json:"email"`     // of Gitea
	Type  string `json:"type"`
}

func (u *ghUser) identity() landing.Identity {
	if u == nil {
		return landing.Identity{}
	}
	return landing.Identity{Login: u.Login, Name: u.Name, Mail: u.Email, Bot: u.Type == "Bot" || strings.HasSuffix(u.Login, "[bot]")}
}

type ghRepository struct {
	FullName string `json:"full_name"`
}

type ghRequest struct {
	Number    int64      `json:"number"`
	Title     string     `json:"title"`
	Body      string     `json:"body"`
	URL       string     `json:"html_url"`
	State     string     `json:"state"`
	Merged    bool       `json:"merged"`
	MergedAt  *time.Time `json:"merged_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	Landed    string     `json:"merge_commit_sha"`
	Commits   int        `json:"commits"`
	User      *ghUser    `json:"user"`
	MergedBy  *ghUser    `json:"merged_by"`
	Labels    []struct {
		Name string `json:"name"`
	} `json:"labels"`
	Base struct {
		Ref string `json:"ref"`
	} `json:"base"`
	Head struct {
		Ref string `json:"ref"`
		SHA string `json:"sha"`
	} `json:"head"`
}

func (r *ghRequest) event(source string) landing.Event {
	e := landing.Event{Kind: landing.RequestSeen, At: r.UpdatedAt, Source: source, Number: r.Number, Title: r.Title, Text: r.Body, URL: r.URL, State: r.State, Branch: r.Base.Ref, From: r.Head.Ref, Head: r.Head.SHA,
		Commits: r.Commits, Author: r.User.identity()}
	for _, l := range r.Labels {
		e.Labels = append(e.Labels, l.Name)
	}
	if r.Merged || r.MergedAt != nil && !r.MergedAt.IsZero() {
		e.State, e.Landed, e.Merger = "merged", r.Landed, r.MergedBy.identity()
		if r.MergedAt != nil {
			e.MergedAt, e.At = *r.MergedAt, *r.MergedAt
		}
	}
	return e
}

type ghCommit struct {
	ID     string `json:"id"`
	Author struct {
		Name     string `json:"name"`
		Email    string `json:"email"`
		Username string `json:"username"`
	} `json:"author"`
	Timestamp time.Time `json:"timestamp"`
}

type ghPush struct {
	Ref        string       `json:"ref"`
	Before     string       `json:"before"`
	After      string       `json:"after"`
	Forced     bool         `json:"forced"`
	Deleted    bool         `json:"deleted"`
	Commits    []ghCommit   `json:"commits"`
	Total      int          `json:"total_commits"` // of Gitea
	Repository ghRepository `json:"repository"`
	Sender     *ghUser      `json:"sender"`
	Pusher     *struct {
		Name  string `json:"name"`
		Email string `json:"email"`
		Login string `json:"login"` // of Gitea
	} `json:"pusher"`
}

func push(source string, body []byte) (string, []landing.Event, error) {
	var p ghPush
	if err := decode(body, &p); err != nil {
		return "", nil, err
	}
	branch, ok := branchOf(p.Ref)
	if !ok || p.Deleted || commitID(p.After) == "" {
		return p.Repository.FullName, nil, nil
	}
	e := landing.Event{Kind: landing.Pushed, Source: source, Branch: branch, Before: p.Before, Head: p.After, Forced: p.Forced, Commits: max(p.Total, len(p.Commits)), Actor: p.Sender.identity()}
	if p.Pusher != nil {
		e.Actor.Mail = cmp.Or(e.Actor.Mail, p.Pusher.Email)
		e.Actor.Login = cmp.Or(e.Actor.Login, p.Pusher.Login, p.Pusher.Name)
	}
	e.Known = known(p.Commits)
	return p.Repository.FullName, []landing.Event{e}, nil
}

// known gives whom the forge itself joins to a login.
func known(commits []ghCommit) []landing.Identity {
	var out []landing.Identity
	had := map[string]bool{}
	for _, c := range commits {
		a := c.Author
		if key := a.Username + "\x00" + a.Email; a.Username != "" && a.Email != "" && !had[key] {
			had[key] = true
			out = append(out, landing.Identity{Login: a.Username, Mail: a.Email, Name: a.Name})
		}
	}
	return out
}

func github(name string, body []byte) (string, []landing.Event, error) {
	const source = "GitHub"
	switch name {
	case "push":
		return push(source, body)
	case "pull_request":
		var p struct {
			Request    ghRequest    `json:"pull_request"`
			Repository ghRepository `json:"repository"`
		}
		if err := decode(body, &p); err != nil {
			return "", nil, err
		}
		return p.Repository.FullName, []landing.Event{p.Request.event(source)}, nil
	case "pull_request_review":
		var p struct {
			Action string `json:"action"`
			Review struct {
				User      *ghUser    `json:"user"`
				State     string     `json:"state"`
				Commit    string     `json:"commit_id"`
				Submitted *time.Time `json:"submitted_at"`
				URL       string     `json:"html_url"`
			} `json:"review"`
			Request    ghRequest    `json:"pull_request"`
			Repository ghRepository `json:"repository"`
		}
		if err := decode(body, &p); err != nil {
			return "", nil, err
		}
		state := map[string]string{"approved": "approved", "changes_requested": "changes_requested", "dismissed": "withdrawn"}[strings.ToLower(p.Review.State)]
		if p.Action == "dismissed" {
			state = "withdrawn"
		}
		if state == "" { // a comment
			return p.Repository.FullName, nil, nil
		}
		e := landing.Event{Kind: landing.ReviewGiven, Source: source, Number: p.Request.Number, State: state, Head: p.Review.Commit, URL: p.Review.URL, Actor: p.Review.User.identity()}
		if p.Review.Submitted != nil && state != "withdrawn" {
			e.At = *p.Review.Submitted
		}
		return p.Repository.FullName, []landing.Event{e}, nil
	case "check_run":
		var p struct {
			Run struct {
				Name       string     `json:"name"`
				Head       string     `json:"head_sha"`
				Status     string     `json:"status"`
				Conclusion string     `json:"conclusion"`
				Completed  *time.Time `json:"completed_at"`
				Started    *time.Time `json:"started_at"`
				URL        string     `json:"html_url"`
			} `json:"check_run"`
			Repository ghRepository `json:"repository"`
		}
		if err := decode(body, &p); err != nil {
			return "", nil, err
		}
		e := landing.Event{Kind: landing.Checked, Source: source, Name: p.Run.Name, Head: p.Run.Head, State: "pending", URL: p.Run.URL}
		if p.Run.Status == "completed" {
			e.State = result(p.Run.Conclusion)
		}
		for _, at := range []*time.Time{p.Run.Started, p.Run.Completed} {
			if at != nil {
				e.At = *at
			}
		}
		return p.Repository.FullName, ran(e), nil
	case "status":
		return status(source, body)
	case "deployment_status":
		var p struct {
			Status struct {
				State   string    `json:"state"`
				Created time.Time `json:"created_at"`
				URL     string    `json:"target_url"`
			} `json:"deployment_status"`
			Deployment struct {
				SHA         string  `json:"sha"`
				Environment string  `json:"environment"`
				Creator     *ghUser `json:"creator"`
			} `json:"deployment"`
			Repository ghRepository `json:"repository"`
		}
		if err := decode(body, &p); err != nil {
			return "", nil, err
		}
		state := map[string]string{"success": "success", "failure": "failure", "error": "failure"}[p.Status.State]
		if state == "" {
			return p.Repository.FullName, nil, nil
		}
		return p.Repository.FullName, []landing.Event{{Kind: landing.DeploymentMade, At: p.Status.Created, Source: source, State: state, Head: p.Deployment.SHA, Name: p.Deployment.Environment, URL: p.Status.URL, Actor: p.Deployment.Creator.identity()}}, nil
	}
	// ping and others: signed, of some project, and of no matter here.
	var p struct {
		Repository ghRepository `json:"repository"`
	}
	return p.Repository.FullName, nil, decode(body, &p)
}

// ran drops what did not run: a check that was skipped says nothing.
func ran(e landing.Event) []landing.Event {
	if e.State == "skipped" {
		return nil
	}
	return []landing.Event{e}
}

func status(source string, body []byte) (string, []landing.Event, error) {
	var p struct {
		SHA        string       `json:"sha"`
		Context    string       `json:"context"`
		State      string       `json:"state"`
		URL        string       `json:"target_url"`
		Created    time.Time    `json:"created_at"`
		Repository ghRepository `json:"repository"`
	}
	if err := decode(body, &p); err != nil {
		return "", nil, err
	}
	return p.Repository.FullName, ran(landing.Event{Kind: landing.Checked, At: p.Created, Source: source, Name: p.Context, Head: p.SHA, State: result(p.State), URL: p.URL}), nil
}
