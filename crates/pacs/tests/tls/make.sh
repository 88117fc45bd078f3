#!/usr/bin/env bash
# Makes the certificates of the tests: an authority, a server for localhost, a client. They protect
# nothing.
set -euo pipefail
cd "$(dirname "$0")"
key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"; }
key authority.key
openssl req -x509 -new -key authority.key -days 36500 -subj "/CN=Test authority" -out authority.pem \
    -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign
for name in server client; do
    key $name.key
    openssl req -new -key $name.key -subj "/CN=Test $name" | openssl x509 -req -CA authority.pem -CAkey authority.key \
        -set_serial "0x$(openssl rand -hex 8)" -days 36500 -out $name.pem -extfile <(printf '%s\n' \
        "basicConstraints=critical,CA:false" "subjectAltName=DNS:localhost,IP:127.0.0.1" "extendedKeyUsage=${name}Auth")
done
rm authority.key
