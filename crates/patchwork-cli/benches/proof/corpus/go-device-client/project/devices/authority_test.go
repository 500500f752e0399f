package devices

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"testing"
	"time"
)

// authority signs certificates for tests.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return authority{template, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// device gives the certificate of a device, which ends after a time.
func (a authority) device(t *testing.T, host string, lifetime time.Duration) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{host}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(lifetime), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
}

// eager is a connection whose writer does not wait for the reader: both sides may want to write at once.
type eager struct {
	net.Conn
	out chan []byte
}

func newEager(conn net.Conn) eager {
	e := eager{conn, make(chan []byte, 64)}
	go func() {
		for part := range e.out {
			if _, err := conn.Write(part); err != nil {
				return
			}
		}
	}()
	return e
}

func (e eager) Write(part []byte) (int, error) {
	e.out <- append([]byte(nil), part...)
	return len(part), nil
}

// connect is how a client with an authority gets on with a server that shows a certificate.
func connect(t *testing.T, trusted authority, host string, shown tls.Certificate) error {
	t.Helper()
	client, err := NewClient(Options{Authority: trusted.pem})
	if err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	defer near.Close()
	go func() {
		defer far.Close()
		_ = tls.Server(newEager(far), &tls.Config{Certificates: []tls.Certificate{shown}}).Handshake()
	}()
	config := client.Transport.(*http.Transport).TLSClientConfig.Clone()
	config.ServerName = host
	return tls.Client(near, config).Handshake()
}
