package collect

import (
	"context"
	"io"

	"github.com/attesta/attesta/internal/agent/collect/command"
)

func findTool(name string) (string, bool) { return command.Find(name) }

func runTool(ctx context.Context, program string, args ...string) ([]byte, error) {
	return command.Run(ctx, program, args...)
}

func streamTool(ctx context.Context, use func(io.Reader) error, program string, args ...string) error {
	return command.Stream(ctx, use, program, args...)
}
