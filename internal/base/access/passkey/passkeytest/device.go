// Package passkeytest is a device with passkeys for tests: it answers what a
// relying party asks as a browser and an authenticator would, and can be told
// to answer wrongly.
//
// Floor: stateful base, for tests only.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

var b64 = base64.RawURLEncoding

// Device is one authenticator with one passkey, and the browser before it.
type Device struct {
	Origin   string // what the browser says it is at
	RPID     string // for which the authenticator signs
	Counter  uint32 // the next answer's; 0 stays 0, as synced passkeys have it
	Verified bool   // the device verified its owner
	Cross    bool   // the page is a frame in another's
	User     []byte // the user handle that it keeps
	ID       []byte
	key      *ecdsa.PrivateKey
}

// New is a device of a browser at that origin.
func New(t testing.TB, origin, rpID string) *Device {
	t.Helper()
	d := &Device{Origin: origin, RPID: rpID, Verified: true, ID: make([]byte, 32)}
	var err error
	if _, err = rand.Read(d.ID); err == nil {
		d.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Copy is a second device with the same key, as whoever stole it would have.
func (d *Device) Copy() *Device {
	c := *d
	return &c
}

// asked is what of the options a browser needs.
type asked struct {
	Challenge string `json:"challenge"`
	User      struct {
		ID string `json:"id"`
	} `json:"user"`
}

func read(t testing.TB, options any) asked {
	t.Helper()
	raw, ok := options.([]byte)
	if !ok {
		var err error
		if raw, err = json.Marshal(options); err != nil {
			t.Fatal(err)
		}
	}
	var a asked
	if err := json.Unmarshal(raw, &a); err != nil || a.Challenge == "" {
		t.Fatalf("the options %s: %v", raw, err)
	}
	return a
}

func (d *Device) client(typ, challenge string) []byte {
	raw, err := json.Marshal(map[string]any{"type": typ, "challenge": challenge, "origin": d.Origin, "crossOrigin": d.Cross})
	if err != nil {
		panic(err) // strings and a bool
	}
	return raw
}

func (d *Device) authenticator(more ...byte) []byte {
	sum := sha256.Sum256([]byte(d.RPID))
	flags := byte(1)
	if d.Verified {
		flags |= 4
	}
	if len(more) > 0 {
		flags |= 0x40
	}
	out := append(sum[:], flags)
	out = binary.BigEndian.AppendUint32(out, d.Counter)
	if d.Counter > 0 {
		d.Counter++
	}
	return append(out, more...)
}

// Create answers the options of a registration.
func (d *Device) Create(t testing.TB, options any) string {
	t.Helper()
	a := read(t, options)
	var err error
	if d.User, err = b64.DecodeString(a.User.ID); err != nil {
		t.Fatal(err)
	}
	point, err := d.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		t.Fatal(err)
	}
	key, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		t.Fatal(err)
	}
	attested := append(make([]byte, 16), byte(len(d.ID)>>8), byte(len(d.ID)))
	attested = append(append(attested, d.ID...), key...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": d.authenticator(attested...)})
	if err != nil {
		t.Fatal(err)
	}
	return d.answer(t, map[string]any{"clientDataJSON": b64.EncodeToString(d.client("webauthn.create", a.Challenge)),
		"attestationObject": b64.EncodeToString(object), "transports": []string{"internal"}})
}

// Get answers the options of a login.
func (d *Device) Get(t testing.TB, options any) string {
	t.Helper()
	client := d.client("webauthn.get", read(t, options).Challenge)
	data := d.authenticator()
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return d.answer(t, map[string]any{"clientDataJSON": b64.EncodeToString(client), "authenticatorData": b64.EncodeToString(data),
		"signature": b64.EncodeToString(signature), "userHandle": b64.EncodeToString(d.User)})
}

func (d *Device) answer(t testing.TB, response map[string]any) string {
	t.Helper()
	id := b64.EncodeToString(d.ID)
	raw, err := json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform",
		"clientExtensionResults": map[string]any{"credProps": map[string]any{"rk": true}}, "response": response})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
