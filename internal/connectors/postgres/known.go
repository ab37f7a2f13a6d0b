package postgres

import (
	"fmt"
	"time"

	"github.com/attesta/attesta/internal/facts"
)

// wanted are the settings that checks ask for, sorted.
var wanted = []string{
	"allow_system_table_mods", "archive_command", "archive_library", "archive_mode", "authentication_timeout", "autovacuum",
	"data_checksums", "data_directory_mode", "debug_print_parse", "debug_print_plan", "debug_print_rewritten",
	"fsync", "full_page_writes", "idle_in_transaction_session_timeout", "ignore_checksum_failure", "listen_addresses",
	"local_preload_libraries", "log_checkpoints", "log_connections", "log_destination", "log_disconnections", "log_error_verbosity", "log_file_mode",
	"log_line_prefix", "log_lock_waits", "log_min_error_statement", "log_min_messages", "log_statement", "log_timezone", "log_truncate_on_rotation",
	"logging_collector", "password_encryption", "pgaudit.log", "pgaudit.log_catalog", "port", "row_security",
	"session_preload_libraries", "shared_preload_libraries", "ssl", "ssl_ca_file", "ssl_ciphers", "ssl_max_protocol_version", "ssl_min_protocol_version",
	"ssl_prefer_server_ciphers", "synchronous_commit", "temp_file_limit", "unix_socket_directories", "unix_socket_permissions",
	"wal_level", "zero_damaged_pages",
}

// supportEnds gives the last day on which the community corrects a major
// version (postgresql.org/support/versioning).
var supportEnds = map[int]string{
	10: "2022-11-10", 11: "2023-11-09", 12: "2024-11-21", 13: "2025-11-13", 14: "2026-11-12",
	15: "2027-11-11", 16: "2028-11-09", 17: "2029-11-08", 18: "2030-11-14",
}

func support(r *reading) error {
	major := r.number / 10000
	v := facts.PgSupport{Major: ptr(int64(major))}
	end, ok := supportEnds[major]
	if !ok {
		reason := fmt.Sprintf("this program does not know until when PostgreSQL %d is supported", major)
		return r.add("pg_support", v, []facts.Missing{{Path: "/ends", State: facts.NotObserved, Reason: reason}, {Path: "/days_left", State: facts.NotObserved, Reason: reason}})
	}
	day, err := time.Parse(time.DateOnly, end)
	if err != nil {
		return err
	}
	v.Ends, v.DaysLeft = &end, ptr(days(r.now, day.AddDate(0, 0, 1)))
	return r.add("pg_support", v, nil)
}
