package server

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

func publicURL(cfg Config, l net.Listener) string {
	if cfg.PublicURL != "" {
		return strings.TrimSuffix(cfg.PublicURL, "/")
	}
	addr, _ := l.Addr().(*net.TCPAddr)
	name := "localhost"
	if !addr.IP.IsLoopback() && !addr.IP.IsUnspecified() {
		name = addr.IP.String()
	}
	return "http://" + net.JoinHostPort(name, fmt.Sprint(addr.Port))
}

// hostOf gives the name that an address has on the network, without its port.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func linkURL(address, token string) string { return address + "/link/" + url.PathEscape(token) }

// forAgents gives the address that other hosts reach the agents' listener at: a
// listener on every address is reached by the name that people type.
func forAgents(at net.Addr, public string) string {
	if tcp, ok := at.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort(hostOf(public), fmt.Sprint(tcp.Port))
	}
	return at.String()
}
