package containers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

const (
	policyFile = "/etc/containers/policy.json"
	store      = "/var/lib/containers/storage"
	podmanSock = "/run/podman/podman.sock"
)

func readPodman(ctx context.Context, root tree.Root, v *facts.ContainersPodman, installed bool, all *kept, gaps *missing.List) error {
	if !installed {
		gaps.Absent("/podman", "podman is not installed")
		return nil
	}
	policy, err := defaultPolicy(root)
	if gaps.Unless("/podman/policy", err, "no %s", policyFile) {
		v.Policy = &policy
	}
	if insecure, search, err := registries(root); err != nil {
		gaps.Failed("/podman/insecure_registries", err)
		gaps.Failed("/podman/unqualified_search", err)
	} else {
		v.InsecureRegistries, v.UnqualifiedSearch = insecure, search
	}
	images, err := storedImages(root)
	if err != nil {
		all.fail(err)
		return nil
	}
	containers, err := storedContainers(root)
	if err != nil {
		all.fail(err)
		return nil
	}
	if containers == 0 {
		all.images = append(all.images, images...)
		return nil
	}
	if !root.Live() {
		all.unseen = tree.NotLive
		return nil
	}
	if !root.There(podmanSock) {
		all.fail(fmt.Errorf("podman keeps %d containers and %s, over which they are read, is not there: systemctl enable --now podman.socket", containers, podmanSock))
		return nil
	}
	c := newClient("podman", podmanSock)
	defer c.close()
	return c.gather(ctx, false, false, all)
}

// defaultPolicy reads containers-policy.json(5): what is asked of an image that
// no other rule names.
func defaultPolicy(root tree.Root) (string, error) {
	text, err := root.Read(policyFile)
	if err != nil {
		return "", err
	}
	var doc struct {
		Default []struct{ Type string } `json:"default"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return "", fmt.Errorf("%s: %w", policyFile, err)
	}
	if len(doc.Default) == 0 {
		return "", fmt.Errorf("%s: no default", policyFile)
	}
	var types []string
	for _, d := range doc.Default {
		types = append(types, tree.Clean(d.Type))
	}
	return strings.Join(types, ","), nil
}

var (
	tomlTable = regexp.MustCompile(`^\[+\s*([A-Za-z0-9_."'-]+)\s*\]+`)
	tomlValue = regexp.MustCompile(`^([A-Za-z0-9_-]+)\s*=\s*(.*)$`)
	tomlText  = regexp.MustCompile(`"([^"]*)"|'([^']*)'`)
)

// registries reads containers-registries.conf(5), as far as it names
// registries that are trusted blindly and those that short names are looked up
// in. Of the second a later file replaces what an earlier one says.
func registries(root tree.Root) (insecure, search []string, err error) {
	files, err := root.Glob("/etc/containers/registries.conf.d/*.conf")
	if err != nil {
		return nil, nil, err
	}
	insecure, search = []string{}, []string{}
	for _, file := range append([]string{"/etc/containers/registries.conf"}, files...) {
		text, err := root.Read(file)
		if tree.Gone(err) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		in, se := parseRegistries(tree.Clean(string(text)))
		insecure = append(insecure, in...)
		if se != nil {
			search = se
		}
	}
	slices.Sort(insecure)
	return slices.Compact(insecure), search, nil
}

// parseRegistries reads both forms of the file: [[registry]] with prefix or
// location and insecure, and the older [registries.insecure] with a list.
func parseRegistries(text string) (insecure, search []string) {
	table, prefix, location, blind := "", "", "", false
	end := func() {
		if name := prefix; (table == "registry" || table == "registry.mirror") && blind {
			if name == "" {
				name = location
			}
			if name != "" {
				insecure = append(insecure, name)
			}
		}
		prefix, location, blind = "", "", false
	}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		if line == "" || line[0] == '#' {
			continue
		}
		if m := tomlTable.FindStringSubmatch(line); m != nil {
			if m[1] == "registry.mirror" { // belongs to the registry before it
				table = "registry.mirror"
				continue
			}
			end()
			table = m[1]
			continue
		}
		m := tomlValue.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		value := m[2]
		for strings.HasPrefix(value, "[") && !strings.Contains(value, "]") && i+1 < len(lines) && len(value) < 64<<10 {
			i++
			value += " " + strings.TrimSpace(lines[i])
		}
		var texts []string
		for _, t := range tomlText.FindAllStringSubmatch(value, -1) {
			texts = append(texts, t[1]+t[2])
		}
		first := ""
		if len(texts) > 0 {
			first = texts[0]
		}
		switch {
		case table == "" && m[1] == "unqualified-search-registries", table == "registries.search" && m[1] == "registries":
			search = append([]string{}, texts...)
		case table == "registries.insecure" && m[1] == "registries":
			insecure = append(insecure, texts...)
		case table == "registry" && m[1] == "prefix":
			prefix = first
		case table == "registry" && m[1] == "location":
			location = first
		case table == "registry" && m[1] == "insecure":
			blind = strings.HasPrefix(value, "true")
		}
	}
	end()
	return insecure, search
}

// storedImages reads the list of images in podman's store.
func storedImages(root tree.Root) ([]facts.ContainerImage, error) {
	var out []facts.ContainerImage
	for _, driver := range []string{"overlay", "vfs", "btrfs", "zfs"} {
		file := store + "/" + driver + "-images/images.json"
		text, err := root.Read(file)
		if tree.Gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list, err := parseStoredImages(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, list...)
	}
	return out, nil
}

func parseStoredImages(text []byte) ([]facts.ContainerImage, error) {
	var list []struct {
		ID      string           `json:"id"`
		Digest  string           `json:"digest"`
		Names   []string         `json:"names"`
		Created string           `json:"created"`
		Sizes   map[string]int64 `json:"big-data-sizes"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	var out []facts.ContainerImage
	for _, i := range list {
		image := facts.ContainerImage{Engine: "podman", ID: short(i.ID), Names: []string{}, Digests: []string{}}
		for _, n := range i.Names {
			n = tree.Clean(n)
			if strings.Contains(n, "@sha256:") {
				image.Digests = append(image.Digests, n)
				continue
			}
			image.Names = append(image.Names, n)
			if base, _, ok := cutTag(n); ok && strings.HasPrefix(i.Digest, "sha256:") && !strings.HasPrefix(n, "localhost/") {
				image.Digests = append(image.Digests, base+"@"+tree.Clean(i.Digest))
			}
		}
		if at, err := time.Parse(time.RFC3339Nano, i.Created); err == nil {
			image.CreatedUS = at.UnixMicro()
		}
		slices.Sort(image.Names)
		slices.Sort(image.Digests)
		out = append(out, image)
	}
	return out, nil
}

// cutTag cuts "name:tag"; a colon before the last slash is a port's.
func cutTag(name string) (base, tag string, ok bool) {
	i := strings.LastIndexByte(name, ':')
	if i < 0 || strings.Contains(name[i:], "/") {
		return name, "", false
	}
	return name[:i], name[i+1:], true
}

// storedContainers counts the containers in podman's store.
func storedContainers(root tree.Root) (int, error) {
	n := 0
	for _, driver := range []string{"overlay", "vfs", "btrfs", "zfs"} {
		file := store + "/" + driver + "-containers/containers.json"
		text, err := root.Read(file)
		if tree.Gone(err) {
			continue
		}
		if err != nil {
			return 0, err
		}
		var list []json.RawMessage
		if err := json.Unmarshal(text, &list); err != nil {
			return 0, fmt.Errorf("%s: %w", file, errors.New("no list of containers"))
		}
		n += len(list)
	}
	return n, nil
}
