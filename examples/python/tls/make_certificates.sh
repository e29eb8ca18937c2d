#!/bin/sh
# Makes an authority and certificates signed by it, for a server on this machine and for a client:
#   make_certificates.sh [FOLDER]      (default: certificates, beside this script)
set -eu
folder=${1:-$(dirname "$0")/certificates}
mkdir -p "$folder"
cd "$folder"

# sign NAME SUBJECT EXTENSION: NAME.key, and NAME.pem signed by the authority
sign() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2" 2>openssl.log
  printf '%s\n' "$3" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile "$1.ext" -out "$1.pem" 2>openssl.log
  rm "$1.csr" "$1.ext"
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -keyout ca.key -out ca.pem \
  -subj "/CN=authority of an example" 2>openssl.log
# Clients look for the name or address that they call among the alternative names.
sign server "/CN=server of an example" "subjectAltName=DNS:localhost,IP:127.0.0.1"
sign client "/CN=client of an example" "extendedKeyUsage=clientAuth"
rm -f openssl.log ca.srl
echo "certificates in $folder: ca.pem, server.pem, server.key, client.pem, client.key"
