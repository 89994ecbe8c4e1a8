#!/usr/bin/env bash
# Makes the certificates of the TLS test: an authority and a server's, valid for 100 years. The keys are for tests
# only; the authority's is thrown away.
#
# Usage: tests/fetch/certificates.sh     writes authority.der, server.der and server.key.der beside itself
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/authority.key" -days 36500 \
    -subj "/CN=gravure test authority" -addext "basicConstraints=critical,CA:TRUE" \
    -addext "keyUsage=critical,keyCertSign" -outform DER -out authority.der
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/server.key" -subj "/CN=photos.test" \
    -out "$work/server.csr"
printf 'subjectAltName=DNS:photos.test\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n' > "$work/extensions"
openssl x509 -req -in "$work/server.csr" -CA authority.der -CAform DER -CAkey "$work/authority.key" -days 36500 \
    -set_serial 2 -extfile "$work/extensions" -outform DER -out server.der
openssl pkcs8 -topk8 -nocrypt -in "$work/server.key" -outform DER -out server.key.der
