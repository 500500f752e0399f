// Package devices talks to the measuring devices of the company.
package devices

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"time"
)

// ErrAuthority is given when the file of the authority holds no certificate.
var ErrAuthority = errors.New("no certificate in the file of the authority")

// Options say how devices are reached.
type Options struct {
	// Authority is the PEM text of who signs the certificates of devices.
	Authority []byte
	// Timeout of a request; ten seconds when it is not given.
	Timeout time.Duration
}

// NewClient makes a client for requests to devices.
func NewClient(options Options) (*http.Client, error) {
	config, err := tlsConfig(options)
	if err != nil {
		return nil, err
	}
	timeout := options.Timeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	transport := &http.Transport{TLSClientConfig: config, MaxIdleConnsPerHost: 2}
	return &http.Client{Transport: transport, Timeout: timeout}, nil
}

func tlsConfig(options Options) (*tls.Config, error) {
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(options.Authority) {
		return nil, ErrAuthority
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
	}, nil
}
