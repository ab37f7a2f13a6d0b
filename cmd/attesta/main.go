// Command attesta is the server and its command line.
package main

import (
	"os"

	"github.com/attesta/attesta/internal/api"
	"github.com/attesta/attesta/internal/cli"
	"github.com/attesta/attesta/internal/program/instance"
	"github.com/attesta/attesta/internal/server"
)

// version is set when a release is built.
var version = "dev"

func main() {
	os.Exit(cli.Main(cli.New("attesta", "Get and keep a SOC 2 report", version,
		server.UpCommand(version),
		server.ServeCommand(version),
		server.DemoCommand(version),
		server.DoctorCommand(version),
		server.BackupCommand(version),
		server.RestoreCommand(),
		server.LoginLinkCommand(),
		server.AgentCommand(),
		server.PostureCommand(),
		server.PackageCommand(),
		cli.StatusCommand(cli.StatusOptions{}),
		cli.LedgerCommand(cli.LedgerOptions{Bindings: server.Bindings()}),
		cli.VerifyCommand(),
		cli.ChecksCommand(),
		cli.StandardsCommand(server.Change),
		cli.CriteriaCommand(),
		cli.ControlsCommand(),
		cli.ScopeCommand(server.ScopeSetCommand()),
		cli.Group("databases", "Connect databases that are then read and judged", server.DatabaseCommands()...),
		cli.InstancesCommand(),
		cli.EvidenceCommand(server.EvidenceAddCommand(), server.EvidenceReviewCommand(instance.Accepted), server.EvidenceReviewCommand(instance.SentBack)),
		server.WaiversCommand(),
		server.ExclusionsCommand(),
		server.PopulationsCommand(),
		server.UsersCommand(),
		server.APICommand(cli.DefaultData()),
		server.ProgrammeCommand(cli.DefaultData()),
		server.ChangeCommand(cli.DefaultData()),
		server.ReviewCommand(cli.DefaultData()),
		api.ToolsCommand(version),
		cli.EngagementsCommand(server.EngagementEditCommand(false), server.EngagementEditCommand(true)),
		cli.RequestsCommand(server.RequestsImportCommand(), server.RequestsExportCommand(), server.RequestCommand(server.AskRequest), server.RequestCommand(server.AnswerRequest), server.RequestCommand(server.JudgeRequest), server.RequestCommand(server.AttachRequest)),
		cli.CrosswalkCommand(),
		cli.RisksCommand(),
	)))
}
