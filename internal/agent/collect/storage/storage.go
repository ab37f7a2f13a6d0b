// Package storage reads block devices, what lies on what, and which file
// systems and swap areas rest on an encrypted device.
//
// Serves C7.1b, B12, B19 (CC6.1, CC6.7). Invariants: a file system counts as
// encrypted only when every way down to a disk goes through an encrypted
// device; no key, passphrase or path of a key file is a fact.
//
// Floor: edges, below agent/collect. Imports facts, tree, missing.
package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/sys/mountinfo"

	"github.com/attesta/attesta/internal/agent/collect/missing"
	"github.com/attesta/attesta/internal/agent/collect/tree"
	"github.com/attesta/attesta/internal/facts"
)

const (
	classBlock    = "/sys/class/block"
	mountinfoFile = "/proc/self/mountinfo"
	swapsFile     = "/proc/swaps"
	maxDevices    = 4_096
	maxDepth      = 16 // devices on devices
)

// Read reads section storage.
func Read(_ context.Context, root tree.Root) (facts.Section, error) {
	var gaps missing.List
	v := facts.Storage{}
	tab, err := crypttab(root)
	if tree.Gone(err) {
		tab, err = []facts.CrypttabEntry{}, nil
	}
	if err != nil {
		gaps.Failed("/crypttab", err)
	} else {
		v.Crypttab = tab
	}
	s := stack{root: root}
	if err := s.read(); errors.Is(err, fs.ErrNotExist) {
		for _, p := range []string{"/devices", "/mounts", "/swaps"} {
			gaps.NotObserved(p, "no %s here: block devices cannot be known", classBlock)
		}
		return gaps.Section("storage", v)
	} else if err != nil {
		for _, p := range []string{"/devices", "/mounts", "/swaps"} {
			gaps.Failed(p, err)
		}
		return gaps.Section("storage", v)
	}
	v.Devices = s.sorted()
	mounts, err := s.readMounts()
	if err == nil {
		v.Mounts = mounts
		swaps, err := s.swaps()
		if err != nil {
			notThere(&gaps, "/swaps", err)
		} else {
			v.Swaps = swaps
		}
		return gaps.Section("storage", v)
	}
	notThere(&gaps, "/mounts", err)
	notThere(&gaps, "/swaps", err)
	return gaps.Section("storage", v)
}

func notThere(gaps *missing.List, p string, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		gaps.NotObserved(p, "no /proc here: what is mounted cannot be known")
		return
	}
	gaps.Failed(p, err)
}

// stack is the block devices of a host and what lies on them.
type stack struct {
	root    tree.Root
	devices map[string]facts.BlockDevice // by kernel name
	numbers map[string]string            // kernel name by "254:1"
	backing map[string]string            // of loop devices, the file
	mounts  []*mountinfo.Info
}

func (s *stack) read() error {
	names, err := s.root.Names(classBlock)
	if err != nil {
		return err
	}
	if len(names) > maxDevices {
		return fmt.Errorf("%d block devices are more than the %d that are sent", len(names), maxDevices)
	}
	s.devices, s.numbers, s.backing = map[string]facts.BlockDevice{}, map[string]string{}, map[string]string{}
	for _, name := range names {
		dir := path.Join(classBlock, name)
		sectors, err := s.number(path.Join(dir, "size"))
		if err != nil {
			return err
		}
		if sectors == 0 || strings.HasPrefix(name, "ram") {
			continue
		}
		d := facts.BlockDevice{Name: tree.Clean(name), Kind: "disk", Parents: []string{}, Size: sectors * 512}
		removable, err := s.number(path.Join(dir, "removable"))
		if err != nil {
			return err
		}
		d.Removable = removable == 1
		if d.Parents, err = s.root.Names(path.Join(dir, "slaves")); tree.IgnoreGone(err) != nil {
			return err
		}
		d.Parents = append([]string{}, d.Parents...)
		switch {
		case strings.HasPrefix(name, "dm-"):
			uuid, err := s.text(path.Join(dir, "dm/uuid"))
			if err != nil {
				return err
			}
			if d.Mapper, err = s.text(path.Join(dir, "dm/name")); err != nil {
				return err
			}
			d.Kind, d.Crypt = mapping(uuid)
		case strings.HasPrefix(name, "md"):
			d.Kind = "raid"
		case strings.HasPrefix(name, "loop"):
			d.Kind = "loop"
			if s.backing[name], err = s.text(path.Join(dir, "loop/backing_file")); err != nil {
				return err
			}
		case strings.HasPrefix(name, "zram"):
			d.Kind = "zram"
		case strings.HasPrefix(name, "sr"):
			d.Kind = "optical"
		}
		if s.root.There(path.Join(dir, "partition")) {
			d.Kind = "part"
			// A partition's directory lies in that of its disk.
			if real, err := s.root.Real(dir); err == nil {
				d.Parents = []string{path.Base(path.Dir(real))}
			}
		}
		if number, err := s.text(path.Join(dir, "dev")); err != nil {
			return err
		} else if number != "" {
			s.numbers[number] = name
		}
		s.devices[name] = d
	}
	return nil
}

