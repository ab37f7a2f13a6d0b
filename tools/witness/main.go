// Command witness is the witness of github.com/transparency-dev/witness for one
// log, in memory, for the tests of internal/base/anchor. It prints its verifier
// key and its address, and ends when its input does.
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	f_note "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/witness/persistence/inmemory"
	"github.com/transparency-dev/witness/witness"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	logKey := flag.String("log", "", "verifier key of the log")
	flag.Parse()
	if err := run(*logKey); err != nil {
		log.Fatal(err)
	}
}

func run(logKey string) error {
	v, err := note.NewVerifier(logKey)
	if err != nil {
		return err
	}
	skey, vkey, err := note.GenerateKey(rand.Reader, "witness.example.org/w")
	if err != nil {
		return err
	}
	signer, err := f_note.NewSignerForCosignatureV1(skey)
	if err != nil {
		return err
	}
	cosigns, err := f_note.VKeyToCosignatureV1(vkey)
	if err != nil {
		return err
	}
	w, err := witness.New(context.Background(), witness.Opts{Persistence: inmemory.New(), Signers: []note.Signer{signer},
		VerifierForLog: func(_ context.Context, origin string) (note.Verifier, bool, error) { return v, origin == v.Name(), nil }})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", witness.NewHTTPHandler(w).AddCheckpoint)
	go func() { log.Fatal(http.Serve(l, mux)) }()
	fmt.Printf("%s\nhttp://%s\n", cosigns, l.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
