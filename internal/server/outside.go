package server

import (
	"crypto/x509"
	"fmt"

	"github.com/attesta/attesta/internal/base/dial"
	"github.com/attesta/attesta/internal/simulation"
	"github.com/attesta/attesta/internal/simulation/sink"
)

// dialer makes what connects to what people named. A demonstration connects to
// its own sink, which keeps what came and sends nothing on.
func (p *parts) dialer(cfg Config) (*dial.Dialer, error) {
	if !isDemo(p.log.Origin()) {
		return dial.New(dial.Config{Allow: cfg.DialAllow})
	}
	if p.sink == nil {
		var err error
		if p.sink, err = sink.New(sink.Config{Dir: p.dir.Sink(), Clock: p.clock, Outages: simulation.Outages(simulation.Plan{}), Unknown: simulation.Unknown()}); err != nil {
			return nil, fmt.Errorf("start the sink of the demonstration: %w", err)
		}
	}
	return dial.New(dial.Config{Instead: p.sink.Dial, Roots: p.sink.Roots()})
}

// mailRoots is by which a mail server's certificate holds; nil: as usual.
func (p *parts) mailRoots() *x509.CertPool {
	if p.sink == nil {
		return nil
	}
	return p.sink.Roots()
}