// text gives a small file; empty when there is none.
func (s *stack) text(p string) (string, error) {
	v, err := s.root.Text(p)
	return v, tree.IgnoreGone(err)
}

func (s *stack) number(p string) (int64, error) {
	v, err := s.text(p)
	if err != nil || v == "" {
		return 0, err
	}
	n, err := strconv.ParseInt(v, 10, 54) // sectors: times 512 it still fits
	if err != nil {
		return 0, fmt.Errorf("%s: expected a number, found %.20q", p, v)
	}
	return n, nil
}

// mapping tells kind and encryption by the uuid that the maker of a mapped
// device gave it: CRYPT-LUKS2-0123…-name, LVM-….
func mapping(uuid string) (kind, crypt string) {
	maker, rest, _ := strings.Cut(uuid, "-")
	switch maker {
	case "CRYPT":
		how, _, _ := strings.Cut(rest, "-")
		switch how {
		case "VERITY", "INTEGRITY": // they hold what can be read by anybody
			return "verity", ""
		case "":
			how = "unknown"
		}
		return "crypt", how
	case "LVM":
		return "lvm", ""
	case "mpath":
		return "mpath", ""
	}
	return "dm", ""
}

func (s *stack) sorted() []facts.BlockDevice {
	return append([]facts.BlockDevice{}, slices.SortedFunc(maps.Values(s.devices), func(a, b facts.BlockDevice) int { return cmp.Compare(a.Name, b.Name) })...)
}

// under follows a device down to its disks: whether each way goes through an
// encrypted device, which those are, and whether a disk is removable.
func (s *stack) under(name string, depth int) (encrypted bool, through []string, removable bool) {
	d, known := s.devices[name]
	if !known || depth > maxDepth {
		return false, nil, false
	}
	if d.Kind == "loop" {
		if holder, ok := s.holder(s.backing[name]); ok {
			return s.under(holder, depth+1)
		}
		return false, nil, d.Removable
	}
	encrypted = len(d.Parents) > 0
	removable = d.Removable
	for _, parent := range d.Parents {
		e, t, r := s.under(parent, depth+1)
		encrypted, removable = encrypted && e, removable || r
		through = append(through, t...)
	}
	if d.Crypt != "" {
		encrypted, through = true, append(through, cmp.Or(d.Mapper, d.Name))
	}
	slices.Sort(through)
	return encrypted, slices.Compact(through), removable
}

// device gives the kernel name of what is mounted: by its number, and for file
// systems that hide it (btrfs) by their source.
func (s *stack) device(m *mountinfo.Info) (string, bool) {
	if name, ok := s.numbers[fmt.Sprintf("%d:%d", m.Major, m.Minor)]; ok {
		return name, true
	}
	return s.byPath(m.Source)
}

// byPath gives the kernel name of a device below /dev.
func (s *stack) byPath(p string) (string, bool) {
	if name, ok := strings.CutPrefix(p, "/dev/mapper/"); ok {
		for _, d := range s.devices {
			if d.Mapper == name {
				return d.Name, true
			}
		}
		return "", false
	}
	name, ok := strings.CutPrefix(p, "/dev/")
	if !ok {
		return "", false
	}
	if _, known := s.devices[name]; !known {
		if to, err := s.root.Readlink(p); err == nil { // /dev/vg/lv leads to ../dm-1
			name = path.Base(to)
		}
	}
	_, known := s.devices[name]
	return name, known
}

