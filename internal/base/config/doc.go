// Package config fills one documented Config struct from, in falling order of
// precedence, flags, environment variables (ATTESTA_…), one YAML file and the
// defaults that the struct already holds. Nothing is guessed: a key, a variable
// or a flag that no field declares is refused, with file, line and the nearest
// name that exists.
//
// Fields are declared by struct tags:
//
//	type Config struct {
//		Data     string        `config:"data" usage:"the data directory"`
//		Listen   string        `config:"listen" usage:"address of the web, HOST:PORT"`
//		Database string        `config:"database" secret:"true" usage:"where the state is"`
//		Session  struct {
//			Idle time.Duration `config:"idle" usage:"…"`
//		} `config:"session"`
//	}
//
// The name decides all three spellings: `session.idle` is the key idle under
// session in the file, ATTESTA_SESSION_IDLE and --session-idle. The tag env
// gives another variable, the tag flag another flag, "-" none.
//
// A secret has no flag, because command lines can be read by every process of
// the host. It can stand in a file of its own that NAME_FILE points to:
// ATTESTA_DATABASE_FILE, --database-file or database_file in the file. One
// trailing line break is cut. Explain never shows it.
//
// Types: string, bool, int, int64, time.Duration ("15m"), []string (a list in
// the file; comma-separated elsewhere) and structs of those.
//
// Floor: base, pure.
package config
