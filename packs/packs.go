// Package packs embeds the packs that come with this build, each a directory
// here. What is in them is loaded and checked by internal/pack; a test loads
// and judges all of them.
//
// The standards are embedded apart from all other content: a program that only
// judges (the agent) calls OpenStandard, never Open, and the linker leaves out
// what nobody can reach. A test of the agent's binary holds that.
//
// Floor: declared.
package packs

import (
	"embed"
	"io/fs"

	"github.com/attesta/attesta/internal/base/fault"
)

//go:embed linux-server container-host postgresql repository capacity backups load-balancer components segmentation integrity firewall endpoints
var standards embed.FS

//go:embed controls guidance risks risk-scale crosswalk-nist-csf crosswalk-nist-800-53 description-criteria policies vendors questions checklists courses
var content embed.FS

// Standards gives the ids of the shipped packs of kind standard.
func Standards() []string {
	return []string{"linux-server", "container-host", "postgresql", "repository", "capacity", "backups", "load-balancer", "components", "segmentation", "integrity", "firewall", "endpoints"}
}

// Crosswalks gives the ids of the shipped packs of kind crosswalk.
func Crosswalks() []string { return []string{"crosswalk-nist-csf", "crosswalk-nist-800-53"} }

// Risks gives the ids of the shipped packs of kind risks.
func Risks() []string { return []string{"risks"} }

// RiskScales gives the ids of the shipped packs of kind risk-scale.
func RiskScales() []string { return []string{"risk-scale"} }

// Outlines gives the ids of the shipped packs of kind outline.
func Outlines() []string { return []string{"description-criteria"} }

// Policies gives the ids of the shipped packs of kind policies.
func Policies() []string { return []string{"policies"} }

// Vendors gives the ids of the shipped packs of kind vendors.
func Vendors() []string { return []string{"vendors"} }

// Questions gives the ids of the shipped packs of kind questions.
func Questions() []string { return []string{"questions"} }

// Checklists gives the ids of the shipped packs of kind checklists.
func Checklists() []string { return []string{"checklists"} }

// Courses gives the ids of the shipped packs of kind courses.
func Courses() []string { return []string{"courses"} }

// OpenStandard gives the directory of a shipped standard.
func OpenStandard(id string) (fs.FS, error) { return openIn(standards, id) }

// Open gives the directory of a shipped pack of any kind.
func Open(id string) (fs.FS, error) {
	if dir, err := openIn(standards, id); err == nil {
		return dir, nil
	}
	return openIn(content, id)
}

func openIn(files embed.FS, id string) (fs.FS, error) {
	if !fs.ValidPath(id) || id == "." {
		return nil, fault.New(fault.NotFound, "no pack %q comes with this build", id)
	}
	if _, err := fs.Stat(files, id+"/pack.yaml"); err != nil {
		return nil, fault.Wrap(fault.NotFound, err, "no pack %q comes with this build", id).WithHint("see 'attesta checks list'")
	}
	return fs.Sub(files, id)
}
