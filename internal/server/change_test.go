package server

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/packs"
)

// attesta runs the command line against a data directory and gives what it
// printed and its exit code.
func attesta(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	root := cli.New("attesta", "", "test", cli.StandardsCommand(Change), cli.LedgerCommand(cli.LedgerOptions{Bindings: Bindings()}))
	root.SetArgs(args)
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	code = cli.Report(&stderr, root.ExecuteContext(t.Context()), false)
	return stdout.String() + stderr.String(), code
}

// C7.1a by the command line.
func TestStandardsCommand(t *testing.T) {
	data := t.TempDir()
	in := begin(t, local(data), Options{})
	say := func(code int, want string, args ...string) string {
		t.Helper()
		out, got := attesta(t, append(args, "--data", data)...)
		if got != code || !strings.Contains(out, want) {
			t.Errorf("attesta %s: exit %d, want %d and %q:\n%s", strings.Join(args, " "), got, code, want, out)
		}
		return out
	}
	as := func(args ...string) []string { return append(args, "--as", "admin") }

	say(0, "in force, draft", "standards", "list")
	say(0, "Findings   opened for essential;", "standards", "show", "linux-server")
	say(5, "see 'attesta standards list'", "standards", "show", "windows-server")
	say(2, "required", "standards", "approve", "linux-server")
	say(5, "", "standards", "approve", "linux-server", "--as", "nobody")
	say(7, "read it again", as("standards", "approve", "linux-server", "--digest", strings.Repeat("0", 64))...)
	say(0, "is approved: approved", as("standards", "approve", "linux-server")...)
	say(7, "is approved already", as("standards", "approve", "linux-server")...)

	check := "linux-server/sshd-max-auth-tries"
	say(2, "parameters.max_auth_tries: max_auth_tries: 99 is more than the maximum", as("standards", "tailor", check, "--set", "max_auth_tries=99")...)
	say(2, "its parameters are max_auth_tries", as("standards", "tailor", check, "--set", "most=9")...)
	say(2, "NAME=VALUE", as("standards", "tailor", check, "--set", "most")...)
	say(2, "say what to change", as("standards", "tailor", check)...)
	say(5, "has no check", as("standards", "tailor", "linux-server/nothing", "--exclude", "--reason", "x")...)
	say(2, "say why", as("standards", "tailor", check, "--set", "max_auth_tries=3")...)
	say(0, "nothing is stored", as("standards", "tailor", check, "--set", "max_auth_tries=3", "--preview")...)
	say(0, "nothing changed", "standards", "diff", "linux-server")
	say(0, "is a draft until somebody else", as("standards", "tailor", check, "--set", "max_auth_tries=3", "--reason", "scanners")...)
	say(0, `parameters.max_auth_tries.value: "4" -> "3"`, "standards", "diff", "linux-server")
	say(2, "say what stands in for a second person", as("standards", "approve", "linux-server")...)
	say(0, "is approved", as("standards", "approve", "linux-server", "--compensation", "the adviser reads it in April")...)
	say(0, "findings up to tier recommended", as("standards", "tier", "linux-server", "recommended")...)
	say(0, "is a draft until somebody else", as("standards", "tailor", check, "--undo", "--reason", "they are gone")...)
	say(0, "linux-server 7.", as("standards", "install", shippedCopy(t, "version: 1.", "version: 7."))...)
	say(2, "pack.yaml: is missing", as("standards", "install", t.TempDir())...)
	var list []struct {
		Pack, Version, Tier string
		Approved            bool
		InForce             bool `json:"in_force"`
	}
	if err := json.Unmarshal([]byte(say(0, "", "standards", "list", "--json")), &list); err != nil || len(list) != len(packs.Standards())+1 || list[0].Pack != "linux-server" || list[len(list)-1].Pack != "linux-server" ||
		!list[0].InForce || !strings.HasPrefix(list[0].Version, "7.") || list[0].Tier != "recommended" || list[0].Approved {
		t.Errorf("list --json: %+v, %v", list, err)
	}
	say(0, "pack version:", "standards", "diff", "linux-server", "--from", list[len(list)-1].Version)
	if err := in.end(); err != nil {
		t.Fatal(err)
	}
	say(0, "", "ledger", "verify")
	say(5, "no server runs", as("standards", "tier", "linux-server", "thorough")...)
	if _, code := attesta(t, "standards", "list", "--data", t.TempDir()); code != 5 {
		t.Errorf("a directory without Attesta: exit %d", code)
	}
}

// shippedCopy copies the shipped standard with one text replaced in pack.yaml.
func shippedCopy(t *testing.T, old, new string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "packs", "linux-server"))); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "pack.yaml")
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(strings.Replace(string(raw), old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
