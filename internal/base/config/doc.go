// Package config fills one documented Config struct from, in falling order of
// precedence, flags, environment variables (ATTESTA_…), one YAML file and the
// defaults that the struct already holds. Nothing is guessed: a key, a variable
// or a flag that no field declares is refused, with file, line and the nearest
// name that exists, and all mistakes are told at once.
//
// Fields are declared by struct tags:
//
//	type Config struct {
//		Data     string   `config:"data" usage:"the data directory"`
//		Database string   `config:"database" secret:"true" usage:"where the state is"`
//		Session  struct {
//			Idle time.Duration `config:"idle" usage:"a session ends after so long without a request"`
//		} `config:"session"`
//	}
//
// The name decides all three spellings. The last field is the key idle under
// session in the file, ATTESTA_SESSION_IDLE, and --session-idle. The tag env
// gives another variable, the tag flag another flag; "-" gives none.
//
// A secret has no flag, because every process of a host can read command
// lines. It may stand in a file of its own: --database-file,
// ATTESTA_DATABASE_FILE, or database-file in the YAML. One trailing line break
// is cut. An Explanation never shows it, nor does an error.
//
// Types: string, bool, int, int64, time.Duration ("15m"), []string (a list in
// the file; comma-separated elsewhere) and structs of those. A variable that is
// set and empty counts as not set.
//
// The file itself is named by --config or ATTESTA_CONFIG.
//
// Floor: base, pure.
package config
