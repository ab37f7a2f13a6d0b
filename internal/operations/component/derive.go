package component

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/facts"
)

// Seen is a component as a section shows it.
type Seen struct {
	Kind     Kind
	Name     string // for people
	Identity [][2]string
	Evidence string // what else was seen; it tells nothing apart
}

var encoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// ID is the same for the same component wherever and whenever it is seen.
func (s Seen) ID() string {
	h := sha256.New()
	h.Write([]byte(s.Kind))
	for _, p := range s.Identity {
		h.Write([]byte("\x00" + p[0] + "\x00" + p[1]))
	}
	return "cmp_" + encoding.EncodeToString(h.Sum(nil)[:16])
}

func (s Seen) identity() (string, error) {
	raw, err := json.Marshal(s.Identity)
	return string(raw), err
}

// Part is what one list of a section says: components, or why they are not known.
// The parts of a host are read apart, so that what needs root hides nothing else.
type Part struct {
	Name   string // users/accounts
	State  facts.State
	Reason string // why it is not known; "" where it is
	Seen   []Seen
}

// Known reports whether the part could be read. Software that is not there is known
// to have no components.
func (p Part) Known() bool { return p.State == "" || p.State == facts.Absent }

// reader reads one list or map of a section.
type reader struct {
	path string
	take func(item facts.Decoded, at string, v map[string]any, add func(Seen))
}

// readers are the parts of each section.
var readers = map[string][]reader{
	"users": {
		{"/accounts", takeAccount},
		{"/groups", takeGroup},
		{"/sudo/rules", takeSudo},
	},
	"ssh_keys":       {{"/accounts", takeKeys}},
	"ports":          {{"/listening", takePort}},
	"services":       {{"/units", takeUnit}, {"/timers", takeTimer}},
	"cron":           {{"/jobs", takeCron}},
	"packages":       {{"/by_name", takePackage}},
	"kernel_modules": {{"/loaded", takeModule}},
	"usb":            {{"/devices", takeUSB}},
	"containers":     {{"/images", takeImage}, {"/containers", takeContainer}},
	"certificates":   {{"/found", takeCertificate}},
	"special_files":  {{"/suid", takeSUID}},
	"neighbours":     {{"/entries", takeNeighbour}},
}

