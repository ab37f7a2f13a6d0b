package web

import "testing"

func TestObservedWords(t *testing.T) {
	for raw, want := range map[string]string{
		``:            ``,
		`not "json`:   `not "json`,
		`"drop"`:      `drop`,
		`""`:          `""`,
		`true`:        `true`,
		`[]`:          `none`,
		`["a","b c"]`: "a\nb c",
		`[{"path":"/tmp/x","user":"root","keys":["k","l"],"of":[]},"… 3 more"]`: "keys k, l, of none, path /tmp/x, user root\n… 3 more",
		`["1","2","3","4","5","6","7","8","9"]`:                                 "1\n2\n3\n4\n5\n6\n7\n8\n9",
		`["1","2","3","4","5","6","7","8","9","10"]`:                            "1\n2\n3\n4\n5\n6\n7\n8\n… 2 more",
		`{"/sshd/effective/root":"yes"}`:                                        "yes",
		`{"/sshd/effective/root":null}`:                                         "not known",
		`{"/files/~1etc~1shadow/mode":416}`:                                     "0640",
		`{"/pam/mfa":[],"/pam/installed":true}`:                                 "installed: true\nmfa: none",
		`{"/pam/mfa":["a","b"],"/pam/installed":true}`:                          "installed: true\nmfa:\na\nb",
		`{"/a/mode":1,"/b/mode":8}`:                                             "a.mode: 0001\nb.mode: 0010",
		`{"size":12345678901234567890}`:                                         "size 12345678901234567890",
	} {
		if got := observedWords(raw); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}
