package server

import (
	"context"
	"database/sql"

	"github.com/attesta/attesta/internal/ingest"
	"github.com/attesta/attesta/internal/operations/host"
)

// taken is called once a batch is acknowledged.
func (p *parts) taken(b ingest.Batch) {
	p.log.Wake()
	if p.metrics != nil { // the listener answers only once it is there
		p.metrics.Batch(b.Envelope.Kind, len(b.Envelope.Items))
	}
}

func hostBatch(b ingest.Batch) host.Batch {
	e := b.Envelope
	return host.Batch{
		Source: b.Source.ID, SourceName: b.Source.Name, Stream: e.Stream, Sequence: e.Sequence, ObservedAt: e.ObservedAt,
		ClockOffsetUs: e.ClockOffsetUs, ReceivedAt: b.ReceivedAt, Digest: b.Digest, AgentVersion: e.Agent.Version, Items: e.Items,
	}
}

func (p *parts) receiveFacts(ctx context.Context, tx *sql.Tx, b ingest.Batch) error {
	resend, err := p.hosts.ReceiveFacts(ctx, tx, hostBatch(b))
	b.Resend(resend...)
	if err != nil {
		return err
	}
	return p.integrity.Facts(ctx, tx, integrityBatch(b))
}

// ask puts what is to be asked of a source into the answer to its batch.
func (p *parts) ask(ctx context.Context, tx *sql.Tx, b ingest.Batch) error {
	asks, err := p.asks.For(ctx, tx, b.Source.ID)
	b.Ask(asks...)
	return err
}

// receiveAnswers takes in what an agent says to what it was asked.
func (p *parts) receiveAnswers(ctx context.Context, tx *sql.Tx, b ingest.Batch) error {
	if err := p.asks.Receive(ctx, tx, b.Source.ID, b.Envelope.Items); err != nil {
		return err
	}
	return p.ask(ctx, tx, b)
}

func (p *parts) receiveHeartbeat(ctx context.Context, tx *sql.Tx, b ingest.Batch) error {
	resend, err := p.hosts.ReceiveHeartbeat(ctx, tx, hostBatch(b))
	b.Resend(resend...)
	if err != nil {
		return err
	}
	if err := p.ask(ctx, tx, b); err != nil {
		return err
	}
	return p.receiveSample(ctx, tx, b)
}
