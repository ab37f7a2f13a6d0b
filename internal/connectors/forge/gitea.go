package forge

import (
	"time"

	"github.com/attesta/attesta/internal/program/landing"
)

// gitea reads what Gitea and Forgejo send (docs.gitea.com, "Webhooks"). A review
// is an event of its own name about a request; it does not say which commit was
// looked at, so the request's head at that time stands for it.
func gitea(name string, body []byte) (string, []landing.Event, error) {
	const source = "Gitea"
	switch name {
	case "push":
		return push(source, body)
	case "status":
		return status(source, body)
	case "pull_request", "pull_request_sync", "pull_request_label":
		var p struct {
			Request    ghRequest    `json:"pull_request"`
			Repository ghRepository `json:"repository"`
		}
		if err := decode(body, &p); err != nil {
			return "", nil, err
		}
		return p.Repository.FullName, []landing.Event{p.Request.event(source)}, nil
	case "pull_request_approved", "pull_request_rejected", "pull_request_review_approved", "pull_request_review_rejected":
		var p struct {
			Request    ghRequest    `json:"pull_request"`
			Repository ghRepository `json:"repository"`
			Sender     *ghUser      `json:"sender"`
			Review     *struct {
				Type string `json:"type"`
			} `json:"review"`
		}
		if err := decode(body, &p); err != nil {
			return "", nil, err
		}
		state := "changes_requested"
		if name == "pull_request_approved" || name == "pull_request_review_approved" {
			state = "approved"
		}
		seen := p.Request.event(source)
		if seen.State == "merged" { // the review came after; when, only its arrival tells
			seen.At = time.Time{}
		}
		e := landing.Event{Kind: landing.ReviewGiven, At: seen.At, Source: source, Number: p.Request.Number, State: state, Head: p.Request.Head.SHA, URL: p.Request.URL, Actor: p.Sender.identity()}
		return p.Repository.FullName, []landing.Event{e}, nil
	}
	var p struct {
		Repository ghRepository `json:"repository"`
	}
	return p.Repository.FullName, nil, decode(body, &p)
}