// Sections gives the names of the sections that components are read from.
func Sections() []string {
	out := []string{"sysctl", "network", "watching"}
	for name := range readers {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Derive gives the parts of a section; none where it holds no components.
func Derive(d facts.Decoded) []Part {
	switch d.Name {
	case "sysctl":
		return []Part{settings(d)}
	case "watching":
		return []Part{roots(d)}
	}
	var out []Part
	for _, r := range readers[d.Name] {
		p := Part{Name: d.Name + r.path}
		v, ok := d.At(r.path)
		if !ok {
			p.State, p.Reason = missing(d, r.path)
			out = append(out, p)
			continue
		}
		add := func(s Seen) { p.Seen = append(p.Seen, s) }
		switch v := v.(type) {
		case []any:
			for i, x := range v {
				if m, ok := x.(map[string]any); ok {
					r.take(d, r.path+"/"+strconv.Itoa(i), m, add)
				}
			}
		case map[string]any:
			for name, x := range v {
				if m, ok := x.(map[string]any); ok {
					r.take(d, r.path+"/"+name, m, add)
				}
			}
		}
		p.tidy()
		out = append(out, p)
	}
	return out
}

// tidy sorts, and leaves each component once.
func (p *Part) tidy() {
	slices.SortStableFunc(p.Seen, func(a, b Seen) int {
		return strings.Compare(string(a.Kind)+a.Name+a.ID(), string(b.Kind)+b.Name+b.ID())
	})
	p.Seen = slices.CompactFunc(p.Seen, func(a, b Seen) bool { return a.ID() == b.ID() })
}

// missing says why a path is not there: nearest word above it, else that nothing was
// said at all.
func missing(d facts.Decoded, path string) (facts.State, string) {
	for at := path; ; at = at[:strings.LastIndexByte(at, '/')] {
		if m, ok := d.MissingAt(at); ok {
			return m.State, m.Reason
		}
		if at == "" {
			return facts.NotObserved, "the agent does not report it"
		}
	}
}

func text(m map[string]any, name string) string { s, _ := m[name].(string); return s }
func whole(m map[string]any, name string) int64 { n, _ := m[name].(int64); return n }
func yes(m map[string]any, name string) bool    { b, _ := m[name].(bool); return b }
func num(n int64) string                        { return strconv.FormatInt(n, 10) }
func texts(m map[string]any, name string) []string {
	list, _ := m[name].([]any)
	var out []string
	for _, x := range list {
		if s, ok := x.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func takeAccount(_ facts.Decoded, _ string, a map[string]any, add func(Seen)) {
	login := "cannot log in"
	if yes(a, "login") {
		login = "can log in"
	}
	add(Seen{User, text(a, "name"), [][2]string{{"name", text(a, "name")}, {"uid", num(whole(a, "uid"))}, {"login", login}}, "home " + text(a, "home") + ", shell " + text(a, "shell")})
}

// rights are the groups whose members can become root, read what others may not, or
// reach devices.
var rights = []string{"root", "wheel", "sudo", "admin", "adm", "docker", "lxd", "libvirt", "disk", "shadow", "kmem", "sys", "systemd-journal", "podman"}

func takeGroup(_ facts.Decoded, _ string, g map[string]any, add func(Seen)) {
	name := text(g, "name")
	add(Seen{Group, name, [][2]string{{"name", name}, {"gid", num(whole(g, "gid"))}}, ""})
	if !slices.Contains(rights, name) && whole(g, "gid") != 0 {
		return
	}
	for _, m := range texts(g, "members") {
		add(Seen{Group, m + " in " + name, [][2]string{{"name", name}, {"member", m}}, "a group that gives rights"})
	}
}

func takeSudo(_ facts.Decoded, _ string, r map[string]any, add func(Seen)) {
	squeeze := func(s string) string { return strings.Join(strings.Fields(strings.ReplaceAll(s, ",", ", ")), " ") }
	commands := texts(r, "commands")
	for i := range commands {
		commands[i] = squeeze(commands[i])
	}
	slices.Sort(commands)
	runas, asks := squeeze(text(r, "runas")), "asks for a password"
	if runas == "" {
		runas = "root"
	}
	if yes(r, "nopasswd") {
		asks = "asks for no password"
	}
	all := strings.Join(commands, ", ")
	name := text(r, "who") + " as " + runas + ": " + all
	if len(name) > 120 {
		name = strings.ToValidUTF8(name[:117], "") + "…"
	}
	add(Seen{Sudo, name, [][2]string{{"who", text(r, "who")}, {"hosts", squeeze(text(r, "hosts"))}, {"as", runas}, {"commands", all}, {"password", asks}}, asks + ", " + place(r)})
}

func place(m map[string]any) string {
	if l := whole(m, "line"); l > 0 {
		return text(m, "file") + ":" + num(l)
	}
	return text(m, "file")
}

func takeKeys(_ facts.Decoded, _ string, a map[string]any, add func(Seen)) {
	list, _ := a["authorized"].([]any)
	for _, x := range list {
		k, ok := x.(map[string]any)
		if !ok {
			continue
		}
		account, print := text(a, "name"), text(k, "fingerprint")
		evidence := text(k, "type") + ", " + place(k)
		if o := texts(k, "options"); len(o) > 0 {
			evidence += ", with " + strings.Join(o, " ")
		}
		add(Seen{SSHKey, print + " for " + account, [][2]string{{"fingerprint", print}, {"account", account}}, evidence})
	}
}

// ephemeral is where Linux takes ports from that nobody asked for by number.
const ephemeral = 32768

func takePort(_ facts.Decoded, _ string, s map[string]any, add func(Seen)) {
	proto := strings.TrimSuffix(text(s, "proto"), "6")
	port := num(whole(s, "port"))
	if proto == "udp" && whole(s, "port") >= ephemeral {
		port = "of its own choice" // a client waits for an answer; another number each time
	}
	program := text(s, "process")
	switch _, told := s["process"]; {
	case !told:
		program = "unknown program"
	case program == "":
		program = "kernel"
	}
	scope := "one address"
	switch address := text(s, "address"); {
	case yes(s, "loopback"):
		scope = "this host only"
	case address == "0.0.0.0" || address == "::" || address == "*":
		scope = "every address"
	}
	add(Seen{Port, proto + "/" + port + " " + program + ", " + scope, [][2]string{{"protocol", proto}, {"port", port}, {"program", program}, {"reach", scope}}, text(s, "address") + ", by " + text(s, "user")})
}

var (
	userUnit = regexp.MustCompile(`^(user(?:-runtime-dir)?|session)([@-])[0-9c]+\.`)
	runUnit  = regexp.MustCompile(`^run-[rup0-9][0-9a-f-]*\.`)
)

// unitName is a unit's name without what is another at each login or run.
func unitName(name string) string {
	return runUnit.ReplaceAllString(userUnit.ReplaceAllString(name, "$1$2*."), "run-*.")
}

func takeUnit(d facts.Decoded, at string, u map[string]any, add func(Seen)) {
	name := text(u, "name")
	if strings.HasSuffix(name, ".timer") || text(u, "alias_of") != "" || strings.Contains(name, ".") && !slices.ContainsFunc([]string{".service", ".socket", ".path"}, func(x string) bool { return strings.HasSuffix(name, x) }) {
		return
	}
	runs := ""
	if all, ok := d.Values["running"].(map[string]any); ok {
		if state, ok := all[name].(map[string]any); ok {
			runs = text(state, "sub")
		}
	}
	on := slices.Contains([]string{"running", "listening", "waiting"}, runs)
	if !yes(u, "starts") && !on {
		return
	}
	how := "starts at boot"
	if !yes(u, "starts") {
		how = "runs, and does not start at boot"
	}
	add(Seen{Unit, unitName(name), [][2]string{{"unit", unitName(name)}}, how + ", " + text(u, "file")})
}

func takeTimer(_ facts.Decoded, _ string, t map[string]any, add func(Seen)) {
	if !yes(t, "starts") && !slices.Contains([]string{"static", "generated", "transient", "enabled-runtime"}, text(t, "enabled")) {
		return
	}
	when := texts(t, "schedule")
	slices.Sort(when)
	add(Seen{Job, text(t, "name"), [][2]string{{"timer", text(t, "name")}, {"starts", text(t, "unit")}, {"when", strings.Join(when, " ")}}, "starts " + text(t, "unit") + ", " + strings.Join(when, " ")})
}

func takeCron(_ facts.Decoded, _ string, j map[string]any, add func(Seen)) {
	what := text(j, "program")
	if what == "" {
		what = text(j, "kind")
	}
	file := text(j, "file")
	if text(j, "kind") == "at" {
		file = "at" // each job is a file of its own
	}
	add(Seen{Job, what + " as " + text(j, "user") + " by " + file, [][2]string{{"file", file}, {"account", text(j, "user")}, {"when", text(j, "schedule")}, {"program", text(j, "program")}, {"command", text(j, "command_digest")}}, text(j, "schedule") + ", " + place(j)})
}

// kernelPackage is a package whose name holds the version of a kernel, so that each
// update is another name.
var kernelPackage = regexp.MustCompile(`^(linux-[a-z-]*?|kernel-[a-z-]*?)-?[0-9]+\.[0-9][0-9a-z.+~-]*?((?:-[a-z][a-z0-9-]*)?)$`)

func takePackage(_ facts.Decoded, _ string, p map[string]any, add func(Seen)) {
	name := kernelPackage.ReplaceAllString(text(p, "name"), "$1-*$2")
	evidence := "version " + text(p, "version") + " when it was seen first"
	if s := text(p, "source"); s != "" && s != text(p, "name") {
		evidence += ", of source " + s
	}
	add(Seen{Package, name, packageIdentity(text(p, "manager"), text(p, "name")), evidence})
}

func takeModule(_ facts.Decoded, _ string, m map[string]any, add func(Seen)) {
	add(Seen{Module, text(m, "name"), [][2]string{{"name", text(m, "name")}}, strings.Join(texts(m, "used_by"), " ")})
}

func settings(d facts.Decoded) Part {
	p := Part{Name: "sysctl/running"}
	v, ok := d.At("/running")
	all, isMap := v.(map[string]any)
	if !ok || !isMap {
		p.State, p.Reason = missing(d, "/running")
		return p
	}
	for name, x := range all {
		if value, ok := x.(string); ok {
			p.Seen = append(p.Seen, Seen{Setting, name + " = " + value, [][2]string{{"name", name}, {"value", value}}, "of the running kernel"})
		}
	}
	p.tidy()
	return p
}

func takeUSB(_ facts.Decoded, _ string, u map[string]any, add func(Seen)) {
	vendor, product := text(u, "vendor_id"), text(u, "product_id")
	name := strings.TrimSpace(text(u, "vendor") + " " + text(u, "product"))
	if name == "" {
		name = "device"
	}
	evidence := "port " + text(u, "port")
	if yes(u, "storage") {
		evidence += ", holds files"
	}
	add(Seen{USB, name + " " + vendor + ":" + product, [][2]string{{"vendor", vendor}, {"product", product}, {"serial", text(u, "serial_digest")}}, evidence})
}

// repository is an image's name without tag and digest.
func repository(name string) string {
	name, _, _ = strings.Cut(name, "@")
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name = name[:i]
	}
	return name
}

func takeImage(_ facts.Decoded, _ string, i map[string]any, add func(Seen)) {
	for _, full := range texts(i, "digests") {
		name, digest, _ := strings.Cut(full, "@")
		add(Seen{Image, repository(name) + " " + digest, [][2]string{{"repository", repository(name)}, {"digest", digest}}, strings.Join(texts(i, "names"), " ")})
	}
	if len(texts(i, "digests")) > 0 {
		return
	}
	name := "without a name"
	if n := texts(i, "names"); len(n) > 0 {
		name = repository(n[0])
	}
	add(Seen{Image, name + " " + text(i, "id"), [][2]string{{"repository", name}, {"id", text(i, "id")}}, "made here: it has no digest of a registry"})
}

func takeContainer(_ facts.Decoded, _ string, c map[string]any, add func(Seen)) {
	var given []string
	if yes(c, "privileged") {
		given = append(given, "privileged")
	}
	for _, ns := range texts(c, "host_namespaces") {
		given = append(given, "host's "+ns)
	}
	given = append(given, texts(c, "capabilities_added")...)
	what := strings.Join(given, ", ")
	name := repository(text(c, "image"))
	shown := name
	if what != "" {
		shown += ", " + what
	}
	add(Seen{Container, shown, [][2]string{{"engine", text(c, "engine")}, {"repository", name}, {"given", what}}, text(c, "name") + ", " + text(c, "state")})
}

func takeCertificate(_ facts.Decoded, _ string, c map[string]any, add func(Seen)) {
	issuer := text(c, "issuer")
	if yes(c, "self_signed") {
		issuer = "itself"
	}
	subject := text(c, "subject_digest")
	key := text(c, "key_type") + " " + num(whole(c, "bits"))
	what := "certificate"
	if yes(c, "ca") {
		what = "authority"
	}
	add(Seen{Certificate, what + " " + subject[:min(12, len(subject))] + " by " + issuer, [][2]string{{"subject", subject}, {"issuer", issuer}, {"key", key}, {"what", what}}, text(c, "path") + ", " + key})
}

func takeSUID(_ facts.Decoded, _ string, f map[string]any, add func(Seen)) {
	add(Seen{SUID, text(f, "path") + " " + text(f, "mode_octal"), [][2]string{{"path", text(f, "path")}, {"mode", text(f, "mode_octal")}, {"uid", num(whole(f, "uid"))}, {"gid", num(whole(f, "gid"))}}, "owner " + num(whole(f, "uid")) + ", group " + num(whole(f, "gid"))})
}

// roots are the directories that the host gives out to others. While the agent does
// not watch, it has not looked for them: none is gone then.
func roots(d facts.Decoded) Part {
	p := Part{Name: "watching/content_roots"}
	mode, _ := d.At("/mode")
	switch mode {
	case "starting", "off", "failed":
		p.State, p.Reason = facts.NotObserved, fmt.Sprintf("files are not watched: %v", mode)
		return p
	}
	v, ok := d.At("/content_roots")
	list, isList := v.([]any)
	if !ok || !isList {
		p.State, p.Reason = missing(d, "/content_roots")
		return p
	}
	for _, x := range list {
		if dir, ok := x.(string); ok {
			p.Seen = append(p.Seen, Seen{ContentRoot, dir, [][2]string{{"directory", dir}}, "given out by a web server, or declared as content"})
		}
	}
	p.tidy()
	return p
}

// engine is what an interface is called that container engines and hypervisors make:
// who is met there is a container, not a machine on the link.
var engine = regexp.MustCompile(`^(docker\d|br-[0-9a-f]{12}|cni|podman|virbr|veth|flannel|cali|lxcbr|vnet)`)

func takeNeighbour(_ facts.Decoded, _ string, n map[string]any, add func(Seen)) {
	mac := strings.ToLower(text(n, "mac"))
	if mac == "" || mac == "00:00:00:00:00:00" || engine.MatchString(text(n, "interface")) {
		return
	}
	evidence := "met on " + text(n, "interface")
	if yes(n, "router") {
		evidence += ", says that it is a router"
	}
	add(Seen{Machine, mac, [][2]string{{"mac", mac}}, text(n, "address") + ", " + evidence})
}

// links says how a host is known on its links, by its section network: hardware
// addresses of its own, and its routers.
func links(d facts.Decoded) (macs, gateways []string, ok bool) {
	list, known := d.At("/interfaces")
	all, isList := list.([]any)
	if d.Name != "network" || !known || !isList {
		return nil, nil, false
	}
	for _, x := range all {
		if i, is := x.(map[string]any); is && text(i, "mac") != "" && text(i, "kind") != "loopback" {
			macs = append(macs, strings.ToLower(text(i, "mac")))
		}
	}
	if list, _ := d.At("/routes"); list != nil {
		routes, _ := list.([]any)
		for _, x := range routes {
			if r, is := x.(map[string]any); is {
				for _, g := range strings.Split(text(r, "gateway"), ",") {
					if g = strings.TrimSpace(g); g != "" {
						gateways = append(gateways, g)
					}
				}
			}
		}
	}
	slices.Sort(macs)
	slices.Sort(gateways)
	return slices.Compact(macs), slices.Compact(gateways), true
}