func (s *stack) readMounts() ([]facts.StorageMount, error) {
	b, err := s.root.Read(mountinfoFile)
	if err != nil {
		return nil, err
	}
	if s.mounts, err = mountinfo.GetMountsFromReader(strings.NewReader(tree.Clean(string(b))), nil); err != nil {
		return nil, fmt.Errorf("%s: %w", mountinfoFile, err)
	}
	onTop := map[string]*mountinfo.Info{}
	for _, m := range s.mounts {
		onTop[m.Mountpoint] = m
	}
	out := []facts.StorageMount{}
	for _, target := range slices.Sorted(maps.Keys(onTop)) {
		name, ok := s.device(onTop[target])
		if !ok {
			continue
		}
		encrypted, through, removable := s.under(name, 0)
		out = append(out, facts.StorageMount{Target: target, Device: name, Fstype: onTop[target].FSType, Encrypted: encrypted, Through: append([]string{}, through...), Removable: removable})
	}
	return out, nil
}

// holder gives the device of the mount that holds a file.
func (s *stack) holder(file string) (string, bool) {
	if !path.IsAbs(file) {
		return "", false
	}
	var best *mountinfo.Info
	for _, m := range s.mounts {
		under := m.Mountpoint == "/" || file == m.Mountpoint || strings.HasPrefix(file, m.Mountpoint+"/")
		if under && (best == nil || len(m.Mountpoint) >= len(best.Mountpoint)) {
			best = m
		}
	}
	if best == nil {
		return "", false
	}
	return s.device(best)
}

var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// swaps reads /proc/swaps: a line of titles, then file name and type first.
func (s *stack) swaps() ([]facts.SwapArea, error) {
	out := []facts.SwapArea{}
	err := s.root.Lines(swapsFile, func(n int, line string) error {
		f := strings.Fields(line)
		if n == 1 || len(f) == 0 {
			return nil
		}
		if len(f) < 2 {
			return fmt.Errorf("expected a device and its type, found %.40q", line)
		}
		a := facts.SwapArea{Device: unescape.Replace(f[0]), Kind: f[1]}
		var name string
		if a.Kind == "file" {
			name, _ = s.holder(strings.TrimSuffix(a.Device, " (deleted)"))
		} else {
			name, _ = s.byPath(a.Device)
		}
		if s.devices[name].Kind == "zram" || strings.HasPrefix(a.Device, "/dev/zram") {
			a.Kind, a.Encrypted = "zram", true
		} else {
			a.Encrypted, _, _ = s.under(name, 0)
		}
		out = append(out, a)
		return nil
	})
	slices.SortFunc(out, func(a, b facts.SwapArea) int { return cmp.Compare(a.Device, b.Device) })
	return out, err
}

// crypttab reads crypttab(5).
func crypttab(root tree.Root) ([]facts.CrypttabEntry, error) {
	out := []facts.CrypttabEntry{}
	err := root.Lines("/etc/crypttab", func(n int, line string) error {
		f := strings.Fields(line)
		if len(f) == 0 || f[0][0] == '#' {
			return nil
		}
		if len(f) < 2 {
			return errors.New("expected a name and a device")
		}
		e := facts.CrypttabEntry{Name: f[0], Device: f[1], Key: "passphrase", Options: []string{}, Line: int64(n)}
		if len(f) > 2 {
			switch f[2] {
			case "none", "-":
			case "/dev/urandom", "/dev/random", "/dev/hw_random":
				e.Key = "random"
			default:
				e.Key = "file"
			}
		}
		if len(f) > 3 {
			for o := range strings.SplitSeq(f[3], ",") {
				name, _, _ := strings.Cut(o, "=")
				switch name {
				case "":
					continue
				case "tpm2-device", "fido2-device", "pkcs11-uri":
					e.Key = "token"
					o = name // the rest may tell which token
				case "keyscript", "header", "password-echo", "key-slot":
					o = name
				}
				e.Options = append(e.Options, o)
			}
		}
		slices.Sort(e.Options)
		out = append(out, e)
		return nil
	})
	return out, err
}
