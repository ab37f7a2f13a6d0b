package agent

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestNotice(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "shadow")
	if err := os.WriteFile(file, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	changed, done := make(chan struct{}, 100), make(chan error, 1)
	go func() {
		done <- notice(ctx, []string{dir, filepath.Join(dir, "none"), file}, func() { changed <- struct{}{} })
	}()
	// The watch begins a little after the goroutine: change until it is seen.
	limit := time.After(20 * time.Second)
	for seen := false; !seen; {
		if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		select {
		case <-changed:
			seen = true
		case <-time.After(10 * time.Millisecond):
		case <-limit:
			t.Fatal("a new file was not noticed")
		}
	}
	quiet := func() { // until nothing comes any more
		for {
			select {
			case <-changed:
			case <-time.After(2 * noticeApart):
				return
			}
		}
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"a mode", func() error { return os.Chmod(file, 0o644) }},
		{"content", func() error { return os.WriteFile(file, []byte("x"), 0o644) }},
		{"a move", func() error { return os.Rename(file, file+"-") }},
		{"a removal", func() error { return os.Remove(file + "-") }},
		{"a burst", func() error {
			for range 50 {
				if err := os.WriteFile(filepath.Join(dir, "y"), nil, 0o600); err != nil {
					return err
				}
			}
			return nil
		}},
	} {
		quiet()
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("%s was not noticed", step.what)
		}
	}
	quiet()
	if _, err := os.ReadFile(filepath.Join(dir, "y")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
		t.Error("reading is no change")
	case <-time.After(2 * noticeSettle):
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("at the end: %v", err)
	}
	if err := notice(t.Context(), []string{filepath.Join(dir, "none")}, nil); err == nil {
		t.Error("watching nothing is not an error")
	}
}
