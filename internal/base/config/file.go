package config

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/attesta/attesta/internal/base/fault"

	"go.yaml.in/yaml/v3"
)

// file reads the YAML file. It returns an error only where there is nothing to
// read; mistakes inside are collected.
func (l *loader) file(path string) error {
	content, err := readLimited(path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(fault.NotFound, err, "the file does not exist").At(path, 0, "").WithHint("--config or ATTESTA_CONFIG names it")
	}
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the file cannot be read: %s", reason(err)).At(path, 0, "")
	}
	l.yaml(path, content)
	return nil
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

func (l *loader) yaml(path string, content []byte) {
	dec := yaml.NewDecoder(bytes.NewReader(content))
	var doc, second yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return // empty, or comments alone
	} else if err != nil {
		l.yamlMistake(path, err)
		return
	}
	if err := dec.Decode(&second); err == nil {
		l.mistake(path, second.Line, "", "remove the line ---", "a second document begins here")
		return
	} else if !errors.Is(err, io.EOF) {
		l.yamlMistake(path, err)
		return
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return
	}
	byKey, inner := map[string]field{}, map[string]bool{}
	for _, f := range l.fields {
		byKey[f.key] = f
		for i, r := range f.key {
			if r == '.' {
				inner[f.key[:i]] = true
			}
		}
	}
	l.mapping(path, root, "", byKey, inner)
}

func (l *loader) yamlMistake(path string, err error) {
	text, line := err.Error(), 0
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1]) // no line: 0
		text = text[len(m[0]):]
	}
	l.mistake(path, line, "", "the file is YAML: one key: value per line", "%s", strings.TrimSpace(text))
}

// mapping reads the keys under prefix ("" or "session.").
func (l *loader) mapping(path string, node *yaml.Node, prefix string, byKey map[string]field, inner map[string]bool) {
	if node.Kind != yaml.MappingNode {
		l.mistake(path, node.Line, strings.TrimSuffix(prefix, "."), "write key: value, one per line", "is not a list of keys")
		return
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		key := prefix + name.Value
		if name.Kind != yaml.ScalarNode {
			l.mistake(path, name.Line, prefix, "write key: value", "a key is a word")
			continue
		}
		if first := lines[key]; first > 0 {
			l.mistake(path, name.Line, key, "remove one of them", "stands on line %d already", first)
			continue
		}
		lines[key] = name.Line
		switch {
		case strings.Contains(name.Value, "."):
			l.mistake(path, name.Line, key, "write "+strings.ReplaceAll(name.Value, ".", ":, and under it ")+":", "a key has no dots in the file")
		case inner[key]:
			l.mapping(path, value, key+".", byKey, inner)
		case byKey[key].key != "":
			l.scalar(path, byKey[key], value, name.Line)
		default:
			secret := byKey[strings.TrimSuffix(key, fileFlag)]
			if secret.secret && strings.HasSuffix(key, fileFlag) {
				if l.isText(path, key, value) {
					l.setFromFile(secret, value.Value, at(path, name.Line), path, name.Line, key)
				}
				continue
			}
			l.mistake(path, name.Line, key, hintNearest(key, knownKeys(prefix, byKey, inner)), "there is no such key")
		}
	}
	for _, f := range l.fields {
		if f.secret && lines[f.key] > 0 && lines[f.key+fileFlag] > 0 {
			l.mistake(path, lines[f.key+fileFlag], f.key+fileFlag, "keep the file", "%s is on line %d", f.key, lines[f.key])
		}
	}
}

// knownKeys lists what may stand under prefix.
func knownKeys(prefix string, byKey map[string]field, inner map[string]bool) []string {
	var names []string
	for key, f := range byKey {
		if rest, ok := strings.CutPrefix(key, prefix); ok && !strings.Contains(rest, ".") {
			names = append(names, key)
			if f.secret {
				names = append(names, key+fileFlag)
			}
		}
	}
	for key := range inner {
		if rest, ok := strings.CutPrefix(key, prefix); ok && !strings.Contains(rest, ".") {
			names = append(names, key)
		}
	}
	return names
}

func (l *loader) isText(path, key string, node *yaml.Node) bool {
	if node.Kind != yaml.ScalarNode || node.Tag == "!!null" || node.Value == "" {
		l.mistake(path, node.Line, key, "write its value after the colon, or remove the key", "has no value")
		return false
	}
	return true
}

// scalar stores one value, or a list of them.
func (l *loader) scalar(path string, f field, node *yaml.Node, line int) {
	source := at(path, line)
	if f.value.Type() == stringsType {
		if node.Kind != yaml.SequenceNode {
			l.mistake(path, node.Line, f.key, "write one - item per line", "is a list")
			return
		}
		list := []string{}
		for _, item := range node.Content {
			if !l.isText(path, f.key, item) {
				return
			}
			list = append(list, item.Value)
		}
		f.value.Set(reflect.ValueOf(list))
		l.sources[f.key] = source
		return
	}
	if node.Kind == yaml.AliasNode {
		l.mistake(path, node.Line, f.key, "write the value itself", "refers to another place of the file")
		return
	}
	if node.Kind != yaml.ScalarNode {
		l.mistake(path, node.Line, f.key, "it is one "+kindOf(f.value.Type()), "has keys or items under it")
		return
	}
	if !l.isText(path, f.key, node) {
		return
	}
	l.set(f, node.Value, source, path, node.Line, f.key)
}

func at(path string, line int) string { return path + ":" + strconv.Itoa(line) }

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
