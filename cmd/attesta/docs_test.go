package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocumentedCommands holds the commands of the documents that people type
// from against the programs' own help: each command and each flag must exist.
func TestDocumentedCommands(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"attesta", "attesta-agent", "attesta-verify"} {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, name), "../"+name)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	helps := map[string]string{}
	help := func(args ...string) string {
		key := strings.Join(args, " ")
		if _, ok := helps[key]; !ok {
			cmd := exec.Command(filepath.Join(dir, args[0]), append(slices.Clone(args[1:]), "--help")...)
			cmd.Env = []string{"HOME=/nonexistent"}
			out, _ := cmd.CombinedOutput() // the verifier's own help is no success
			helps[key] = string(out)
		}
		return helps[key]
	}
	for doc, least := range map[string]int{"deployment.md": 15, "operations.md": 10} {
		raw, err := os.ReadFile("../../docs/" + doc)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, c := range commandsOf(string(raw)) {
			n++
			words := []string{c[0]}
			for _, w := range c[1:] {
				if !regexp.MustCompile(`^[a-z][a-z-]*$`).MatchString(w) {
					break
				}
				words = append(words, w)
			}
			for len(words) > 1 { // the last words may be arguments, which only a command without commands takes
				text := help(words...)
				if strings.Contains(text, strings.Join(words, " ")+" ") || strings.Contains(text, strings.Join(words, " ")+"\n") {
					break
				}
				if above := help(words[:len(words)-1]...); len(words) == 2 || strings.Contains(above, "Available Commands") && !strings.Contains(above, "[flags]\n  "+strings.Join(words[:len(words)-1], " ")+" [command]") {
					t.Errorf("docs/%s: %q: there is no command %s", doc, strings.Join(c, " "), strings.Join(words, " "))
					break
				}
				words = words[:len(words)-1]
			}
			text := help(words...)
			for _, w := range c[1:] {
				flag, _, _ := strings.Cut(w, "=")
				if strings.HasPrefix(flag, "--") && !regexp.MustCompile(regexp.QuoteMeta(flag)+`\b`).MatchString(text) && c[0] != "attesta-verify" {
					t.Errorf("docs/%s: %q: %s has no flag %s", doc, strings.Join(c, " "), strings.Join(words, " "), flag)
				}
			}
		}
		if n < least {
			t.Errorf("docs/%s: only %d commands were found", doc, n)
		}
	}
}

// commandsOf gives the calls of our programs in a document's blocks of shell.
func commandsOf(text string) (all [][]string) {
	shell := false
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "```") {
			shell = strings.HasPrefix(line, "```sh")
			continue
		}
		if !shell {
			continue
		}
		line, _, _ = strings.Cut(line, " #")
		for part := range strings.FieldsFuncSeq(strings.NewReplacer("&&", "|", "$(", "|", ")", "|", ";", "|", `"`, "", ">", "|>").Replace(line), func(r rune) bool { return r == '|' }) {
			words := strings.Fields(part)
			for i, w := range words {
				if words[0] == "sudo" && i != 3 { // sudo -u NAME PROGRAM
					continue
				}
				if slices.Contains([]string{"attesta", "attesta-agent", "attesta-verify", "bin/attesta", "bin/attesta-agent", "bin/attesta-verify"}, w) && (i == 0 || words[0] == "sudo" || words[0] == "runuser" || strings.Contains(words[i-1], "=") || words[i-1] == "--") {
					all = append(all, append([]string{strings.TrimPrefix(w, "bin/")}, words[i+1:]...))
					break
				}
			}
		}
	}
	return all
}
