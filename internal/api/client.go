package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/attesta/attesta/internal/base/fault"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const maxAnswer = 256 << 20

// Client asks a server over the network.
type Client struct {
	URL   string // "https://attesta.example.org"
	Token string // atta_…
	HTTP  *http.Client

	api *API
}

// NewClient makes a client of a server. What is no address of one is kind Invalid.
func NewClient(address, token string) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return nil, fault.New(fault.Invalid, "%q is no address of a server", address).WithHint("write https://attesta.example.org")
	}
	if strings.TrimSpace(token) == "" {
		return nil, fault.New(fault.Invalid, "there is no token").WithHint("put one into ATTESTA_TOKEN; tokens are made under Account")
	}
	return &Client{URL: strings.TrimSuffix(address, "/"), Token: strings.TrimSpace(token), HTTP: &http.Client{Timeout: 5 * time.Minute}, api: New(Config{})}, nil
}

// Do does an operation and gives its answer as JSON. What the server refused
// comes back as the fault that it was there.
func (c *Client) Do(ctx context.Context, name string, input json.RawMessage) ([]byte, error) {
	o, err := c.api.operation(name)
	if err != nil {
		return nil, err
	}
	return c.do(ctx, o, input)
}

func (c *Client) do(ctx context.Context, o *Operation, input json.RawMessage) ([]byte, error) {
	path, query, body, err := o.split(input)
	if err != nil {
		return nil, err
	}
	address := c.URL + Prefix + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, o.Method, address, bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s cannot be asked", c.URL)
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	if o.Changes() {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "%s does not answer", c.URL).WithHint("is the address right, and the server running?")
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the answer of %s broke off", c.URL)
	}
	if resp.StatusCode == http.StatusOK && strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		return answer, nil
	}
	var p problem
	if json.Unmarshal(answer, &p) != nil || p.Kind == "" {
		return nil, fault.New(fault.Unavailable, "%s answered %s, which is no answer of Attesta's", c.URL, resp.Status)
	}
	f := fault.New(fault.Kind(p.Kind), "%s", p.Detail).At("", 0, p.Field)
	if p.Hint != "" {
		f = f.WithHint("%s", p.Hint)
	}
	return nil, f
}

// split puts the fields of an input where HTTP has them.
func (o *Operation) split(input json.RawMessage) (path string, query url.Values, body []byte, err error) {
	fields := map[string]any{}
	if len(input) > 0 {
		d := json.NewDecoder(bytes.NewReader(input))
		d.UseNumber()
		if err := d.Decode(&fields); err != nil {
			return "", nil, nil, fault.Wrap(fault.Invalid, err, "the input is no JSON object")
		}
	}
	path = o.Path
	for _, f := range o.pathFields() {
		v, ok := fields[f]
		if !ok || fmt.Sprint(v) == "" {
			return "", nil, nil, fault.New(fault.Invalid, "%s is missing", f).At("", 0, f)
		}
		path = strings.Replace(path, "{"+f+"}", url.PathEscape(fmt.Sprint(v)), 1)
		delete(fields, f)
	}
	if o.Changes() {
		body, err = json.Marshal(fields)
		return path, nil, body, err
	}
	query = url.Values{}
	for f, v := range fields {
		if list, ok := v.([]any); ok {
			for _, one := range list {
				query.Add(f, fmt.Sprint(one))
			}
			continue
		}
		query.Set(f, fmt.Sprint(v))
	}
	return path, query, nil, nil
}

// ServeTools speaks the Model Context Protocol on a pair of streams and asks the
// server for each tool.
func (c *Client) ServeTools(ctx context.Context, version string, transport mcp.Transport) error {
	c.api.cfg.Version = version
	return c.api.toolServer(func(*Operation) bool { return true }, c.do).Run(ctx, transport)
}

// Names gives the names of the operations, sorted.
func (a *API) Names() []string {
	var all []string
	for _, o := range a.operations {
		all = append(all, o.Name)
	}
	slices.Sort(all)
	return all
}
