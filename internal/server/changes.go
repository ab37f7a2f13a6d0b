package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/api"
	reviewops "github.com/attesta/attesta/internal/api/reviews"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/jobs"
	"github.com/attesta/attesta/internal/connectors/forge"
	"github.com/attesta/attesta/internal/connectors/git"
	"github.com/attesta/attesta/internal/program/change"
	"github.com/attesta/attesta/internal/program/landing"
	"github.com/attesta/attesta/internal/web/ui"

	"github.com/spf13/cobra"
)

// keepChanges makes the register of changes over what reads repositories, webhooks
// and hosts. Populations are made of it. The repository of a demonstration is
// nowhere: its history is read no more.
func (p *parts) keepChanges() {
	cfg := change.Config{DB: p.db, Ledger: p.log, Sealed: p.sealed, Hosts: p.hosts, Version: p.version, Clock: p.clock, Read: git.Read, Understand: forge.Understand, Observed: p.observedChanges}
	if isDemo(p.log.Origin()) {
		cfg.Read = nil
	}
	p.changes = change.New(cfg)
}

// changeSections are what of a host somebody or something changes on purpose.
// What moves by itself (ports, processes, the clock, neighbours) is not in it.
var changeSections = []string{"audit", "boot", "cron", "firewall", "kernel_modules", "logging", "mac", "mounts", "os", "packages", "pam", "services", "ssh_keys", "sshd", "sysctl", "users",
	"pg_hba", "pg_objects", "pg_roles", "pg_server", "pg_settings"}

func (p *parts) observedChanges(ctx context.Context, from, to time.Time, known int64) ([]landing.Observed, error) {
	seen, err := p.hosts.Changed(ctx, from, to, known, changeSections)
	out := make([]landing.Observed, len(seen))
	for i, c := range seen {
		out[i] = landing.Observed{Host: c.Name, ID: c.Host, Section: c.Section, After: c.Before, At: c.At, Run: c.Run}
	}
	return out, err
}

// defineChanges has repositories read every ten minutes.
func (p *parts) defineChanges() error {
	return p.jobs.Define("repositories and changes", jobs.Every(10*time.Minute), p.changes.ReadAll)
}

// followChanges derives changes as soon as something new comes.
func (p *parts) followChanges(ctx context.Context) error {
	return p.changes.Follow(ctx, func(slug string, err error) {
		p.logger.Error("changes of a repository cannot be derived", "repository", slug, "error", err)
	})
}

// hookHeaders are those of a webhook that matter.
var hookHeaders = []string{"Content-Type", "X-GitHub-Event", "X-GitHub-Delivery", "X-Hub-Signature-256", "X-Gitlab-Event", "X-Gitlab-Token", "X-Gitea-Event", "X-Gitea-Signature", "X-Forgejo-Event", "X-Forgejo-Signature"}

// takeHook answers the webhook of a repository's forge. Who sends is known by the
// signature alone; a delivery that was taken already is no failure of the sender.
func (p *parts) takeHook(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	answer := func(status int, text string) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		if _, err := io.WriteString(w, text+"\n"); err != nil {
			p.logger.Debug("a sender of webhooks went away", "error", err)
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, forge.MaxBody))
	if err != nil {
		answer(http.StatusRequestEntityTooLarge, "the message is too large, or was cut off")
		return
	}
	m := change.Message{Header: map[string]string{}, Body: body}
	for _, name := range hookHeaders {
		m.Header[strings.ToLower(name)] = r.Header.Get(name)
	}
	switch err := p.changes.Deliver(r.Context(), r.PathValue("slug"), m); {
	case err == nil:
		answer(http.StatusAccepted, "taken")
	case fault.Is(err, fault.Conflict):
		answer(http.StatusOK, "taken already")
	default:
		message, _ := fault.Public(err)
		if fault.Is(err, fault.Internal) {
			p.logger.Error("a webhook could not be taken", "repository", r.PathValue("slug"), "error", err)
		}
		answer(map[fault.Kind]int{fault.Forbidden: http.StatusForbidden, fault.Invalid: http.StatusUnprocessableEntity, fault.Unavailable: http.StatusServiceUnavailable}[fault.KindOf(err)], message)
	}
}

// userOptions gives the accounts that somebody in a repository may be.
func (p *parts) userOptions(ctx context.Context) ([]ui.Option, error) {
	users, err := p.access.Users(ctx, access.System())
	out := []ui.Option{{Value: "", Text: "nobody here"}}
	for _, u := range users {
		out = append(out, ui.Option{Value: u.ID, Text: u.Name})
	}
	return out, err
}

// ChangeCommand is `attesta change`: the operations on changes, repositories,
// deployments and standard changes as verbs of one noun.
func ChangeCommand(data string) *cobra.Command {
	return api.NounCommand("change", "Changes: what landed, was deployed, and whether both hold", data, localOperation, map[string]string{
		"list": "changes.list", "show": "changes.show", "counts": "changes.counts", "emergency": "changes.emergency", "review": "changes.review", "answer": "changes.answer", "ask": "changes.ask", "approve": "changes.approve", "refuse": "changes.refuse", "done": "changes.done",
		"reconcile": "changes.reconcile", "token": "changes.token", "keys": "changes.keys", "deployed": "deployments.report", "deployments": "deployments.list", "checked": "builds.report",
		"repositories": "repositories.list", "connect": "repositories.connect", "read": "repositories.read", "remove": "repositories.remove", "know-as": "repositories.know-as",
		"standards": "standard-changes.list", "propose": "standard-changes.propose", "approve-standard": "standard-changes.approve", "end-standard": "standard-changes.end"})
}

// ReviewCommand is `attesta review`.
func ReviewCommand(data string) *cobra.Command {
	return api.NounCommand("review", "Access reviews: who may do what, what was decided, what is gone", data, localOperation, reviewops.Verbs())
}

func localOperation(ctx context.Context, data, as, name string, input json.RawMessage) ([]byte, error) {
	raw, err := json.Marshal(operationCommand{as, name, input})
	if err != nil {
		return nil, err
	}
	return tell(ctx, data, "/-/operation", http.Header{"Content-Type": {"application/json"}}, bytes.NewReader(raw), int64(len(raw)))
}
