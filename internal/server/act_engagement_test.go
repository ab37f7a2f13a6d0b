package server

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/audit/engagement"
	"github.com/attesta/attesta/internal/base/access"
	"github.com/attesta/attesta/internal/base/clock"
	"github.com/attesta/attesta/internal/base/database"
	"github.com/attesta/attesta/internal/base/fault"
	"github.com/attesta/attesta/internal/base/ledger"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/render/sheet"
)

// By the command line: an engagement, the auditor's list in and out, an answer,
// the auditor's status; and what is refused on the way.
func TestEngagementByCommand(t *testing.T) {
	data := t.TempDir()
	in := begin(t, local(data), Options{})
	in.login()
	attesta := func(args ...string) (string, error) {
		t.Helper()
		root := cli.New("attesta", "", "test", cli.EngagementsCommand(EngagementEditCommand(false), EngagementEditCommand(true)),
			cli.RequestsCommand(RequestsImportCommand(), RequestsExportCommand(), RequestCommand(AskRequest), RequestCommand(AnswerRequest), RequestCommand(JudgeRequest), RequestCommand(AttachRequest)),
			cli.LedgerCommand(cli.LedgerOptions{Bindings: Bindings()}))
		var out, rest bytes.Buffer
		root.SetOut(&out)
		root.SetErr(&rest)
		root.SetArgs(append(args, "--data", data))
		err := root.ExecuteContext(t.Context())
		return out.String() + rest.String(), err
	}
	says := func(want string, args ...string) {
		t.Helper()
		if text, err := attesta(args...); err != nil || !strings.Contains(text, want) {
			t.Errorf("%s: %v\n%s\nwant %s", strings.Join(args, " "), err, text, want)
		}
	}
	refuses := func(kind fault.Kind, want string, args ...string) {
		t.Helper()
		if text, err := attesta(args...); !fault.Is(err, kind) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s %s\n%s", strings.Join(args, " "), err, kind, want, text)
		}
	}
	says("hint:  'attesta engagements create' sets one up", "engagements", "list")
	refuses(fault.Invalid, "before it begins", "engagements", "create", "--as", "admin", "--title", "SOC 2", "--from", "2026-06-30", "--to", "2026-01-01")
	refuses(fault.Invalid, `"speed" is no category`, "engagements", "create", "--as", "admin", "--title", "SOC 2", "--from", "2026-01-01", "--to", "2026-06-30", "--category", "security,speed")
	refuses(fault.Invalid, "has the role administrator", "engagements", "create", "--as", "admin", "--title", "SOC 2", "--from", "2026-01-01", "--to", "2026-06-30", "--auditor", "admin")
	says("engagement 1, version 1: SOC 2 (type 2, 1 Jan to 30 Jun 2026)", "engagements", "create", "--as", "admin", "--title", "SOC 2", "--from", "2026-01-01", "--to", "2026-06-30", "--category", "security,processing integrity")
	says("examines processing integrity, which version 1 of the scope leaves out", "engagements", "show", "1")
	refuses(fault.Invalid, "say why", "engagements", "edit", "1", "--as", "admin", "--to", "2026-07-31")
	says("version 2: SOC 2 (type 2, 1 Jan to 31 Jul 2026)", "engagements", "edit", "1", "--as", "admin", "--to", "2026-07-31", "--note", "The firm asked for seven months.", "--firm", "Quill LLP")
	refuses(fault.NotFound, "no engagement 9", "engagements", "show", "9")

	dir := t.TempDir()
	write := func(name string, rows ...[]any) string {
		var b bytes.Buffer
		if err := sheet.Write(&b, sheet.Table{Name: "IRL", Columns: []sheet.Column{{Title: "Ref"}, {Title: "Request"}, {Title: "Criteria"}, {Title: "Status"}}, Rows: sheet.Rows(rows)}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("irl.xlsx", []any{"1.1", "Code of conduct", "CC1.1", "Open"}, []any{"1.2", "Population of hosts", "CC6.1", "Open"})
	wrong := write("wrong.xlsx", []any{"", "No reference", "CC1.1", ""}, []any{"2", "", "CC1.1", ""})
	large := filepath.Join(dir, "large.xlsx")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 2<<30); err != nil { // sparse: it takes no room
		t.Fatal(err)
	}
	refuses(fault.Invalid, "the request has no reference", "requests", "import", "1", wrong, "--as", "admin")
	refuses(fault.Invalid, `reference "2" has no request`, "requests", "import", "1", wrong, "--as", "admin")
	refuses(fault.Invalid, "larger than 20 MB", "requests", "import", "1", large, "--as", "admin")
	refuses(fault.Invalid, `no sheet "Cover"`, "requests", "import", "1", good, "--as", "admin", "--sheet", "Cover")
	says(`sheet "IRL" would be taken in: 2 new`, "requests", "import", "1", good, "--as", "admin", "--dry-run")
	refuses(fault.NotFound, "no workbook was taken in", "requests", "export", "1", "--theirs")
	says(`sheet "IRL" taken in: 2 new, 0 changed`, "requests", "import", "1", good, "--as", "admin")
	says("request 1.3, version 1: ours open, auditor's requested", "requests", "ask", "1", "1.3", "Network diagram, CC6.6", "--as", "admin", "--due", "2026-02-01")
	says("2026-02-01 late", "requests", "list", "1")

	refuses(fault.Invalid, "nothing answers the request yet", "requests", "answer", "1", "1.1", "--as", "admin", "--status", "ready")
	refuses(fault.Invalid, "nothing is said", "requests", "answer", "1", "1.1", "--as", "admin")
	says("version 2: ours ready", "requests", "answer", "1", "1.1", "--as", "admin", "--status", "ready", "--text", "Version 3, approved in May.")
	refuses(fault.NotFound, "", "requests", "attach", "1", "1.2", "E-7", "--as", "admin")
	refuses(fault.Forbidden, "", "requests", "judge", "1", "1.1", "accepted", "--as", "admin")
	if err := in.end(); err != nil {
		t.Fatal(err)
	}
	u := addAuditor(t, DataDir(data), "ines")
	begin(t, local(data), Options{})
	refuses(fault.NotFound, "no engagement 1", "requests", "judge", "1", "1.1", "accepted", "--as", "ines")
	says("version 3", "engagements", "edit", "1", "--as", "admin", "--auditor", "ines", "--state", "fieldwork")
	refuses(fault.Invalid, "no state", "requests", "judge", "1", "1.1", "fine", "--as", "ines")
	says("auditor's accepted", "requests", "judge", "1", "1.1", "accepted", "--as", "ines")

	text, err := attesta("engagements", "list", "--json")
	var list []engagementSeen
	if err == nil {
		err = json.Unmarshal([]byte(text), &list)
	}
	if err != nil || len(list) != 1 || list[0].Requests.Accepted != 1 || list[0].Requests.All != 3 || list[0].Auditors[0] != u.ID {
		t.Errorf("%v, %+v\n%s", err, list, text)
	}
	back := filepath.Join(dir, "back.xlsx")
	says("3 requests", "requests", "export", "1", "--theirs", "-o", back)
	refuses(fault.Conflict, "cannot be made", "requests", "export", "1", "-o", back)
	raw, err := os.Open(back)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	book, err := sheet.Open(raw, back)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	g, err := book.Grid("IRL")
	if err != nil || !strings.Contains(strings.Join(g.Rows[1], "|"), "ready|Version 3, approved in May.") {
		t.Errorf("the auditor's workbook comes back with %q, %v", g.Rows, err)
	}
	says("", "ledger", "verify")
}

// addAuditor adds a user while no server holds the directory.
func addAuditor(t *testing.T, dir DataDir, login string) access.User {
	t.Helper()
	ctx := t.Context()
	db, err := database.Open(ctx, dir.Database(), database.ReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	log, err := ledger.Open(ctx, ledger.Config{DB: db, Dir: dir.Ledger(), KeyFile: filepath.Join(dir.Keys(), "ledger.key"), Clock: clock.System, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	users, err := access.New(access.Config{DB: db, Ledger: log, Clock: clock.System})
	if err != nil {
		t.Fatal(err)
	}
	u, err := users.AddUser(ctx, access.System(), access.NewUser{Login: login, Name: "Ines Okafor", Role: access.Auditor})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

type engagementSeen struct {
	engagement.Content
	Requests struct{ All, Accepted int }
}
