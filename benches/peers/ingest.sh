#!/usr/bin/env bash
# How long radiographs take from a PACS into a gallery: copies of one file, each an instance of its
# own, sent by DCMTK's `dcmsend`. Says when all are acknowledged, and when all can be found.
#
#     benches/peers/ingest.sh target/release/skiagraph FILE.dcm [COUNT [ASSOCIATIONS]]
set -euo pipefail
skiagraph=$(realpath "$1") file=$(realpath "$2") count=${3:-300} associations=${4:-4}
model=$(realpath "$(dirname "$0")/../../models/skiagraph.safetensors")
folder=$(mktemp -d)
listening=
trap '[ -z "$listening" ] || kill "$listening" 2> /dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

for ((part = 0; part < associations; part++)); do mkdir "part$part"; done
for ((i = 0; i < count; i++)); do cp --no-preserve=mode "$file" "part$((i % associations))/$i.dcm"; done
for ((part = 0; part < associations; part++)); do dcmodify -q -nb -gin "part$part"/*.dcm; done

port=$((20000 + $$ % 10000))
"$skiagraph" listen --inbox inbox --gallery gallery --model "$model" --port $port 2> log > report &
listening=$!
until grep -qs listening log; do sleep 0.1; done

done_of() { "$skiagraph" inbox status inbox --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["done"])'; }
begin=$(date +%s.%N)
senders=()
for ((part = 0; part < associations; part++)); do
    dcmsend -q -aec SKIAGRAPH +sd 127.0.0.1 $port "part$part" &
    senders+=($!)
done
wait "${senders[@]}"
stored=$(date +%s.%N)
until [ "$(done_of)" = "$count" ]; do sleep 0.2; done
found=$(date +%s.%N)
python3 -c "
stored, found = $stored - $begin, $found - $begin
print(f'$count instances: acknowledged in {stored:.1f} s ({$count / stored:.0f}/s), searchable in {found:.1f} s ({$count / found:.0f}/s)')"
